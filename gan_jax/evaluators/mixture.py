"""Points of the plane, in place of images, whose distribution is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Mixture(NamedTuple):
    """A mixture of Gaussians that a run learns, and the points that its generator draws."""

    modes: np.ndarray  # float32 [K, 2], their centres
    std: float  # of each
    draw: Callable[[int], np.ndarray]  # n -> samples 0 .. n - 1, float32 [n, 2]
