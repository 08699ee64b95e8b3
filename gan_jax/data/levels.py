"""Float images to 256 levels, by the range that was named: what is black and what is white is never guessed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def check_range(pixel_range: Sequence[float] | None, who: str) -> tuple[float, float] | None:
    """The range as a tuple. Raises ValueError unless it is (black, white), finite, black below white, or None."""
    if pixel_range is None:
        return None
    try:
        black, white = map(float, pixel_range)
    except (TypeError, ValueError):
        black = white = math.nan
    if not (math.isfinite(black) and math.isfinite(white) and black < white):
        raise ValueError(
            f"{who}: pixel_range is (black, white), two numbers of which white is the larger, such as (0, 1); got"
            f" {pixel_range!r}."
        )
    return black, white


def eight_bits(images: np.ndarray, pixel_range: Sequence[float] | None, where: str) -> np.ndarray:
    """Floats of any shape -> uint8: from black to white spread over 0 to 255, and rounded.

    pixel_range: (black, white); None: (-1, 1), and images without a negative value are refused, as (0, 1) may be meant.
    Raises ValueError, which begins with `where`, for those, for values outside, and for NaN and infinity.
    """
    low, high = float(images.min()), float(images.max())
    if not np.isfinite([low, high]).all():
        first = int(np.flatnonzero(~np.isfinite(images).reshape(len(images), -1).all(1))[0])
        raise ValueError(f"{where} holds NaN or infinite numbers, the first of them in number {first}.")
    found = f"{where} is {images.dtype} in [{low:g}, {high:g}]"
    if pixel_range is None and 0 <= low and high <= 1:
        raise ValueError(
            f"{found}, with no pixel below 0: is black 0 or -1? {_REMEDY} (0, 1) or (-1, 1), or save uint8."
        )
    black, white = (-1.0, 1.0) if pixel_range is None else pixel_range
    if not (low >= black and high <= white):
        raise ValueError(
            f"{found}. Float images must be in [{black:g}, {white:g}]. {_REMEDY} their black and white, or save uint8."
        )
    dtype = np.result_type(images.dtype, np.float32)
    scale = dtype.type(255 / (white - black))
    return np.round((images.astype(dtype, copy=False) - dtype.type(black)) * scale).astype(np.uint8)


_REMEDY = "Set pixel_range (data.pixel_range; --images_range for --images) to"
