"""A walk through latents: where each point goes for a wanted amount of a transformation."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from gan_jax.analysis.mixtures import layers_of
from gan_jax.analysis.walks import places
from gan_jax.game import Sampler
from gan_jax.types import Array, Batch

_FAR = 100.0  # standard deviations: beyond the last knot g goes on straight


class Linear(struct.PyTreeNode):
    """p + amount x vector: an amount of 1 is one vector. vector [D]."""

    vector: Array

    def offsets(self, points: Array, amounts: Array) -> Array:
        """How far each of points [n, D] goes for amounts [n]. -> [n, D]."""
        return amounts.reshape(-1, 1) * self.vector[None] + 0 * points


class Monotone(struct.PyTreeNode):
    """Along the unit vector u [D] to where g(<u, p>) has grown by the amount; g rises, straight from knot to knot.

    knots, values [K]: of g, both rising. Beyond the ends g goes on as between the last two.
    """

    vector: Array
    knots: Array
    values: Array

    def offsets(self, points: Array, amounts: Array) -> Array:
        """How far each of points [n, D] goes for amounts [n]. -> [n, D]."""
        here = points @ self.vector  # [n]
        wanted = self.amount(here) + amounts
        return (self.place(wanted) - here).reshape(-1, 1) * self.vector[None]

    def amount(self, places: Array) -> Array:
        """g."""
        return jnp.interp(places, *self._extended())

    def place(self, amounts: Array) -> Array:
        """The inverse of g."""
        return jnp.interp(amounts, *reversed(self._extended()))

    def _extended(self) -> tuple[Array, Array]:
        knots, values = jnp.asarray(self.knots), jnp.asarray(self.values)
        slopes = jnp.diff(values) / jnp.diff(knots)
        far = _FAR * (knots[-1] - knots[0])
        return (
            jnp.concatenate([knots[:1] - far, knots, knots[-1:] + far]),
            jnp.concatenate([values[:1] - far * slopes[:1], values, values[-1:] + far * slopes[-1:]]),
        )


Walk = Linear | Monotone


class Ground(struct.PyTreeNode):
    """The space in which a generator is walked: "z", or "w", all its layers or those from first to after - 1."""

    space: str = struct.field(pytree_node=False)
    layers: tuple[int, int] | None = struct.field(pytree_node=False, default=None)

    def points(self, codes: Batch) -> Array:
        """[n, D], of codes; of w that differs by layer, that of the first layer that is walked."""
        return codes["z"] if self.space == "z" else codes["w"][:, self.layers[0] if self.layers else 0]

    def moved(self, sampler: Sampler, codes: Batch, offsets: Array) -> Batch:
        """The codes after offsets [n, D]."""
        if self.space == "z":
            return sampler.map({**{k: v for k, v in codes.items() if k != "w"}, "z": codes["z"] + offsets})
        layer = jnp.arange(codes["w"].shape[1])
        first, after = self.layers or (0, len(layer))
        walked = ((layer >= first) & (layer < after)).astype(codes["w"].dtype).reshape(1, -1, 1)
        return {**codes, "w": codes["w"] + walked * offsets[:, None]}

    def images(self, sampler: Sampler, codes: Batch, offsets: Array) -> Array:
        """[n, H, W, C] after offsets [n, D]."""
        return sampler.synthesize(self.moved(sampler, codes, offsets))[0]


def ground(sampler: Sampler, key: Array, space: str | None = None, layers: str | None = None) -> Ground:
    """Where to walk. space: None: w where there is one, else z. layers: as `mixtures.layers_of` reads them.

    Raises ValueError for a space or layers that the generator does not have, for one that starts from images, and for one
    that cannot be differentiated.
    """
    space, codes = places(sampler, key, jnp.arange(1, dtype=jnp.uint32), space)
    if layers is not None and space == "z":
        raise ValueError("layers are of codes w, and this walk is in z: leave them out")
    chosen = Ground(space, None if layers is None else layers_of(layers, codes["w"].shape[1]))
    require_gradients(sampler, chosen, codes)
    return chosen


def require_gradients(sampler: Sampler, ground: Ground, codes: Batch) -> None:
    """Raises ValueError where the images of a sampler have no derivative by its latents, as those of a NumPy function."""

    def total(sampler: Any, codes: Batch, offsets: Array) -> Array:
        return jnp.sum(ground.images(sampler, codes, offsets))

    try:
        with reuse():
            jax.eval_shape(jax.grad(total, argnums=2), sampler, codes, jnp.zeros_like(ground.points(codes)))
    except Exception as error:
        raise ValueError(
            "steering follows the gradient of images by latents, and this generator has none"
            f" ({type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}): write it in JAX, or take a tool"
            " that only draws, such as interpolation or neighbours"
        ) from error


def taken(codes: Batch, at: Any) -> Batch:
    """The codes of some elements. at: a slice, or indices."""
    return {name: leaf[at if isinstance(at, slice) else np.asarray(at)] for name, leaf in codes.items()}


def reuse() -> Any:
    """An image and its changed copy have the same noise: its keys are meant to be used again."""
    return jax.debug_key_reuse(False)
