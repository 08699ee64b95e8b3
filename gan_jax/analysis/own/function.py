"""How a function of one's own is called: traced by JAX, or from inside a program as it is, in NumPy or PyTorch."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.analysis.own.layers import Layers
from gan_jax.game import Edit
from gan_jax.types import Array, PyTree


@dataclasses.dataclass(frozen=True, eq=False)  # one object is itself alone: a static part of a program
class OwnFunction:
    """function([weights,] x[, layer]) -> an array, of arrays.

    name: what errors call it. weighted: whether weights come first. layered: whether it takes `layer`.
    traced: whether JAX sees through it; otherwise it is called with NumPy arrays, and has no gradient.
    """

    function: Callable[..., Any]
    name: str
    weighted: bool
    layered: bool
    traced: bool

    def __call__(
        self,
        weights: PyTree,
        x: Array,
        shape: tuple[int, ...],
        layers: Mapping[str, tuple[int, ...]],
        edits: Any = None,
    ) -> tuple[Array, dict[str, Array]]:
        """Its result float32 [n, *shape], and the activations of its layers, [n, *shape] each, by name."""
        if self.traced:
            out, seen = _call(self, weights, x, Layers(edits))
            return jnp.asarray(out, jnp.float32), {name: seen[name] for name in layers}
        of = lambda shape: jax.ShapeDtypeStruct((len(x), *shape), jnp.float32)
        results = of(shape), {name: of(each) for name, each in layers.items()}
        call = functools.partial(self._outside, tuple(layers))
        drawn = lambda *arrays: jax.pure_callback(call, results, *arrays, vmap_method="sequential")
        return self._without_gradient(drawn)(weights, x, edits or {})

    def outside(self, weights: PyTree, x: Any, edits: Mapping[str, Edit] | None = None) -> tuple[np.ndarray, dict]:
        """The same without JAX: called as it is, with what the user wrote it for."""
        layers = Layers(edits, in_numpy=not self.traced)
        out, seen = _call(
            self, weights, np.array(x, np.float32), layers
        )  # a copy: PyTorch warns of what cannot be written
        return _as_array(out, self.name), {name: _as_array(each, name) for name, each in seen.items()}

    def _without_gradient(self, drawn: Callable[..., Any]) -> Callable[..., Any]:
        """The same, but for the words with which a gradient is refused."""

        def refuse(primals: Any, tangents: Any) -> Any:
            raise ValueError(
                f"{self.name} is a function of NumPy or PyTorch, which JAX calls as it is: its images have no gradient"
            )

        drawn = jax.custom_jvp(drawn)
        drawn.defjvp(refuse)
        return drawn

    def _outside(self, asked: tuple[str, ...], *arrays: Any) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """`outside`, as JAX calls it: with arrays that are its own."""
        out, seen = self.outside(*jax.tree.map(np.asarray, arrays))
        return out, {name: seen[name] for name in asked}


def own_function(
    function: Callable[..., Any], name: str, weights: PyTree, x: Array, named: bool = False
) -> OwnFunction:
    """The function, tried on x [n, ...]: first by tracing, then with NumPy arrays.

    named: whether it may take an argument `layer`. Raises ValueError, with its own error, where it cannot be called.
    """
    if not callable(function):
        raise ValueError(f"{name} is a function of arrays, not {type(function).__name__}")
    layered = named and _takes_layer(function)
    made = OwnFunction(function, name, weights is not None, layered, traced=True)
    try:
        jax.eval_shape(lambda weights, x: _call(made, weights, x, Layers()), weights, x)
        return made
    except Exception as of_tracing:  # whatever NumPy and PyTorch say of a tracer
        made = dataclasses.replace(made, traced=False)
        try:
            made.outside(weights, x)
        except Exception as error:
            gives = f"{type(error).__name__}: {error}"
            raise ValueError(
                f"{name} was called with a NumPy array {list(np.shape(x))} and failed: {gives}"
                f" (and by JAX: {type(of_tracing).__name__})"
            ) from error
        return made


def _takes_layer(function: Callable[..., Any]) -> bool:
    try:
        return "layer" in inspect.signature(function).parameters
    except (TypeError, ValueError):  # of C
        return False


def _call(made: OwnFunction, weights: PyTree, x: Any, layers: Layers) -> tuple[Any, dict[str, Any]]:
    before = (weights,) if made.weighted else ()
    out = made.function(*before, x, **({"layer": layers} if made.layered else {}))
    return out, layers.seen


def _as_array(out: Any, name: str) -> np.ndarray:
    try:
        array = np.asarray(out, np.float32)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(
            f"{name} must return an array of numbers, and returned {type(out).__name__}: {error}"
        ) from error
    return array
