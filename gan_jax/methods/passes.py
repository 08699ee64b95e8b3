"""The forward passes of one update: every network and head by name, bound to the parameters being trained."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from flax import linen

from gan_jax.nn.weights import ready_for_passes
from gan_jax.types import Array, Clock, Network, PyTree


def known_label(module: linen.Module, label: Array | None) -> Array | None:
    """The labels, for a network that knows classes: whose num_classes is not 0."""
    return label if getattr(module, "num_classes", 0) else None


class Passes:
    """Networks as functions (x, label) -> output in training mode; heads as functions of their own arguments.

    modules, networks: by name. params: of those being trained, by name. heads: the names that are heads.
    noise: a key that random layers draw from unless a call is handed another. growth: keyword arguments by network.
    clock: handed to the networks that take it.
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
        clock: Clock | None = None,
    ):
        whole = {name: {"params": params.get(name, net.params), **net.stats} for name, net in networks.items()}
        self._variables = {name: ready_for_passes(modules[name], each) for name, each in whole.items()}
        self._modules, self._noise = modules, noise
        self._told = {name: {**growth.get(name, {}), **_time(module, clock)} for name, module in modules.items()}
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
        module, variables, told = self._modules[name], self._variables[name], self._told[name]

        def call(x: Array, label: Array | None = None, noise: Array = self._noise, **options: Any) -> Any:
            label, rngs = known_label(module, label), {"noise": noise}
            return module.apply(variables, x, label, train=True, rngs=rngs, **told, **options)

        return call

    def _head(self, name: str) -> Callable:
        return lambda *args: self._modules[name].apply(self._variables[name], *args)


def _time(module: linen.Module, clock: Clock | None) -> dict[str, Clock]:
    takes_it = "clock" in inspect.signature(type(module).__call__).parameters
    return {"clock": clock} if takes_it and clock is not None else {}


def variables_of(network: Network) -> dict[str, PyTree]:
    """A network's variables as Flax takes them."""
    return {"params": network.params, **network.stats}
