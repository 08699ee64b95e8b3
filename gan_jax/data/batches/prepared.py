"""A source whose elements went through the part of preprocessing that knows no chance, kept where they are small."""

from __future__ import annotations

import math

import numpy as np

from gan_jax.data.preprocessing import Preprocessing
from gan_jax.data.source import Element, Source, keys_of


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
        self._kept: dict[str, np.ndarray] | None = None
        dtype = np.dtype(np.float32 if preprocessing.is_points else np.uint8)
        shapes = {key: preprocessing.shape_of(key) for key in keys_of(source) if key != "label"}
        size = len(source) * sum(math.prod(shape) for shape in shapes.values()) * dtype.itemsize
        if preprocessing.is_fixed and size <= cache_mib * 2**20:
            # Touched page by page, as they fill.
            self._kept = {key: np.empty((len(source), *shape), dtype) for key, shape in shapes.items()}
            if "label" in keys_of(source):
                self._kept["label"] = np.empty(len(source), np.int32)
            self._is_kept = np.zeros(len(source), bool)

    def __len__(self) -> int:
        return len(self._source)

    def __repr__(self) -> str:
        return f"Prepared({self._source!r}, {self._preprocessing!r})"

    def __getitem__(self, index: int) -> Element:
        if self._kept is None:
            return self._preprocessing.prepare(self._source[index])
        if not self._is_kept[index]:
            element = self._preprocessing.prepare(self._source[index])
            for key, leaf in element.items():
                self._kept[key][index] = leaf
            self._is_kept[index] = True
        return {key: kept[index] for key, kept in self._kept.items()}
