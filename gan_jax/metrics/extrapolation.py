"""The Frechet distance at infinitely many samples (Chong & Forsyth, arXiv:1911.07023)."""

from __future__ import annotations

from typing import Any

import numpy as np

from gan_jax.metrics.estimate import Estimate, Track, check_features
from gan_jax.metrics.frechet import Moments, distance_from_factor, factor


def frechet_at_infinity(
    real: Moments, fake_features: Any, points: int = 15, smallest: int = 5000, seed: int = 0, track: Track = iter
) -> tuple[Estimate, list[tuple[int, float]]]:
    """The distance's bias is about linear in 1 / n: where the line through distances at several n meets 1 / n = 0.

    fake_features [N, F]. The distance is taken at `points` sizes, evenly spaced from `smallest` to N, each of a random
    subset without repetition. -> the intercept, with its standard error in the fit as spread, and [(n, distance), ...].

    The subsets overlap, so the error is a lower bound. The bias bends where n is not well above F: choose `smallest`
    above it. What the real set's own size adds stays in the result.

    Raises ValueError for fewer than 3 points, for fewer fakes than leave that many sizes, and as `check_features`.
    """
    if points < 3 or smallest < 2:
        raise ValueError(f"The fit needs at least 3 points of at least 2 images, not {points} from {smallest} on.")
    fake = check_features(fake_features, "fake", smallest + points - 1)
    rng = np.random.RandomState(seed)
    real_factor = factor(real.covariance())
    seen = []
    for n in track(np.linspace(smallest, len(fake), points).astype(int).tolist()):
        subset = fake[rng.permutation(len(fake))[:n]]
        seen.append((n, distance_from_factor(real, real_factor, Moments.of(subset, "fake"))))
    return intercept([1 / n for n, _ in seen], [distance for _, distance in seen]), seen


def intercept(x: Any, y: Any) -> Estimate:
    """The value at x = 0 of the least-squares line through x, y [n], and its standard error. At least 3 points."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    squares = np.square(x - x.mean()).sum()
    slope = np.sum((x - x.mean()) * (y - y.mean())) / squares
    value = y.mean() - slope * x.mean()
    variance = np.square(y - value - slope * x).sum() / (len(x) - 2)
    return Estimate(float(value), float(np.sqrt(variance * (1 / len(x) + x.mean() ** 2 / squares))))
