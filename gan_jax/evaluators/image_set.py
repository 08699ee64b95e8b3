"""Sets of images as scores see them: 8-bit pixels by index, whoever made or stores them."""

from __future__ import annotations

import hashlib
from typing import Protocol

import jax
import numpy as np
from jax.experimental import multihost_utils

from gan_jax.metrics.estimate import Track

_AT_ONCE = 256  # images in a part of the fingerprint: another number gives other fingerprints


class ImageSet(Protocol):
    """Some images of one size. What is scored, or what it is compared with."""

    name: str  # as records tell it: the data set and how its images were made to fit; two sets may have one name
    split: str | None
    shape: tuple[int, int, int]  # (H, W, C) of every image
    classes: tuple[str, ...]  # empty where there are no labels

    def __len__(self) -> int: ...

    def images(self, indices: np.ndarray) -> np.ndarray: ...  # uint8 [n, H, W, C]

    def labels(self) -> np.ndarray | None: ...  # int32 [N], -1 where unlabelled


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


def read_images(images: ImageSet, indices: np.ndarray, track: Track) -> np.ndarray:
    """uint8 [n, H, W, C] of the images at these indices, some at a time."""
    parts = np.split(indices, range(_AT_ONCE, len(indices), _AT_ONCE))
    found = np.empty((len(indices), *images.shape), np.uint8)
    for i, part in enumerate(track(parts)):
        found[i * _AT_ONCE : i * _AT_ONCE + len(part)] = images.images(part)
    return found


def fingerprint(images: ImageSet, indices: np.ndarray | None = None, track: Track = iter) -> str:
    """SHA-256, shortened, over the number of images, their shape, and every pixel of those at `indices`; None: of all.

    It reads them once: what is decoded from disk costs as much as a pass over it for features, without the network. Of
    several processes each reads its part: all of them must call it.
    """
    indices = np.arange(len(images)) if indices is None else indices
    count, turn, turns = -(-len(indices) // _AT_ONCE), jax.process_index(), jax.process_count()
    parts = np.zeros((count, hashlib.sha256().digest_size), np.uint8)
    for i in track(range(turn, count, turns)):
        pixels = images.images(indices[i * _AT_ONCE : (i + 1) * _AT_ONCE])
        parts[i] = np.frombuffer(hashlib.sha256(np.ascontiguousarray(pixels)).digest(), np.uint8)
    if turns > 1:
        parts = np.asarray(multihost_utils.process_allgather(parts)).sum(0, dtype=np.uint8)  # the others' rows are 0
    whole = hashlib.sha256(repr((len(indices), tuple(images.shape))).encode())
    whole.update(parts.tobytes())
    return whole.hexdigest()[:24]


def labels_fingerprint(images: ImageSet) -> str:
    """The same over the labels and the names of the classes."""
    labels = images.labels()
    whole = hashlib.sha256(repr(tuple(images.classes)).encode())
    whole.update(b"" if labels is None else np.asarray(labels, "<i4").tobytes())
    return whole.hexdigest()[:24]
