"""Multi-scale structural similarity of two images (Wang, Simoncelli & Bovik, Asilomar 2003)."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # of the scales, finest first
WINDOW, SIGMA = 11, 1.5
K1, K2 = 0.01, 0.03
_BATCH = 64  # pairs in one program


def ms_ssim(x: Any, y: Any, scales: int | None = None, data_range: tuple[float, float] | None = None) -> np.ndarray:
    """MS-SSIM of each pair of images: x, y [B, H, W, C] -> [B] float32 in [0, 1], 1 for equal images.

    data_range: the darkest and brightest value there can be; (0, 255) for uint8 and (-1, 1) for floats if None, and then
    floats that are all in [0, 1] are refused. Each channel counts by itself, and they are averaged. Negative terms are
    clipped to 0.

    scales: the first so many of the five published scales, their weights divided by their sum. If None, as many as
    leave the 11-pixel window room: five from 161 pixels on, two at 32. Values of different `scales` do not compare.
    Halving is a mean over 2 x 2 pixels; an odd side repeats its first row.

    Raises ValueError for shapes that differ, images under 11 pixels, scales that do not fit, and values out of range
    or of an unknown one.
    """
    x, y = np.asarray(x), np.asarray(y)
    if x.shape != y.shape or x.ndim != 4 or not len(x):
        raise ValueError(f"Both must be images [B, H, W, C] of one shape; got {x.shape} and {y.shape}.")
    scales = check_scales(x.shape, scales)
    if data_range is None:
        _require_told((x, y))
    ranges = [_range_of(images, data_range) for images in (x, y)]
    size = _BATCH if len(x) > _BATCH else 1 << (len(x) - 1).bit_length()  # few sizes, so few compilations
    values = []
    for i in range(0, len(x), size):
        rows = np.resize(np.arange(i, min(i + size, len(x))), size)  # the last batch repeats itself to be full
        unit = [_to_unit(images[rows], *of) for images, of in zip((x, y), ranges, strict=True)]
        values.append(np.asarray(_ms_ssim(*unit, scales)))
    return np.concatenate(values)[: len(x)]


def check_scales(shape: Sequence[int], scales: int | None = None) -> int:
    """How many scales images [B, H, W, C] of this shape take, or `scales` if they fit. Raises ValueError if not."""
    side, fit = min(shape[1:3]), 0
    while side >= WINDOW and fit < len(WEIGHTS):
        side, fit = -(-side // 2), fit + 1
    if not fit:
        raise ValueError(
            f"MS-SSIM looks through a window of {WINDOW} pixels; images of {shape[1]} x {shape[2]} are smaller."
        )
    if scales is not None and not 1 <= scales <= fit:
        room = "1 scale" if fit == 1 else f"1 to {fit} scales"
        raise ValueError(f"Images of {shape[1]} x {shape[2]} pixels leave room for {room}, not for {scales}.")
    return fit if scales is None else scales


def _range_of(images: np.ndarray, data_range: tuple[float, float] | None) -> tuple[float, float]:
    """The range of pixels, once they are known to lie in it."""
    low, high = data_range or ((0, 255) if images.dtype == np.uint8 else (-1, 1))
    if not low < high:
        raise ValueError(f"A range of pixels goes from low to high, not from {low} to {high}.")
    least, most = images.min(), images.max()
    if not (least >= low - 1e-3 * (high - low) and most <= high + 1e-3 * (high - low)):  # so for NaN
        raise ValueError(
            f"Pixels must be in [{low}, {high}]; these are in [{least}, {most}]. Set data_range to theirs."
        )
    return low, high


def _require_told(images: Sequence[np.ndarray]) -> None:
    """Raises ValueError for floats that may be in [0, 1] as well as in [-1, 1]."""
    if all(each.dtype != np.uint8 and each.min() >= 0 and each.max() <= 1 for each in images):
        raise ValueError("No pixel is below 0: is black 0 or -1? Set data_range to (0, 1) or (-1, 1).")


def _to_unit(images: np.ndarray, low: float, high: float) -> np.ndarray:
    """-> float32 in [0, 1]."""
    return (images.astype(np.float32) - np.float32(low)) / np.float32(high - low)


@functools.partial(jax.jit, static_argnums=2)
def _ms_ssim(x: jax.Array, y: jax.Array, scales: int) -> jax.Array:
    weights = np.divide(WEIGHTS[:scales], sum(WEIGHTS[:scales])) if scales < len(WEIGHTS) else WEIGHTS
    value = jnp.ones((x.shape[0], x.shape[3]), x.dtype)
    for scale, weight in enumerate(weights):
        if scale:
            x, y = _halve(x), _halve(y)
        luminance, contrast = _terms(x, y)  # [B, h, w, C] each
        term = luminance * contrast if scale == scales - 1 else contrast
        value *= jnp.maximum(jnp.mean(term, (1, 2)), 0) ** float(weight)
    return jnp.mean(value, 1)


def _terms(x: jax.Array, y: jax.Array) -> tuple[jax.Array, jax.Array]:
    """SSIM's luminance term, and its contrast and structure terms together, at every place of the window."""
    c1, c2 = K1**2, K2**2
    # Variances do not change with the images' means. Taking those off first keeps float32 exact in flat, bright images.
    x_centre, y_centre = jnp.mean(x, (1, 2), keepdims=True), jnp.mean(y, (1, 2), keepdims=True)
    x, y = x - x_centre, y - y_centre
    x_mean, y_mean, xx, yy, xy = jnp.split(_window(jnp.concatenate([x, y, x * x, y * y, x * y])), 5)
    x_variance, y_variance, covariance = xx - x_mean**2, yy - y_mean**2, xy - x_mean * y_mean
    x_mean, y_mean = x_mean + x_centre, y_mean + y_centre
    luminance = (2 * x_mean * y_mean + c1) / (x_mean**2 + y_mean**2 + c1)
    return luminance, (2 * covariance + c2) / (x_variance + y_variance + c2)


def _window(x: jax.Array) -> jax.Array:
    """The Gaussian-weighted mean of every 11 x 11 pixels that are all inside: [B, H, W, C] -> [B, H - 10, W - 10, C]."""
    weights = np.exp(-np.square(np.arange(WINDOW) - WINDOW // 2) / (2 * SIGMA**2))
    weights = (weights / weights.sum()).astype(np.float32)
    for axis in (1, 2):
        side = x.shape[axis] - WINDOW + 1
        shifted = [jax.lax.slice_in_dim(x, k, k + side, axis=axis) for k in range(WINDOW)]
        weighted = (s * w for s, w in zip(shifted, weights, strict=True))
        x = sum(weighted, start=jnp.zeros_like(shifted[0]))
    return x


def _halve(x: jax.Array) -> jax.Array:
    """The mean of every 2 x 2 pixels: [B, H, W, C] -> [B, ceil(H / 2), ceil(W / 2), C]."""
    x = jnp.pad(x, [(0, 0), (x.shape[1] % 2, 0), (x.shape[2] % 2, 0), (0, 0)], mode="edge")
    batch, height, width, channels = x.shape
    return jnp.mean(x.reshape(batch, height // 2, 2, width // 2, 2, channels), (2, 4))
