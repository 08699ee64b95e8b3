"""Float images to 256 levels, by the range that was named: what is black and what is white is never guessed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def check_range(range: Sequence[float] | None, who: str) -> tuple[float, float] | None:
    """The range as a tuple. Raises ValueError unless it is (low, high), finite, low below high, or None."""
    if range is None:
        return None
    try:
        low, high = map(float, range)
    except (TypeError, ValueError):
        low = high = math.nan
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(
            f"{who}: range is (low, high), the values of black and of white, such as (0, 1); got {range!r}."
        )
    return low, high


def eight_bits(images: np.ndarray, range: Sequence[float] | None, where: str) -> np.ndarray:
    """Floats of any shape -> uint8: `range` spread over 0 to 255 and rounded.

    range: (low, high); None: (-1, 1), and images without a negative value are refused, as (0, 1) may be meant.
    Raises ValueError, which begins with `where`, for those, for values outside, and for NaN.
    """
    low, high = float(images.min()), float(images.max())
    found = f"{where} is {images.dtype} in [{low:g}, {high:g}]"
    if range is None and 0 <= low and high <= 1:
        raise ValueError(
            f"{found}, without a negative value, and may be in [0, 1] or in [-1, 1]: set range=(0, 1) (data.range) or"
            " range=(-1, 1); or save uint8."
        )
    black, white = (-1.0, 1.0) if range is None else range
    if not (low >= black and high <= white):  # also true for NaN
        raise ValueError(
            f"{found}. Float images must be in [{black:g}, {white:g}], or range must say what is black and white"
            " (data.range); or save uint8."
        )
    dtype = np.result_type(images.dtype, np.float32)
    return np.round((images.astype(dtype, copy=False) - dtype.type(black)) * dtype.type(255 / (white - black))).astype(
        np.uint8
    )
