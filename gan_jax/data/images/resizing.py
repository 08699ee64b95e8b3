"""Resizing of 8-bit images with Pillow's filters, as matrix products: several times as fast.

A filter's weights are a matrix with a narrow band, from the old pixels of a row to the new ones. It is cut into blocks
of a few new pixels, each a small dense product.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image

FILTERS = ("nearest", "box", "bilinear", "bicubic", "lanczos")

_BLOCK = 8  # new pixels of a block: fewer waste less of the band, more make larger products
_SMALL = 2**18  # multiplications of a product that OpenBLAS leaves to the calling thread: more would fight with ours


def resize(
    image: np.ndarray, size: tuple[int, int], filter: str, part: tuple[int, int, int, int] | None = None
) -> np.ndarray:
    """Resizes to (H, W), antialiased but for "nearest"; an image of that size stays as it is.

    In floats, rounded to 256 levels at the end. (Pillow rounds and clips between its passes too, the order of which
    depends on its version: of a photograph, about one value in eight differs from it by a level.) Images with alpha and
    "nearest" are left to Pillow.

    Args:
        image: uint8 [h, w, c], c = 1 (grey), 2 (grey and alpha), 3 (RGB) or 4 (RGBA).
        size: (H, W).
        filter: one of `FILTERS`.
        part: (top, left, height, width) of the resized image, if no more of it is wanted.

    Returns:
        uint8 [H, W, c], or [height, width, c] of a part; a view of `image` where that has the size.
    """
    (h, w, channels), (top, left, height, width) = image.shape, part or (0, 0, *size)
    if (h, w) == size:
        return image[top : top + height, left : left + width]
    if filter == "nearest" or channels in (2, 4):
        whole = Image.fromarray(image[..., 0] if channels == 1 else image)
        whole = np.asarray(whole.resize(size[::-1], Image.Resampling[filter.upper()]))
        return whole.reshape(*size, channels)[top : top + height, left : left + width]
    rows, columns = _blocks(h, size[0], filter, top, height), _blocks(w, size[1], filter, left, width)
    pixels = image[:, columns.first : columns.last]
    low = rows.of(pixels.reshape(h, -1))  # [w' * c, height]
    out = columns.of(low.reshape(pixels.shape[1], -1), columns.first)  # [c * height, width]
    np.clip(out, 0, 255, out=out)
    out += np.float32(0.5)  # cutting off the fraction then rounds
    return np.ascontiguousarray(out.astype(np.uint8).reshape(channels, height, width).transpose(1, 2, 0))


class _Blocks(NamedTuple):
    """The weights of `count` new pixels of a line, `_BLOCK` at a time."""

    count: int
    first: int  # old pixels [first, last) are read
    last: int
    pixels: np.ndarray  # [blocks, K]: the old pixels that a block reads, the last one again where they are fewer
    weights: np.ndarray  # float32 [blocks, K, _BLOCK]

    def of(self, x: np.ndarray, begin: int = 0) -> np.ndarray:
        """Old pixels from `begin` on, with m values each, [n, m] -> the new ones, turned: float32 [m, count].

        In few calls, as each holds Python's lock for a while, and threads wait for it.
        """
        read = x.take(self.pixels - begin, 0).astype(np.float32, copy=False)  # [blocks, K, m]
        (blocks, k, new), m = self.weights.shape, x.shape[1]
        out = np.empty((m, blocks, new), np.float32)
        step = max(1, _SMALL // (new * k))
        for j in range(0, m, step):
            part = slice(j, j + step)
            np.matmul(read[..., part].transpose(0, 2, 1), self.weights, out=out[part].transpose(1, 0, 2))
        return out.reshape(m, -1)[:, : self.count]


@functools.lru_cache(maxsize=64)
def _blocks(old: int, new: int, filter: str, first: int, count: int) -> _Blocks:
    """The weights of new pixels [first, first + count) of `new`, from a line of `old`."""
    radius, curve = _CURVES[filter]
    scale = old / new
    widening = max(scale, 1.0)  # a filter is as wide as a new pixel where there are fewer of them
    indices = np.minimum(np.arange(-(-count // _BLOCK) * _BLOCK), count - 1)  # the last block is filled up
    centers = (indices + first + 0.5) * scale
    starts = np.maximum(np.floor(centers - radius * widening + 0.5), 0).astype(int)
    stops = np.minimum(np.floor(centers + radius * widening + 0.5), old).astype(int)
    of_block = starts.reshape(-1, _BLOCK)[:, 0]
    k = int((stops.reshape(-1, _BLOCK)[:, -1] - of_block).max())
    pixels = of_block[:, None] + np.arange(k)  # [blocks, K]
    each = np.repeat(pixels, _BLOCK, 0)  # [new pixels, K]
    weights = curve((each - centers[:, None] + 0.5) / widening)
    weights = np.where((starts[:, None] <= each) & (each < stops[:, None]), weights, 0)
    weights = (weights / weights.sum(1, keepdims=True)).astype(np.float32)
    weights = np.ascontiguousarray(weights.reshape(-1, _BLOCK, k).transpose(0, 2, 1))
    return _Blocks(count, int(starts[0]), int(stops[-1]), np.minimum(pixels, int(stops[-1]) - 1), weights)


def _box(x: np.ndarray) -> np.ndarray:
    return ((x > -0.5) & (x <= 0.5)).astype(float)


def _bilinear(x: np.ndarray) -> np.ndarray:
    return np.maximum(1 - np.abs(x), 0)


def _bicubic(x: np.ndarray) -> np.ndarray:
    """Keys' kernel with a = -1/2."""
    x = np.abs(x)
    near, far = (1.5 * x - 2.5) * x**2 + 1, ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0))


def _lanczos(x: np.ndarray) -> np.ndarray:
    return np.where((-3 <= x) & (x < 3), np.sinc(x) * np.sinc(x / 3), 0)


_CURVES: dict[str, tuple[float, Callable[[np.ndarray], np.ndarray]]] = {
    "box": (0.5, _box),
    "bilinear": (1, _bilinear),
    "bicubic": (2, _bicubic),
    "lanczos": (3, _lanczos),
}
