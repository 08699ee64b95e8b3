"""A source's images as 8-bit pixels of one size: what scores compare."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from gan_jax.data.domains import Unpaired, holding
from gan_jax.data.images.cells import cell_means, cell_size
from gan_jax.data.inspection import inspect_source
from gan_jax.data.preprocessing import Preprocessing
from gan_jax.data.source import Attributed, Source


class EightBit:
    """Images of a source, preprocessed without chance, before they become floats. For records it has a `name`.

    split: what the records call this part of the data. key: the leaf to take; of unpaired data, the domain.
    shape: of a smaller phase of a run that grows: means over cells, rounded.
    Raises ValueError for a leaf that there is not, or sizes that `preprocessing` cannot make fit.
    """

    def __init__(
        self,
        source: Source | Unpaired,
        preprocessing: Preprocessing,
        split: str | None = None,
        key: str = "image",
        shape: tuple[int, ...] | None = None,
    ):
        source = holding(source, key)
        self._source, self._key, self._steady = source, key, preprocessing.without_randomness()
        if self._steady.is_points or key in ("voxels", "label"):
            held = "points" if self._steady.is_points else key
            raise ValueError(f"scores are of images; this data set holds {held}")
        self._steady.check({key: inspect_source(source).leaves[key]})
        self._labels: np.ndarray | None = None
        full = self._steady.shape_of(key)
        self._cell = 1 if shape is None else cell_size(full, (*shape[:2], full[-1]))
        self.shape = tuple(full) if shape is None else (*shape[:2], full[-1])
        self.split, self.classes, self.notes = split, source.classes, tuple(getattr(source, "notes", ()))
        self.attribute_names = source.attribute_names if isinstance(source, Attributed) else ()
        # Without the folders: the same data set in another place is the same reference.
        source_name = re.sub(r"'[^']*/([^'/]+)/?'", r"'\1'", repr(source))
        made = f"{self._steady.resize} {self._steady.filter}, crop {self._steady.crop}"
        self.name = f"{source_name} at {' x '.join(map(str, self.shape))} ({made})"
        self.name += "" if key == "image" else f", {key}"

    def __len__(self) -> int:
        return len(self._source)

    def images(self, indices: np.ndarray) -> np.ndarray:
        """uint8 [n, H, W, C] of the images at these indices."""
        with ThreadPoolExecutor(min(16, os.cpu_count() or 1)) as pool:
            return np.stack(list(pool.map(self._image, indices)))

    def labels(self) -> np.ndarray | None:
        """int32 [N], -1 where unlabelled; None where the source has none. Where each label costs a read, all are read, once."""
        if not self.classes:
            return None
        if self._labels is None:
            known = self._source.labels()
            if known is None:
                with ThreadPoolExecutor(min(16, os.cpu_count() or 1)) as pool:
                    known = list(pool.map(lambda i: self._source[i]["label"], range(len(self._source))))
            self._labels = np.asarray(known, np.int32)
        return self._labels

    def _image(self, index: int) -> np.ndarray:
        whole = self._steady.prepare({self._key: self._source[int(index)][self._key]})[self._key]
        return whole if self._cell == 1 else np.round(cell_means(whole, self._cell)).astype(np.uint8)

    def attribute_table(self) -> np.ndarray:
        """bool [N, K]: whether image n has attribute k of `attribute_names`."""
        known = self._source
        return known.attribute_table() if isinstance(known, Attributed) else np.zeros((len(self), 0), bool)
