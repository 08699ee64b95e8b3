"""Sets of images as scores see them: 8-bit pixels by index, whoever made or stores them."""

from __future__ import annotations

import hashlib
from typing import Protocol

import numpy as np


class ImageSet(Protocol):
    """Some images of one size. What is scored, or what it is compared with."""

    name: str  # as records tell it: the data set and how its images were made to fit
    split: str | None
    shape: tuple[int, int, int]  # (H, W, C) of every image
    classes: tuple[str, ...]  # empty where there are no labels

    def __len__(self) -> int: ...

    def images(self, indices: np.ndarray) -> np.ndarray: ...  # uint8 [n, H, W, C]

    def labels(self) -> np.ndarray | None: ...  # int32 [N]


class ArraySet:
    """Images in memory. images: uint8 [N, H, W, C]; labels: integers [N], or None."""

    def __init__(self, images: np.ndarray, labels: np.ndarray | None = None, name: str = "arrays", classes=None):
        if images.dtype != np.uint8 or images.ndim != 4 or not len(images):
            raise ValueError(
                f"a set of images is uint8 [N, H, W, C] with N at least 1, not {images.dtype} {images.shape}"
            )
        self.name, self.split = name, None
        self.shape = images.shape[1:]
        self._images = images
        self._labels = None if labels is None else np.asarray(labels, np.int32)
        known = [] if labels is None else [str(i) for i in range(int(self._labels.max()) + 1)]
        self.classes = tuple(known if classes is None else classes)

    def __len__(self) -> int:
        return len(self._images)

    def images(self, indices: np.ndarray) -> np.ndarray:
        return self._images[np.asarray(indices)]

    def labels(self) -> np.ndarray | None:
        return self._labels


def fingerprint(images: ImageSet, looked_at: int = 256) -> str:
    """SHA-256, shortened, over the number of images and the pixels of some, spread evenly over the set."""
    total = hashlib.sha256(repr((len(images), images.shape)).encode())
    chosen = np.unique(np.linspace(0, len(images) - 1, min(looked_at, len(images))).round().astype(np.int64))
    total.update(np.ascontiguousarray(images.images(chosen)).tobytes())
    return total.hexdigest()[:24]
