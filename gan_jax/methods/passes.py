"""The forward passes of one update: every network and head by name, bound to the parameters being trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flax import linen

from gan_jax.nn.weights import ready_for_passes
from gan_jax.types import Array, Network, PyTree


def known_label(module: linen.Module, label: Array | None) -> Array | None:
    """The labels, for a network that knows classes: whose num_classes is not 0."""
    return label if getattr(module, "num_classes", 0) else None


class Passes:
    """Networks as functions (x, label) -> output in training mode; heads as functions of their own arguments.

    modules, networks: by name. params: of those being trained, by name. heads: the names that are heads.
    noise: a key that random layers draw from unless a call is handed another. growth: keyword arguments by network.
    Calls of `nets` move nothing. Calls of `moving(name, collections)` leave what moved in `moved[name]`.
    """

    def __init__(
        self,
        modules: Mapping[str, linen.Module],
        params: Mapping[str, PyTree],
        networks: Mapping[str, Network],
        heads: Mapping[str, Any],
        noise: Array,
        growth: Mapping[str, Mapping[str, Any]],
    ):
        whole = {name: {"params": params.get(name, net.params), **net.stats} for name, net in networks.items()}
        self._variables = {name: ready_for_passes(modules[name], each) for name, each in whole.items()}
        self._modules, self._noise, self._growth = modules, noise, growth
        self.nets: dict[str, Callable] = {
            name: self._head(name) if name in heads else self._network(name) for name in modules
        }
        self.moved: dict[str, PyTree] = {}

    def moving(self, name: str, collections: tuple[str, ...]) -> Callable:
        """The network; its call moves those of these collections that it has."""
        mutable = [each for each in collections if each in self._variables[name]]
        if not mutable:
            return self.nets[name]

        def call(*args: Any, **options: Any) -> Any:
            out, self.moved[name] = self.nets[name](*args, mutable=mutable, **options)
            return out

        return call

    def _network(self, name: str) -> Callable:
        module, variables, growth = self._modules[name], self._variables[name], self._growth.get(name, {})

        def call(x: Array, label: Array | None = None, noise: Array = self._noise, **options: Any) -> Any:
            label, rngs = known_label(module, label), {"noise": noise}
            return module.apply(variables, x, label, train=True, rngs=rngs, **growth, **options)

        return call

    def _head(self, name: str) -> Callable:
        return lambda *args: self._modules[name].apply(self._variables[name], *args)


def variables_of(network: Network) -> dict[str, PyTree]:
    """A network's variables as Flax takes them."""
    return {"params": network.params, **network.stats}
