"""Means over k x k cells (k x k x k of a volume): what a smaller phase shows of an element of full size."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def cell_means(x: np.ndarray, k: int) -> np.ndarray:
    """[*space, C] -> float32 [*space / k, C]; x itself where k is 1.

    Of 8-bit levels and of 0 and 1 the sums are exact in float32 up to k = 256, so only the division rounds.
    """
    if k == 1:
        return x
    spatial = x.ndim - 1
    for axis in range(spatial):  # the first axis first: its sums run along whole rows, and leave little to the others
        before = (slice(None),) * axis
        sums = x[*before, ::k].astype(np.float32)
        for i in range(1, k):
            sums += x[*before, i::k]
        x = sums
    return x / np.float32(k**spatial)


def cell_size(full: Sequence[int], small: Sequence[int]) -> int:
    """k, where means over cells of k make elements of shape `full` into `small`.

    Raises ValueError, with the shapes that work, where there is none.
    """
    full, small = tuple(full), tuple(small)
    if small == full:
        return 1
    common = math.gcd(*full[:-1])  # 0 for points, which have no space
    made = {(*(size // k for size in full[:-1]), full[-1]): k for k in range(1, common + 1) if common % k == 0}
    if small not in made:
        told = ", ".join(" x ".join(map(str, shape)) for shape in made or [full])
        raise ValueError(
            f"a phase of shape {small} cannot be made of elements of shape {full} by means over k x k cells, k a whole"
            f" number. Shapes that work: {told}. Change the phase's shape, or data.shape."
        )
    return made[small]
