"""Resizing of 8-bit images with Pillow's filters, as matrix products: several times as fast.

A filter's weights are a matrix with a narrow band, from the old pixels of a row to the new ones. It is cut into blocks
of a few new pixels, each a small dense product.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from PIL import Image

FILTERS = ("nearest", "box", "bilinear", "bicubic", "lanczos")

_BLOCK = 8  # new pixels of a block: fewer waste less of the band, more make larger products
_SMALL = 2**18  # multiplications of a product that OpenBLAS leaves to the calling thread: more would fight with ours


def resize(
    image: np.ndarray, size: tuple[int, int], filter: str, part: tuple[int, int, int, int] | None = None
) -> np.ndarray:
    """Resizes to (H, W), antialiased but for "nearest".

    In floats, rounded to 256 levels at the end. (Pillow rounds and clips between its passes too, the order of which
    depends on its version: of a photograph, about one value in eight differs from it by a level.) Images with alpha and
    "nearest" are left to Pillow.

    Args:
        image: uint8 [h, w, c], c = 1 (grey), 2 (grey and alpha), 3 (RGB) or 4 (RGBA).
        size: (H, W).
        filter: one of `FILTERS`.
        part: (top, left, height, width) of the resized image, if no more of it is wanted.

    Returns:
        uint8 [H, W, c], or [height, width, c] of a part.
    """
    (h, w, channels), (top, left, height, width) = image.shape, part or (0, 0, *size)
    if filter == "nearest" or channels in (2, 4):
        whole = Image.fromarray(image[..., 0] if channels == 1 else image)
        whole = np.asarray(whole.resize(size[::-1], Image.Resampling[filter.upper()]))
        return whole.reshape(*size, channels)[top : top + height, left : left + width]
    rows, columns = _blocks(h, size[0], filter, top, height), _blocks(w, size[1], filter, left, width)
    (first_row, last_row), (first, last) = _span(rows), _span(columns)
    pixels = image[first_row:last_row, first:last].astype(np.float32).reshape(last_row - first_row, -1)

    low = np.empty((height, pixels.shape[1]), np.float32)
    at = 0
    for start, stop, weights in rows:
        new = weights.shape[1]
        _multiply(weights.T, pixels[start - first_row : stop - first_row], low[at : at + new])
        at += new

    out = np.empty((height, width * channels), np.float32)
    at = 0
    for start, stop, weights in columns:
        weights = _for_each_channel(weights, channels)
        new = weights.shape[1]
        _multiply(low[:, (start - first) * channels : (stop - first) * channels], weights, out[:, at : at + new])
        at += new
    np.clip(out, 0, 255, out=out)
    out += np.float32(0.5)  # cutting off the fraction then rounds
    return out.astype(np.uint8).reshape(height, width, channels)


def _multiply(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    """out = a @ b, in pieces of at most `_SMALL`."""
    (m, k), n = a.shape, b.shape[1]
    if m > n:
        step = max(1, _SMALL // (k * n))
        for i in range(0, m, step):
            np.matmul(a[i : i + step], b, out=out[i : i + step])
    else:
        step = max(1, _SMALL // (m * k))
        for j in range(0, n, step):
            np.matmul(a, b[:, j : j + step], out=out[:, j : j + step])


_Block = tuple[int, int, np.ndarray]  # the old pixels [start, stop) and their weights [stop - start, new pixels]


def _span(blocks: tuple[_Block, ...]) -> tuple[int, int]:
    """The first and one past the last old pixel that is read."""
    return min(start for start, _, _ in blocks), max(stop for _, stop, _ in blocks)


@functools.lru_cache(maxsize=64)
def _blocks(old: int, new: int, filter: str, first: int, count: int) -> tuple[_Block, ...]:
    """The weights of new pixels [first, first + count) of `new`, from a line of `old`."""
    radius, curve = _CURVES[filter]
    scale = old / new
    spread = max(scale, 1.0)  # a filter is as wide as a new pixel where there are fewer of them
    centers = (np.arange(first, first + count) + 0.5) * scale
    starts = np.maximum(np.floor(centers - radius * spread + 0.5), 0).astype(int)
    stops = np.minimum(np.floor(centers + radius * spread + 0.5), old).astype(int)
    pixels = starts + np.arange((stops - starts).max())[:, None]  # [most pixels under the filter, new pixels]
    weights = np.where(pixels < stops, curve((pixels - centers + 0.5) / spread), 0)
    weights /= weights.sum(0)
    made = []
    for at in range(0, count, _BLOCK):
        block = slice(at, at + _BLOCK)
        start, stop = int(starts[block].min()), int(stops[block].max())
        dense = np.zeros((stop - start + len(pixels), len(starts[block])), np.float32)
        np.put_along_axis(dense, pixels[:, block] - start, weights[:, block], 0)
        made.append((start, stop, dense[: stop - start]))
    return tuple(made)


def _for_each_channel(weights: np.ndarray, channels: int) -> np.ndarray:
    """[pixels, new] -> [pixels * channels, new * channels]: the weights between values of the same channel."""
    pixels, new = weights.shape
    spread = np.zeros((pixels, channels, new, channels), np.float32)
    for channel in range(channels):
        spread[:, channel, :, channel] = weights
    return spread.reshape(pixels * channels, new * channels)


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
