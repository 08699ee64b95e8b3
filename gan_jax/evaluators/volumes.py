"""Shapes, in place of images: what a run draws, and the data's."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Shapes(NamedTuple):
    """The elements of one split. voxels: bool [N, D, H, W]; labels: int32 [N], or None."""

    voxels: np.ndarray
    labels: np.ndarray | None

    def apart(self) -> Shapes:
        """Each shape once, where elements are several pictures of one."""
        first = np.unique(np.packbits(self.voxels.reshape(len(self.voxels), -1), axis=1), axis=0, return_index=True)[1]
        first = np.sort(first)
        return Shapes(self.voxels[first], None if self.labels is None else self.labels[first])


class Volumes(NamedTuple):
    """Where a run's elements are voxels.

    draw: n -> samples 0 .. n - 1, float32 [n, D, H, W, 1] from 0 to 1; of a sampler that starts from the data, sample i
    starts from element i of the test split. real: a split -> its shapes. classes: their names. rebuilds: whether the sampler
    starts from pictures of the data.
    """

    draw: Callable[[int], np.ndarray]
    real: Callable[[str], Shapes]
    classes: tuple[str, ...]
    rebuilds: bool
