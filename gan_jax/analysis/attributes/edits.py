"""Images along a direction, and what it moves: an attribute wanted, and others that are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from gan_jax.analysis.attributes.samples import Scores
from gan_jax.analysis.directions import Direction, whole_vector
from gan_jax.game import Sampler
from gan_jax.nn.compiling import compiled
from gan_jax.types import Array

_AT_ONCE = 32


def images_along(
    sampler: Sampler,
    key: Array,
    indices: Any,
    direction: Direction,
    amounts: Sequence[float],
    by_distance: bool = False,
) -> np.ndarray:
    """Images [n, m, H, W, C]: elements `indices` [n] of key's sample, moved by each of the amounts [m].

    by_distance: to that distance from the plane through the origin that the direction is normal to, in units of the
    direction's length, instead of by it (Shen et al., arXiv:1907.10786). Codes that differ from layer to layer have no one
    distance, and are moved by the amount. Noise and label of an image stay.
    Raises ValueError where the direction does not fit the sampler.
    """
    vector = jnp.asarray(whole_vector(sampler, direction))
    to = float(by_distance and direction.vector.ndim == 1 and direction.layers is None)
    n, m = len(indices), len(amounts)
    each = np.repeat(np.asarray(indices, np.uint32), m)  # every image by every amount, a batch at a time: one program
    by = np.tile(np.asarray(amounts, np.float32), n)
    made = []
    for first in range(0, n * m, _AT_ONCE):
        part, amount = (x[first : first + _AT_ONCE] for x in (each, by))
        padded = (np.pad(x, (0, _AT_ONCE - len(x)), mode="edge") for x in (part, amount))
        made.append(np.asarray(_moved(sampler, key, *padded, vector, np.float32(to), direction.space))[: len(part)])
    images = np.concatenate(made)
    return images.reshape(n, m, *images.shape[1:])


def _move(
    sampler: Any, key: Array, indices: Array, amounts: Array, vector: Array, to_distance: Array, space: str
) -> Array:
    """to_distance: 1: amounts are distances from the plane; 0: steps."""
    starts = sampler.starts(key, indices)
    codes = starts if space == "z" else sampler.map(starts)
    x = codes[space]
    one, normal = (x, vector) if space == "z" else (x[:, 0], vector[0])
    length = jnp.maximum(jnp.sum(jnp.square(normal)), 1e-12)  # of a layer that is not moved it is 0
    steps = amounts - to_distance * (one @ normal) / length  # in units of the direction's length
    codes = {**codes, space: x + steps.reshape(-1, *(1,) * (x.ndim - 1)) * vector[None]}
    return sampler.synthesize(sampler.map(codes) if space == "z" else codes)[0]


_moved = compiled(_move, static_argnames="space")


class Effect(NamedTuple):
    """By attribute, over images: how far its score moves for an amount of 1, and the share of images that change sides.

    slopes: half of (score at +amount less score at -amount) over the amount, the mean. flips: whose score is on the other
    side of `zero` at +amount than at -amount.
    """

    slopes: dict[str, float]
    flips: dict[str, float]


def effect(
    sampler: Sampler,
    key: Array,
    indices: Any,
    direction: Direction,
    scores: Scores,
    amount: float = 1.0,
    zero: float = 0.0,
) -> Effect:
    """What a direction moves, of images `indices` [n] of key's sample. Raises ValueError for an amount of 0, and as above."""
    if not 0 < amount < np.inf:
        raise ValueError(f"an effect is measured by an amount above 0, not {amount}")
    images = images_along(sampler, key, indices, direction, (-amount, amount))
    back, forth = (scores(images[:, k]) for k in (0, 1))
    slopes = {name: float(np.mean(forth[name] - back[name]) / (2 * amount)) for name in forth}
    flips = {
        name: float(np.mean((np.asarray(forth[name]) > zero) != (np.asarray(back[name]) > zero))) for name in forth
    }
    return Effect(slopes, flips)


def leakage(slopes: Mapping[str, Mapping[str, float]], spread: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """How far other attributes go while an edit moves its own by one standard deviation of samples.

    slopes: by edit, by attribute, as `Effect` has them; spread: the standard deviation of each attribute's score. An edit
    that is no attribute's own, or does not move it, is left as it is: by an amount of 1. -> by edit, by attribute.
    """
    table = {}
    for edit, moved in slopes.items():
        scaled = {name: slope / spread[name] if spread[name] else float("nan") for name, slope in moved.items()}
        own = scaled.get(edit.partition("_holding_")[0])
        table[edit] = {name: value / own if own else value for name, value in scaled.items()}
    return table


def spread_of(scores: Mapping[str, np.ndarray]) -> dict[str, float]:
    """The standard deviation of each score over images."""
    return {name: float(np.std(each)) for name, each in scores.items()}
