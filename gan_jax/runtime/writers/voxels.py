"""Voxels as shaded pictures, from any side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

_SIDES = (30.0, 210.0)  # degrees: from the front, and from behind
_UP = 25.0
_LIGHT = np.array([-0.7, -0.9, -0.4])  # in D, H, W: from the front, above and the left
_AMBIENT, _WHITE = 0.35, 1.0


def shaded_views(
    voxels: np.ndarray,
    size: int = 64,
    azimuths: Sequence[float] = _SIDES,
    elevation: float = _UP,
    threshold: float = 0.5,
) -> np.ndarray:
    """Voxels [N, D, H, W, 1] from 0 to 1 as lit solids on white, one picture for each side, next to each other.

    -> float32 [N, size, size * sides, 1] in [-1, 1]. A voxel counts where it is above the threshold. Orthographic; azimuth 0
    is the front (where D is 0), and grows as the viewer walks to his right around the shape; elevation: degrees above it.
    """
    solids = np.asarray(voxels)[..., 0] > threshold
    rays = [_rays(solids.shape[1:], size, azimuth, elevation) for azimuth in azimuths]
    return np.stack([np.concatenate([_seen(each, ray) for ray in rays], axis=1) for each in solids])[..., None]


def as_images(elements: np.ndarray) -> np.ndarray:
    """Images [N, H, W, C] as they are; voxels [N, D, H, W, 1] as lit solids from two sides."""
    return shaded_views(elements) if np.ndim(elements) == 5 else elements


def _rays(shape: tuple[int, ...], size: int, azimuth: float, elevation: float) -> np.ndarray:
    """Voxels that the rays of size x size pixels pass through, from near to far: int [3, steps, size, size]."""
    a, e = np.deg2rad([azimuth, elevation])
    into = np.array([np.cos(a) * np.cos(e), np.sin(e), np.sin(-a) * np.cos(e)])  # D, H, W: where the viewer looks
    right = np.array([np.sin(a), 0.0, np.cos(a)])
    down = np.cross(right, into)
    down = down if down[1] > 0 else -down
    reach = max(shape) / 2 * 1.3  # what a shape that fills most of its box needs
    along, across = np.linspace(-reach * 1.2, reach * 1.2, 3 * max(shape)), (np.arange(size) + 0.5) / size * 2 - 1
    t, v, u = np.meshgrid(along, across * reach, across * reach, indexing="ij")
    places = [c * t + d * v + r * u + side / 2 for c, d, r, side in zip(into, down, right, shape, strict=True)]
    return np.floor(np.stack(places)).astype(np.int32)


def _seen(solid: np.ndarray, rays: np.ndarray) -> np.ndarray:
    """float32 [size, size] in [-1, 1]."""
    padded = np.pad(solid, 1)  # a border that is empty: rays outside of the box end there
    places = tuple(np.clip(at + 1, 0, side + 1) for at, side in zip(rays, solid.shape, strict=True))
    hits = padded[places]  # [steps, size, size]
    first, any_hit = hits.argmax(0), hits.any(0)
    at = tuple(np.take_along_axis(each, first[None], 0)[0] for each in places)
    blurred = ndimage.gaussian_filter(padded.astype(np.float32), 0.8)
    normal = -np.stack([slope[at] for slope in np.gradient(blurred)])
    normal /= np.maximum(np.linalg.norm(normal, axis=0), 1e-6)
    lit = np.clip(np.tensordot(_LIGHT / np.linalg.norm(_LIGHT), normal, 1), 0, 1)
    bright = _AMBIENT + (0.95 - _AMBIENT) * lit
    return np.where(any_hit, 2 * bright - 1, _WHITE).astype(np.float32)
