"""What the metrics give and take: a number with its spread, and arrays that were looked at before they are trusted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

Track = Callable[[Sequence[Any]], Iterable[Any]]  # hands on a sequence's items, and may show how many are done


class Estimate(NamedTuple):
    """A number, and its standard deviation over subsets, splits, pairs or classes (None where it has none)."""

    value: float
    spread: float | None = None


def check_features(features: Any, what: str, at_least: int = 1, first: int = 0) -> np.ndarray:
    """The features of a set of images, as a numpy array: [n, F] -> [n, F], float64 kept, all else at least float32.

    what: the set's name in messages, such as "real". first: the index of the first row, where these are a batch.

    Raises ValueError where they are not [n, F], are fewer than `at_least`, or hold a NaN or an infinity.
    """
    features = np.asarray(features)
    if features.dtype not in (np.float32, np.float64):
        features = features.astype(np.float32 if features.dtype.itemsize <= 2 else np.float64)
    if features.ndim != 2 or not features.shape[1]:
        raise ValueError(f"The {what} features must be [n, F], a row for each image; got the shape {features.shape}.")
    if len(features) < at_least:
        raise ValueError(f"This needs at least {at_least:,} {what} images, and there are {len(features):,}.")
    bad = np.flatnonzero(~np.isfinite(features).all(1))
    if len(bad):
        raise ValueError(
            f"The {what} features hold NaN or infinity: in {len(bad):,} of {len(features):,} images, the first of them "
            f"image {first + bad[0]}. Look at that image and at the network that made its features."
        )
    return features


def check_same_width(real: np.ndarray, fake: np.ndarray) -> None:
    """Raises ValueError where two sets of features [., F] have different F."""
    if real.shape[-1] != fake.shape[-1]:
        raise ValueError(
            f"Both sets need features of one extractor, but the real ones have {real.shape[-1]:,} numbers an image, "
            f"and the fake ones {fake.shape[-1]:,}."
        )


def check_labels(labels: Any, n: int, what: str) -> np.ndarray:
    """The labels of n images, as a numpy array: integers [n]. Raises ValueError where they are not that."""
    labels = np.asarray(labels)
    if labels.shape != (n,) or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"The {what} labels must be {n:,} integers, one for each image; got {labels.dtype} {labels.shape}."
        )
    return labels


def over(values: Any) -> Estimate:
    """The mean of some numbers, and their standard deviation (divided by their count)."""
    values = np.asarray(values, np.float64)
    return Estimate(float(values.mean()), float(values.std()))
