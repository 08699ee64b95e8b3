"""The order of a source's elements, epoch after epoch."""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence

import numpy as np


class EpochOrder:
    """Position in the endless stream -> index in the source: a new uniform permutation for each epoch.

    An epoch's permutation sorts raw Philox words of the key (seed, epoch), so any epoch is reached at once, and it is
    the same on every machine and NumPy version. The newest three are kept: 24 bytes an element. (Grain's own
    `shuffle` keeps nothing and takes some 8 microseconds an element, most of the time a small batch may take.)

    Args:
        length: elements in the source.
        seed: below 2**64.
    """

    def __init__(self, length: int, seed: int):
        self._length = length
        self._seed = seed
        self._lock = threading.Lock()
        self._permutation = functools.lru_cache(maxsize=3)(self._sorted)

    def __call__(self, positions: Sequence[int]) -> list[int]:
        """Indices of consecutive positions."""
        indices: list[int] = []
        position, stop = positions[0], positions[-1] + 1
        while position < stop:
            epoch, begin = divmod(position, self._length)
            end = min(self._length, begin + stop - position)
            with self._lock:  # one thread sorts, the others wait for it
                permutation = self._permutation(epoch)
            indices += permutation[begin:end].tolist()
            position += end - begin
        return indices

    def _sorted(self, epoch: int) -> np.ndarray:
        key = np.asarray([self._seed, epoch], np.uint64)
        return np.argsort(np.random.Philox(key=key).random_raw(self._length), kind="stable")
