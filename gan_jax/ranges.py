"""What numbers may be, checked where objects are built.

Each function raises ValueError, with the setting's name, its range and what came, and returns nothing. NaN and infinity
are in no range.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

LARGEST = 1e9  # of any setting: the square of more hardly fits into float32
LARGEST_WHOLE = 2**31 - 1  # rounds, images and sizes are counted in int32


def positive(name: str, value: Any) -> None:
    """More than 0."""
    _require(name, value, "more than 0", lambda x: 0 < x)


def not_negative(name: str, value: Any) -> None:
    """0 or more."""
    _require(name, value, "0 or more", lambda x: 0 <= x)


def within(name: str, value: Any, low: float, high: float) -> None:
    """From low to high, both included."""
    _require(name, value, f"from {low:g} to {high:g}", lambda x: low <= x <= high)


def decay(name: str, value: Any) -> None:
    """The share of an average that stays: from 0 to below 1."""
    _require(name, value, "from 0 to below 1", lambda x: 0 <= x < 1)


def finite(name: str, value: Any) -> None:
    """Any number, negative ones too."""
    _require(name, value, "finite", lambda x: x >= -LARGEST)


def weight(name: str, value: Any, highest: float = LARGEST) -> None:
    """A number from 0 to highest, or a schedule, whose own numbers are checked where it is made."""
    if callable(value) or callable(getattr(value, "schedule", None)):
        return
    if highest < LARGEST:
        within(name, value, 0, highest)
    else:
        not_negative(name, value)


def whole(name: str, value: Any, lowest: int = 1, highest: int = LARGEST_WHOLE) -> None:
    """A whole number from lowest to highest."""
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < lowest:
        raise ValueError(f"{name} must be a whole number from {lowest} on, got {value!r}")
    if value > highest:
        raise ValueError(f"{name} must be a whole number of at most {highest:,}, got {value}")


def wholes(name: str, values: Any, lowest: int = 1) -> None:
    """A row of whole numbers from lowest on; it may be empty."""
    if not isinstance(values, Sequence) or isinstance(values, str):
        raise ValueError(f"{name} must be a row of whole numbers, such as (64, 128), got {values!r}")
    for i, value in enumerate(values):
        whole(f"{name}[{i}]", value, lowest)


def _require(name: str, value: Any, told: str, fits: Any) -> None:
    if not isinstance(value, int | float | np.integer | np.floating) or isinstance(value, bool):
        raise ValueError(f"{name} must be a number, {told}; got {value!r}")
    if LARGEST < value < math.inf:
        raise ValueError(f"{name} must be {told} and at most {LARGEST:g}, got {value}")
    if value == math.inf or not fits(value):
        raise ValueError(f"{name} must be {told}, got {value}")
