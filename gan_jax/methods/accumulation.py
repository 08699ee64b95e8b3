"""Gradient accumulation: a batch larger than the devices' memory, in parts, one after the other."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from gan_jax.types import Array, PyTree, over_data


def in_parts(batch: PyTree, parts: int) -> PyTree:
    """Leaves [B, ...] -> [parts, B / parts, ...]; part j has rows j, j + parts, ...: every device keeps its own rows.

    Raises ValueError where `parts` does not divide B.
    """

    def split(leaf: Array) -> Array:
        n = leaf.shape[0]
        if n % parts:
            raise ValueError(f"a batch of {n} cannot be accumulated in {parts} equal parts: choose numbers that divide")
        leaf = over_data(leaf.reshape(n // parts, parts, *leaf.shape[1:]))
        return jnp.moveaxis(leaf, 1, 0)

    return jax.tree.map(split, batch)


def mean_over_parts(function: Callable[[PyTree, Array], PyTree], batch: PyTree, key: Array, parts: int) -> PyTree:
    """The mean of function(part, key of the part) over the parts of a batch, leaf by leaf; integers are the last part's.

    Gradients of means over images come out as those of the whole batch. Batch statistics that start from the same old
    ones come out as moved once, by the mean of the parts' moments; so do averages that a loss or a regulariser keeps.
    """
    if parts == 1:
        return function(batch, key)

    def play(total: PyTree, turn: tuple) -> tuple[PyTree, None]:
        i, part = turn
        found = function(over_data(part), jax.random.fold_in(key, i))
        return jax.tree.map(lambda t, x: x if _counts(x) else t + x / parts, total, found), None

    pieces = in_parts(batch, parts)
    shapes = jax.eval_shape(function, jax.tree.map(lambda leaf: leaf[0], pieces), key)
    nothing = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
    total, _ = jax.lax.scan(play, nothing, (jnp.arange(parts), pieces))
    return total


def _counts(leaf: Array) -> bool:
    return not jnp.issubdtype(leaf.dtype, jnp.inexact)
