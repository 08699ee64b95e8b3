"""Gradient accumulation: a batch too large for the devices' memory is computed in parts, one after the other."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from gan_jax.types import Array, PyTree, over_data


def in_parts(batch: PyTree, parts: int) -> PyTree:
    """Leaves [B, ...] -> [parts, B / parts, ...]. Part j has rows j, j + parts, j + 2 parts and so on.

    Each device holds consecutive rows of the batch, so by this order it has its share of each part, and sends no row to
    another. Raises ValueError where `parts` does not divide B.
    """

    def split(leaf: Array) -> Array:
        n = leaf.shape[0]
        if n % parts:
            raise ValueError(f"a batch of {n} cannot be accumulated in {parts} equal parts: choose numbers that divide")
        leaf = over_data(leaf.reshape(n // parts, parts, *leaf.shape[1:]))
        return jnp.moveaxis(leaf, 1, 0)

    return jax.tree.map(split, batch)


def mean_over_parts(function: Callable[[PyTree, Array], PyTree], batch: PyTree, key: Array, parts: int) -> PyTree:
    """The mean over the parts of a batch of what function(part, key) returns, leaf by leaf. Each part has its own key.

    Leaves of integers have no mean and are the last part's. The gradient of a mean over images comes out as the whole
    batch's. Every part moves BatchNorm's running statistics from the same old values; their mean is those values moved once,
    by the mean of the parts' moments. The same holds for moving averages that a loss or a regulariser keeps.
    """
    if parts == 1:
        return function(batch, key)

    def play(total: PyTree, turn: tuple) -> tuple[PyTree, None]:
        i, part = turn
        found = function(over_data(part), jax.random.fold_in(key, i))
        return jax.tree.map(lambda t, x: x if _is_integer(x) else t + x / parts, total, found), None

    pieces = in_parts(batch, parts)
    shapes = jax.eval_shape(function, jax.tree.map(lambda leaf: leaf[0], pieces), key)
    nothing = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
    total, _ = jax.lax.scan(play, nothing, (jnp.arange(parts), pieces))
    return total


def _is_integer(leaf: Array) -> bool:
    return not jnp.issubdtype(leaf.dtype, jnp.inexact)
