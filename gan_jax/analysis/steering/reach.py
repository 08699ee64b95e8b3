"""How far a walk goes, measured in its images, and what else it moves."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from gan_jax.analysis.steering.factors import Saliency, changes, factors_of, unlike_the_border
from gan_jax.analysis.steering.transformations import Transformation
from gan_jax.analysis.steering.walk import Ground, Walk, reuse
from gan_jax.game import Sampler
from gan_jax.nn.compiling import compiled
from gan_jax.types import Array

AMOUNTS = tuple(np.round(np.linspace(-0.5, 0.5, 11), 6).tolist())
_STALLS = 0.5  # of the slope at the middle


@dataclasses.dataclass(frozen=True)
class Reach:
    """N images at A amounts. Changes are from the image where the walk begins.

    slope, correlation: of the measured change of the transformation's own factor on the wanted amount, over all images and
    amounts; 1 and 1 of a perfect walk whose measure never saturates. ceiling: the slope of the transformation itself.
    holds: from where to where the median still grows at half the pace of the middle or more.
    spread: by factor, its standard deviation over the images at the beginning. others: by factor, the slope of its change,
    in such deviations per amount of 1.
    """

    transformation: str
    factor: str
    amounts: np.ndarray  # [A]
    images: np.ndarray  # [N, A, H, W, C]
    wanted: np.ndarray  # the same, by the transformation itself
    changed: Mapping[str, np.ndarray]  # [N, A]
    would: Mapping[str, np.ndarray]  # of `wanted`
    spread: Mapping[str, float]

    @property
    def slope(self) -> float:
        return slope_of(self.amounts, self.changed[self.factor])[0]

    @property
    def correlation(self) -> float:
        return slope_of(self.amounts, self.changed[self.factor])[1]

    @property
    def ceiling(self) -> float:
        return slope_of(self.amounts, self.would[self.factor])[0]

    @property
    def discarded(self) -> float:
        """The share of pictures in which the factor cannot be measured."""
        return float(np.mean(~np.isfinite(self.changed[self.factor])))

    @property
    def holds(self) -> tuple[float, float]:
        return growing(self.amounts, quartiles(self.changed[self.factor])[1])

    @property
    def others(self) -> dict[str, float]:
        return {
            name: slope_of(self.amounts, change)[0] / max(self.spread[name], 1e-12)
            for name, change in self.changed.items()
            if name != self.factor and name in self.spread
        }


def reach(
    sampler: Sampler,
    ground: Ground,
    walk: Walk,
    transformation: Transformation,
    key: Array,
    indices: Array,
    amounts: Sequence[float] | np.ndarray = AMOUNTS,
    saliency: Saliency = unlike_the_border,
    more: Callable[[np.ndarray], Mapping[str, np.ndarray]] | None = None,
) -> Reach:
    """Walks from the elements `indices` [N] of the sample that `key` stands for, and measures.

    more: further factors, such as a classifier's scores: images [n, H, W, C] -> {name: [n]}.
    Raises ValueError for fewer than 2 images, and for amounts that do not rise from below 0 to above it.
    """
    amounts = np.asarray(amounts, np.float32)
    if len(indices) < 2 or len(amounts) < 3 or (np.diff(amounts) <= 0).any() or not amounts[0] < 0 < amounts[-1]:
        raise ValueError(
            f"a walk is measured on 2 images or more, at 3 amounts that rise from below 0 to above; got {len(indices)} "
            f"images and {amounts.tolist()}"
        )

    def one(sampler: Any, walk: Walk, index: Array, amounts: Array) -> tuple[Array, Array, Array]:
        codes = sampler.map(sampler.starts(key, index))
        again = {name: jnp.repeat(leaf, len(amounts), 0) for name, leaf in codes.items()}
        start = sampler.synthesize(codes)[0]
        walked = ground.images(sampler, again, walk.offsets(ground.points(again), amounts))
        return start[0], walked, transformation.apply(jnp.repeat(start, len(amounts), 0), amounts)[0]

    one = compiled(one)
    with reuse():
        found = [one(sampler, walk, jnp.asarray([i], jnp.uint32), jnp.asarray(amounts)) for i in np.asarray(indices)]
    start, walked, wanted = (np.stack([np.asarray(each[k]) for each in found]) for k in range(3))
    changed, would = changes(walked, start, saliency), changes(wanted, start, saliency)
    before = dict(factors_of(start, saliency))
    if more is not None:
        flat = walked.reshape(-1, *walked.shape[2:])
        extra = more(start)
        changed |= {k: v.reshape(walked.shape[:2]) - extra[k][:, None] for k, v in more(flat).items()}
        before |= extra
    spread = {name: float(np.nanstd(value)) for name, value in before.items()}
    return Reach(transformation.name, transformation.factor, amounts, walked, wanted, changed, would, spread)


def slope_of(amounts: np.ndarray, change: np.ndarray) -> tuple[float, float]:
    """(Slope of least squares, Pearson's correlation) of changes [N, A] on amounts [A], over what is finite.

    NaN where fewer than two are finite; of changes that are all alike the slope is 0 and so is the correlation.
    """
    x, y = np.broadcast_to(np.asarray(amounts, np.float64), change.shape), np.asarray(change, np.float64)
    known = np.isfinite(y)
    if known.sum() < 2:
        return float("nan"), float("nan")
    x, y = x[known] - x[known].mean(), y[known] - y[known].mean()
    slope, both = (x @ y) / max(x @ x, 1e-300), np.sqrt((x @ x) * (y @ y))
    return float(slope), float(x @ y / both) if both > 1e-12 else 0.0


def growing(amounts: np.ndarray, medians: np.ndarray) -> tuple[float, float]:
    """The amounts between which medians [A] grow from one to the next at half the pace of the middle or more.

    The middle: the steps on either side of the amount nearest to 0, in the direction in which they change there.
    (0, 0) where they do not change there.
    """
    pace = np.diff(medians) / np.diff(amounts)
    zero = int(np.abs(amounts).argmin())
    near = pace[max(zero - 1, 0) : zero + 1]
    middle = float(np.mean(near))
    if not np.isfinite(middle) or abs(middle) < 1e-9:
        return 0.0, 0.0
    fine = pace / middle >= _STALLS
    first, last = zero, zero
    while first > 0 and fine[first - 1]:
        first -= 1
    while last < len(pace) and fine[last]:
        last += 1
    return float(amounts[first]), float(amounts[last])


def quartiles(values: np.ndarray) -> np.ndarray:
    """[N, A] -> [3, A], over what is finite; NaN where nothing is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # all NaN
        return np.nanquantile(values, [0.25, 0.5, 0.75], axis=0)
