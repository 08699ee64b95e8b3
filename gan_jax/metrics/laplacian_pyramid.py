"""Burt & Adelson's pyramids ("The Laplacian Pyramid as a Compact Image Code", 1983). Images are mirrored at their edges."""

from __future__ import annotations

import numpy as np

FILTER = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)  # along each axis


def pyramid_sides(height: int, width: int, smallest: int = 16) -> list[tuple[int, int]]:
    """(height, width) of each level, largest first: halved while both are even and the halves at least `smallest`."""
    sides = [(height, width)]
    while height % 2 == width % 2 == 0 and min(height, width) // 2 >= smallest:
        height, width = height // 2, width // 2
        sides.append((height, width))
    return sides


def laplacian_level(images: np.ndarray, level: int, last: bool) -> np.ndarray:
    """The detail between the sizes of this level and the next: [B, H, W, C] -> float32 [B, H / 2^level, W / 2^level, C].

    The last level of a pyramid holds the blurred image itself.
    """
    images = images.astype(np.float32)
    for _ in range(level):
        images = pyramid_down(images)
    return images if last else images - pyramid_up(pyramid_down(images))


def pyramid_down(x: np.ndarray) -> np.ndarray:
    """Blurs, and takes every second pixel from the first on: [B, H, W, C] -> [B, H / 2, W / 2, C], for even sides."""
    for axis in (1, 2):
        side = x.shape[axis]
        padded = np.pad(x, [(2, 2) if a == axis else (0, 0) for a in range(4)], mode="reflect")
        taken = [padded[(slice(None),) * axis + (slice(k, k + side, 2),)] for k in range(5)]
        x = np.sum([np.float32(w) * part for w, part in zip(FILTER, taken, strict=True)], 0)
    return x


def pyramid_up(x: np.ndarray) -> np.ndarray:
    """Puts zeros between pixels and blurs, at 4 times the brightness: [B, H, W, C] -> [B, 2 H, 2 W, C]."""
    for axis in (1, 2):
        before, after = (
            np.take(x, at, axis) for at in (np.abs(np.arange(-1, x.shape[axis] - 1)), _clipped_after(x.shape[axis]))
        )
        even, odd = (before + np.float32(6) * x + after) / np.float32(8), (x + after) / np.float32(2)
        shape = list(x.shape)
        shape[axis] *= 2
        x = np.stack([even, odd], axis + 1).reshape(shape)
    return x


def _clipped_after(side: int) -> np.ndarray:
    """The index of each pixel's next one; the last one's mirror image among zeros is itself."""
    return np.minimum(np.arange(1, side + 1), side - 1)
