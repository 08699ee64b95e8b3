"""How alike the images of a set are: MS-SSIM of random pairs (Odena et al., arXiv:1610.09585, section 4.3)."""

from __future__ import annotations

from typing import Any

import numpy as np

from gan_jax.metrics.estimate import Estimate, Track, check_labels, over
from gan_jax.metrics.ms_ssim import check_scales, ms_ssim

_AT_ONCE = 1024  # pairs of images copied


def pairwise_ms_ssim(
    images: Any,
    pairs: int = 1000,
    seed: int = 0,
    scales: int | None = None,
    data_range: tuple[float, float] | None = None,
    track: Track = iter,
) -> Estimate:
    """The mean over random pairs of different images, and its standard deviation: images [n, H, W, C]; see `ms_ssim`.

    Lower is more diverse; real images set the mark. Pairs are drawn independently.

    Raises ValueError for fewer than 2 images, and as `ms_ssim`.
    """
    return over(_of_pairs(_images(images, 2), pairs, np.random.RandomState(seed), scales, data_range, track=track))


def within_class_ms_ssim(
    images: Any,
    labels: Any,
    pairs: int = 100,
    seed: int = 0,
    scales: int | None = None,
    data_range: tuple[float, float] | None = None,
    track: Track = iter,
) -> tuple[Estimate, dict[int, float]]:
    """AC-GAN's protocol: the mean over random pairs of different images of one class, class by class.

    images [n, H, W, C], labels [n]; see `ms_ssim`. -> the mean and standard deviation over classes, and {class: mean}.
    The pairs of a class depend on the seed, the class and its number of images alone.

    Raises ValueError for a class of 1 image, and as `ms_ssim`.
    """
    images = _images(images, 2)
    labels, means = check_labels(labels, len(images), "given"), {}
    for label in track(np.unique(labels).tolist()):
        of_class = np.flatnonzero(labels == label)
        if len(of_class) < 2:
            raise ValueError(f"Pairs within a class need at least 2 images of each; class {label} has 1.")
        rng = np.random.RandomState([seed, label % 2**32])
        means[label] = float(_of_pairs(images, pairs, rng, scales, data_range, of_class).mean())
    return over(list(means.values())), means


def _images(images: Any, at_least: int) -> np.ndarray:
    images = np.asarray(images)
    if images.ndim != 4:
        raise ValueError(f"This needs images [n, H, W, C]; got the shape {images.shape}.")
    if len(images) < at_least:
        raise ValueError(f"Pairs of different images need at least {at_least} images, and there are {len(images)}.")
    return images


def _of_pairs(images, pairs, rng, scales, data_range, among=None, track=iter) -> np.ndarray:
    """[pairs]. among: the indices of the images to draw from, all if None."""
    if pairs < 1:
        raise ValueError(f"A mean over pairs needs at least 1 pair, not {pairs}.")
    n = len(images) if among is None else len(among)
    one = rng.randint(n, size=pairs)
    other = (one + 1 + rng.randint(n - 1, size=pairs)) % n  # any but the first
    if among is not None:
        one, other = among[one], among[other]
    scales = check_scales(images.shape, scales)
    parts = [slice(i, i + _AT_ONCE) for i in range(0, pairs, _AT_ONCE)]
    return np.concatenate([ms_ssim(images[one[at]], images[other[at]], scales, data_range) for at in track(parts)])
