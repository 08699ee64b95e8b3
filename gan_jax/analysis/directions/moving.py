"""Drawing along directions: a sampler whose latents or codes are moved."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from gan_jax.analysis.directions.direction import Direction, generator_hash
from gan_jax.game import Sampler
from gan_jax.types import Array, Batch


class Moved(struct.PyTreeNode):
    """A sampler with directions: starts' z + amounts @ vectors of z, and codes' w + amounts @ vectors of w.

    of_z, of_w: which of the amounts [k] are in z, and which in w. z: [., Z], w: [., layers, W], their vectors.
    Amounts are an array: `at` gives other ones to the same program. Everything else is the sampler's own.
    """

    sampler: Any
    z: Array
    w: Array
    amounts: Array
    of_z: tuple[int, ...] = struct.field(pytree_node=False)
    of_w: tuple[int, ...] = struct.field(pytree_node=False)

    def at(self, amounts: Any) -> Moved:
        """The same directions by other amounts [k], in the order in which they were given."""
        amounts = jnp.asarray(amounts, jnp.float32)
        if amounts.shape != self.amounts.shape:
            raise ValueError(f"there are {len(self.amounts)} directions, and amounts {list(amounts.shape)}")
        return self.replace(amounts=amounts)

    def starts(self, key: Array, indices: Array, given: Batch | None = None) -> Batch:
        """The sampler's, of which z is moved."""
        starts = self.sampler.starts(key, indices, given)
        return starts | {"z": _moved(starts["z"], self.z, self.amounts, self.of_z)} if self.of_z else starts

    def map(self, starts: Batch) -> Batch:
        """The sampler's codes, of which w, truncated already, is moved. z is moved in `starts`, once."""
        codes = self.sampler.map(starts)
        return {**codes, "w": _moved(codes["w"], self.w, self.amounts, self.of_w)} if self.of_w else codes

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.sampler, name)


def _moved(x: Array, vectors: Array, amounts: Array, which: tuple[int, ...]) -> Array:
    """x [n, *] + sum over k of amounts[k] * vectors[k] [*]. A product with an amount of 0 leaves x as it is, to the bit."""
    steps = amounts[np.asarray(which)].reshape(-1, *(1,) * (vectors.ndim - 1))
    return x + jnp.sum(steps * vectors, 0).astype(x.dtype)[None]


def with_directions(sampler: Sampler, directions: Sequence[tuple[Direction, float]]) -> Sampler:
    """The same, moved by (direction, amount); several are added up. None: the sampler as it is.

    It comes last but for the label: codes w are truncated before they are moved, so that an amount is what it says at
    every truncation; latents drawn within a threshold may be moved beyond it. Label and noise stay.
    Raises ValueError for a direction of another generator, or in a space or of layers that this one has not.
    """
    if not directions:
        return sampler
    spaces = _spaces(sampler)
    known = generator_hash(sampler)
    for direction, amount in directions:
        _check_fit(direction, spaces, known)
        if not math.isfinite(amount):
            raise ValueError(f"an amount is a number, and {direction.name} has {amount}")
    of = {space: [k for k, (each, _) in enumerate(directions) if each.space == space] for space in ("z", "w")}
    vectors = {space: [_vector(directions[k][0], spaces[space]) for k in which] for space, which in of.items()}
    stacked = {space: jnp.asarray(np.stack(each) if each else np.zeros((0, 1))) for space, each in vectors.items()}
    amounts = jnp.asarray([amount for _, amount in directions], jnp.float32)
    return Moved(sampler, stacked["z"], stacked["w"], amounts, tuple(of["z"]), tuple(of["w"]))


def check_direction(sampler: Sampler, direction: Direction) -> None:
    """Raises ValueError where a direction is another generator's, or in a space or of layers that this one has not."""
    _check_fit(direction, _spaces(sampler), generator_hash(sampler))


def whole_vector(sampler: Sampler, direction: Direction) -> np.ndarray:
    """What an amount of 1 adds, in the whole shape of its space: [Z], or [layers, W] with 0 in layers that are not moved.

    Raises ValueError as `check_direction`.
    """
    spaces = _spaces(sampler)
    _check_fit(direction, spaces, generator_hash(sampler))
    return _vector(direction, spaces[direction.space])


def _spaces(sampler: Sampler) -> dict[str, tuple[int, ...]]:
    """{"z": (Z,)} and, where there is a mapping network, {"w": (layers, W)}."""
    if sampler.given:
        raise ValueError(f"directions are of generators of latents; this one starts from {' and '.join(sampler.given)}")
    codes = jax.eval_shape(lambda: sampler.map(sampler.starts(jax.random.key(0), jnp.zeros(1, jnp.uint32))))
    return {space: codes[space].shape[1:] for space in ("z", "w") if space in codes}


def _check_fit(direction: Direction, spaces: dict[str, tuple[int, ...]], known: str) -> None:
    name, space, shape = direction.name, direction.space, direction.vector.shape
    if direction.generator != known:
        raise ValueError(
            f"the direction {name} was found in another generator (weights {direction.generator[:12]}, and this one's are "
            f"{known[:12]}): find it anew here, or take the model and the round that it is of"
        )
    if space not in spaces:
        raise ValueError(f"the direction {name} is in {space}, and this generator has {' and '.join(spaces)} alone")
    has = spaces[space]
    if shape not in (has, has[-1:]):
        raise ValueError(f"the direction {name} is {list(shape)}, and {space} of this generator {list(has)}")
    if direction.layers is not None and direction.layers[1] > has[0]:
        first, after = direction.layers
        raise ValueError(f"the direction {name} is of layers {first} to {after - 1}; there are 0 to {has[0] - 1}")


def _vector(direction: Direction, shape: tuple[int, ...]) -> np.ndarray:
    """In the space's whole shape, 0 in layers that are not moved."""
    whole = np.broadcast_to(direction.vector, shape)
    if direction.layers is None:
        return whole
    layer = np.arange(shape[0])
    return whole * ((direction.layers[0] <= layer) & (layer < direction.layers[1])).reshape(-1, 1)
