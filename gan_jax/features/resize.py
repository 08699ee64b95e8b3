"""Resizing as the published networks were fed: TensorFlow 1's legacy bilinear, and Pillow's bicubic on floats.

Both are linear and separable: a matrix for the rows and one for the columns, made when the program is traced.
`jax.image.resize` is neither: it has half-pixel centres, and where it is antialiased its bilinear differs.
"""

from __future__ import annotations

import functools

import jax.numpy as jnp
import numpy as np
from jax import lax

from gan_jax.types import Array


def tf1_bilinear(images: Array, height: int, width: int) -> Array:
    """Bilinear as TensorFlow 1's `resize_bilinear` with its defaults: no half-pixel centres, no antialiasing.

    images [B, H, W, C], real numbers of any range -> float32 [B, height, width, C].
    Source: TensorFlow 1.x, core/kernels/resize_bilinear_op.cc (align_corners=False, half_pixel_centers=False).
    """
    return _by_matrices(images, height, width, _tf1_bilinear_matrix)


def clean_bicubic(images: Array, height: int, width: int) -> Array:
    """Bicubic as Pillow does it to float images (mode "F"): antialiased, without rounding to 8 bits; then clipped.

    images [B, H, W, C] in [0, 255] -> float32 [B, height, width, C] in [0, 255]. Source: clean-fid, arXiv:2104.11222.
    """
    return jnp.clip(_by_matrices(images, height, width, _pillow_bicubic_matrix), 0.0, 255.0)


_RESIZES = {"tf1": tf1_bilinear, "clean": clean_bicubic}


def check_resize(resize: str) -> None:
    """Raises ValueError unless `resize` is the name of a way to resize."""
    if resize not in _RESIZES:
        raise ValueError(f"resize is one of {', '.join(map(repr, _RESIZES))}, not {resize!r}")


def rgb_of_side(images: Array, side: int, resize: str) -> Array:
    """8-bit images, grey or colour, of any size, as a network takes them.

    images uint8 [B, H, W, 1 or 3] -> float32 [B, side, side, 3] in [0, 255], by "tf1" or "clean".
    """
    check_resize(resize)
    if images.ndim != 4 or images.dtype != jnp.uint8:
        raise ValueError(f"images are uint8 [B, H, W, C]; got {images.dtype} {images.shape}")
    return rgb(_RESIZES[resize](images, side, side))


def rgb(images: Array) -> Array:
    """Repeats the one channel of grey images: [B, H, W, 1 or 3] -> [B, H, W, 3]."""
    if images.shape[-1] not in (1, 3):
        raise ValueError(f"images have 1 channel (grey) or 3 (red, green, blue); got the shape {images.shape}")
    return jnp.broadcast_to(images, (*images.shape[:-1], 3))


def _by_matrices(images, height, width, matrix):
    images = jnp.asarray(images)
    for axis, size in ((1, height), (2, width)):
        if images.shape[axis] != size:  # both ways leave an axis of the right size alone
            weights = matrix(images.shape[axis], size)
            by = {name: functools.partial(form, axis=axis, matrix=weights) for name, form in _FORMS.items()}
            images = lax.platform_dependent(images, **by)
    return images.astype(jnp.float32)


def _product(images, axis, matrix):
    """The product of a matrix [out, in] with one axis, in full float32 (TPUs would round to bfloat16)."""
    images = images.astype(jnp.float32)
    product = lax.dot_general(matrix, images, (((1,), (axis,)), ((), ())), precision=lax.Precision.HIGHEST)
    return jnp.moveaxis(product, 0, axis)


def _band(images, axis, matrix):
    """The same with the few pixels alone that each new one is made of: on CPUs many times as fast."""
    new, size = matrix.shape
    used = matrix != 0
    first, last = used.argmax(1), size - 1 - used[:, ::-1].argmax(1)
    total = 0.0
    for offset in range(int((last - first).max()) + 1):
        at = np.minimum(first + offset, size - 1)
        weights = np.where(first + offset <= last, matrix[np.arange(new), at], np.float32(0))
        pixels = jnp.take(images, at, axis).astype(jnp.float32)
        total = total + pixels * weights.reshape([-1 if a == axis else 1 for a in range(images.ndim)])
    return total


_FORMS = {"cpu": _band, "default": _product}


def _tf1_bilinear_matrix(size: int, new: int) -> np.ndarray:
    at = np.arange(new, dtype=np.float32) * np.float32(size / new)  # TensorFlow computes positions in float32
    low = at.astype(np.int64)
    share = at - low.astype(np.float32)
    matrix = np.zeros((new, size), np.float32)
    np.add.at(matrix, (np.arange(new), low), 1 - share)
    np.add.at(matrix, (np.arange(new), np.minimum(low + 1, size - 1)), share)
    return matrix


def _pillow_bicubic_matrix(size: int, new: int) -> np.ndarray:
    scale = size / new
    stretch = max(scale, 1.0)  # a shrinking resize widens the filter: antialiasing
    centers = (np.arange(new) + 0.5) * scale
    first = np.maximum((centers - 2 * stretch + 0.5).astype(np.int64), 0)
    last = np.minimum((centers + 2 * stretch + 0.5).astype(np.int64), size)  # one past
    pixels = np.arange(size)
    weights = _cubic((pixels + 0.5 - centers[:, None]) / stretch)
    weights = np.where((pixels >= first[:, None]) & (pixels < last[:, None]), weights, 0.0)
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)


def _cubic(t: np.ndarray, a: float = -0.5) -> np.ndarray:
    """Keys' cubic kernel (IEEE TASSP 29, 1981, Eq. (4)); Pillow's a is -0.5."""
    t = np.abs(t)
    near = ((a + 2) * t - (a + 3)) * t * t + 1
    far = (((t - 5) * t + 8) * t - 4) * a
    return np.where(t < 1, near, np.where(t < 2, far, 0.0))
