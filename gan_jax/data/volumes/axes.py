"""The one place where a shape's own axes become those of an array: x right, y up, z towards the viewer -> D, H, W."""

from __future__ import annotations

import numpy as np


def from_xyz(voxels: np.ndarray) -> np.ndarray:
    """Voxels [..., x, y, z] -> [..., D, H, W], as images lie: D from the nearest to the farthest, H from top to bottom, W from
    left to right, all as seen from the front.
    """
    return np.swapaxes(voxels, -1, -3)[..., ::-1, ::-1, :]  # [..., z, y, x], then z and y run backwards


def to_xyz(voxels: np.ndarray) -> np.ndarray:
    """The inverse of `from_xyz`: [..., D, H, W] -> [..., x, y, z]."""
    return np.swapaxes(voxels[..., ::-1, ::-1, :], -1, -3)
