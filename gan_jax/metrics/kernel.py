"""The kernel distance (Binkowski et al., arXiv:1801.01401): KID, if the features are Inception's."""

from __future__ import annotations

from typing import Any

import numpy as np

from gan_jax.metrics.estimate import Estimate, Track, check_features, check_same_width, over


def squared_mmd(x: np.ndarray, y: np.ndarray, degree: int = 3, gamma: float | None = None, coef0: float = 1) -> float:
    """The unbiased squared maximum mean discrepancy under the kernel (gamma x.y + coef0)^degree: x [m, F], y [n, F].

    In float64. gamma: 1 / F if None. Can be negative.
    """
    x, y = x.astype(np.float64), y.astype(np.float64)
    gamma = 1 / x.shape[1] if gamma is None else gamma
    kernel = lambda a, b: (gamma * (a @ b.T) + coef0) ** degree
    within = lambda k: (k.sum() - np.trace(k)) / (len(k) * (len(k) - 1))  # the mean without the diagonal
    return float(within(kernel(x, x)) + within(kernel(y, y)) - 2 * kernel(x, y).mean())


def kernel_distance(
    real: Any,
    fake: Any,
    subsets: int = 100,
    subset_size: int = 1000,
    seed: int = 0,
    degree: int = 3,
    gamma: float | None = None,
    coef0: float = 1,
    track: Track = iter,
) -> Estimate:
    """The mean over random subsets of the squared MMD, and its standard deviation: real [n, F], fake [m, F].

    Each subset takes `subset_size` images of either set, none of them twice. The estimate is unbiased whatever the
    size, so it can be slightly negative. The draws of a seed are those of torch-fidelity, given the real images first.
    Memory: a few times subset_size^2 and subset_size x F numbers of 8 bytes. track: shows the subsets done.

    Raises ValueError for fewer images than a subset, subsets of fewer than 2, and as `check_features`.
    """
    if subset_size < 2 or subsets < 1:
        raise ValueError(f"This needs at least 1 subset of at least 2 images, not {subsets} of {subset_size}.")
    real, fake = check_features(real, "real"), check_features(fake, "fake")
    check_same_width(real, fake)
    for what, features in (("real", real), ("fake", fake)):
        if len(features) < subset_size:
            room = f" or take subsets of at most {len(features):,}" if len(features) > 1 else ""
            raise ValueError(
                f"Subsets of {subset_size:,} images need as many {what} ones, and there are {len(features):,}. "
                f"Add images{room}."
            )
    rng = np.random.RandomState(seed)  # its streams are frozen: a score of today can be repeated by any later numpy
    draw = lambda features: features[rng.choice(len(features), subset_size, replace=False)]
    return over([squared_mmd(draw(real), draw(fake), degree, gamma, coef0) for _ in track(range(subsets))])
