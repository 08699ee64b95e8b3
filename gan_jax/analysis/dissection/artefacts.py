"""Units that spoil images: found by the images that someone marks, or that a rule finds odd."""

from __future__ import annotations

import numpy as np

from gan_jax import ranges

LARGEST_SHARE = 0.1


def unit_oddness(peaks: np.ndarray, odd: np.ndarray, share: float = LARGEST_SHARE) -> np.ndarray:
    """[C]: how much odder than all are the images in which each unit is largest, in standard errors.

    peaks: [n, C], each unit's largest activation in each image. odd: [n], how odd each image is: 1 for a marked one and 0 for
    the others, or any number of a rule. share: the part of the images, those with the largest peaks, that stand for a unit.
    A unit that is the same in all images has 0. Raises ValueError where all images are equally odd.
    After appendix E of arXiv:1811.10597, which ranks units by the Frechet distance of the images they are largest in.
    """
    ranges.within("the share of images that stand for a unit", share, 1e-6, 0.5)
    odd = np.asarray(odd, np.float64)
    if odd.shape != (len(peaks),):
        raise ValueError(f"there is one oddness for each of the {len(peaks)} images, got {list(odd.shape)}")
    if not np.isfinite(odd).all() or np.ptp(odd) == 0:
        raise ValueError("all images are equally odd, or not a number: mark some, and not all, of them")
    count = max(1, round(share * len(peaks)))
    largest = np.argsort(-peaks, 0, kind="stable")[:count]  # [count, C]
    z = (odd[largest].mean(0) - odd.mean()) / (odd.std() / np.sqrt(count))
    return np.where(np.ptp(peaks, 0) > 0, z, 0.0)


def marks(indices: list[int], count: int) -> np.ndarray:
    """float [count]: 1 for the marked images. Raises ValueError for an image that there is not."""
    if wrong := [index for index in indices if not 0 <= index < count]:
        raise ValueError(f"the sample has images 0 to {count - 1}; marked are {', '.join(map(str, wrong[:5]))}")
    odd = np.zeros(count)
    odd[indices] = 1
    return odd


def distance_to_nearest(images: np.ndarray, real: np.ndarray) -> np.ndarray:
    """[n]: the root mean squared difference of each image [n, H, W, C] to the nearest real one [m, H, W, C].

    A rule of oddness that needs no network; smooth images are near to many, so it finds the odd, not the dull.
    """
    a, b = images.reshape(len(images), -1).astype(np.float64), real.reshape(len(real), -1).astype(np.float64)
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"images of {list(images.shape[1:])} cannot be near to real ones of {list(real.shape[1:])}")
    squared = np.stack([(np.square(b).sum(1) - 2 * b @ x + x @ x).min() for x in a])
    return np.sqrt(np.maximum(squared, 0) / a.shape[1])
