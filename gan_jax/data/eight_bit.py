"""A source's images as 8-bit pixels of one size: what scores compare."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from gan_jax.data.inspection import inspect_source
from gan_jax.data.preprocessing import Preprocessing
from gan_jax.data.source import Attributed, Source


class EightBit:
    """Images of a source, preprocessed without chance, before they become floats. For records it has a `name`.

    split: what the records call this part of the data. Raises ValueError for sizes that `preprocessing` cannot make fit.
    """

    def __init__(self, source: Source, preprocessing: Preprocessing, split: str | None = None):
        self._source, self._steady = source, preprocessing.without_randomness()
        self._steady.check(inspect_source(source).sizes)
        self._labels: np.ndarray | None = None
        self.split, self.shape, self.classes = split, self._steady.shape, source.classes
        self.attribute_names = source.attribute_names if isinstance(source, Attributed) else ()
        if self._steady.is_points:
            raise ValueError("scores are of images; this data set holds points")
        # Without the folders: the same data set in another place is the same reference.
        source_name = re.sub(r"'[^']*/([^'/]+)/?'", r"'\1'", repr(source))
        made = f"{self._steady.resize} {self._steady.filter}, crop {self._steady.crop}"
        self.name = f"{source_name} at {' x '.join(map(str, self.shape))} ({made})"

    def __len__(self) -> int:
        return len(self._source)

    def images(self, indices: np.ndarray) -> np.ndarray:
        """uint8 [n, H, W, C] of the images at these indices."""
        with ThreadPoolExecutor(min(16, os.cpu_count() or 1)) as pool:
            return np.stack(list(pool.map(lambda i: self._steady.prepare(self._source[int(i)])["image"], indices)))

    def labels(self) -> np.ndarray | None:
        """int32 [N]; None where the source has none. Where each label costs a read, all are read, once."""
        if not self.classes:
            return None
        if self._labels is None:
            known = self._source.labels()
            if known is None:
                with ThreadPoolExecutor(min(16, os.cpu_count() or 1)) as pool:
                    known = list(pool.map(lambda i: self._source[i]["label"], range(len(self._source))))
            self._labels = np.asarray(known, np.int32)
        return self._labels

    def attribute_table(self) -> np.ndarray:
        """bool [N, K]: whether image n has attribute k of `attribute_names`."""
        known = self._source
        return known.attribute_table() if isinstance(known, Attributed) else np.zeros((len(self), 0), bool)
