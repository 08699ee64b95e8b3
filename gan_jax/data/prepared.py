"""A source whose images went through the part of preprocessing that knows no chance, kept where they are small."""

from __future__ import annotations

import math

import numpy as np

from gan_jax.data.preprocessing import Preprocessing
from gan_jax.data.source import Element, Source


class Prepared:
    """`preprocessing.prepare` of every element, each decoded and resized once if they all fit in `cache_mib`.

    Elements are kept when first asked for. With a random crop nothing is kept. Threads may write the same element
    twice: they write the same bytes, and the flag is set after them.

    Args:
        source: where the elements come from.
        preprocessing: what is done to them.
        cache_mib: the most memory to use, in units of 2**20 bytes.
    """

    def __init__(self, source: Source, preprocessing: Preprocessing, cache_mib: float = 256):
        self._source = source
        self._preprocessing = preprocessing
        dtype = np.dtype(np.float32 if preprocessing.is_points else np.uint8)
        size = len(source) * math.prod(preprocessing.shape) * dtype.itemsize
        self._images: np.ndarray | None = None
        if preprocessing.is_fixed and size <= cache_mib * 2**20:
            self._images = np.empty((len(source), *preprocessing.shape), dtype)  # touched page by page, as it fills
            self._labels = np.empty(len(source), np.int32) if source.classes else None
            self._is_kept = np.zeros(len(source), bool)

    def __len__(self) -> int:
        return len(self._source)

    def __repr__(self) -> str:
        return f"Prepared({self._source!r}, {self._preprocessing!r})"

    def __getitem__(self, index: int) -> Element:
        if self._images is None:
            return self._preprocessing.prepare(self._source[index])
        if not self._is_kept[index]:
            element = self._preprocessing.prepare(self._source[index])
            self._images[index] = element["image"]
            if self._labels is not None:
                self._labels[index] = element["label"]
            self._is_kept[index] = True
        if self._labels is None:
            return {"image": self._images[index]}
        return {"image": self._images[index], "label": self._labels[index]}
