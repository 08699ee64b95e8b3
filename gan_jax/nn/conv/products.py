"""Convolutions as matrix products: the form that XLA's CPU backend computes fast where few channels come out, and where
the window is one pixel.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax import lax

_FEW = 8  # channels out up to which the product beats XLA's convolution
_WINDOW = 64  # offsets up to which it is worth it
_CACHED = 12e6  # bytes of products up to which it is: more do not stay in a cache until they are added up
_OF_FREE = 16  # images that a batch is taken for whose size a program leaves open (`jax.export`)
_PARTS = 8  # of a batch: a product of two tall matrices, along which it adds up, is faster as several

Pairs = tuple[tuple[int, int], ...]


def prefers_products(image_shape: tuple[int, ...], kernel_shape: tuple[int, ...], padding: Pairs) -> bool:
    """Whether `product_conv` is the faster form on a CPU. image_shape: [B, *space, I]; kernel_shape: [*window, I, O]."""
    *window, _, outputs = kernel_shape
    if is_pointwise(window, padding):
        return True
    batch = image_shape[0] if isinstance(image_shape[0], int) else _OF_FREE
    products = 4 * batch * math.prod(image_shape[1:-1]) * math.prod(window) * outputs  # bytes
    return outputs <= _FEW and math.prod(window) <= _WINDOW and products <= _CACHED


def is_pointwise(window: Sequence[int], padding: Pairs) -> bool:
    """Whether a plain convolution is a product of each pixel by itself."""
    return math.prod(window) == 1 and not any(map(any, padding))


def product_conv(x: jax.Array, kernel: jax.Array, padding: Pairs) -> jax.Array:
    """A plain convolution (stride 1): x [B, *space, I], kernel [*window, I, O] -> [B, *space', O].

    Every pixel is multiplied by every offset's matrix first; then the results are shifted and added up.
    """
    *window, inputs, outputs = kernel.shape
    whole = jnp.moveaxis(kernel.reshape(-1, inputs, outputs), 0, 1).reshape(inputs, -1)  # [I, K * O]
    products = lax.dot_general(x, whole, (((x.ndim - 1,), (0,)), ((), ())))  # [B, *space, K * O]
    shape = [n + a + b - k + 1 for n, k, (a, b) in zip(x.shape[1:-1], window, padding, strict=True)]
    total = 0.0
    for index, offset in enumerate(itertools.product(*map(range, window))):
        part = products[..., index * outputs : (index + 1) * outputs]
        # (before, after) of every axis; a negative number crops.
        ends = zip(offset, padding, shape, x.shape[1:-1], strict=True)
        around = [(before - start, start + n - before - m, 0) for start, (before, _), n, m in ends]
        total = total + lax.pad(part, jnp.zeros((), x.dtype), [(0, 0, 0), *around, (0, 0, 0)])
    return total


def pointwise_kernel_gradient(x: jax.Array, dy: jax.Array) -> jax.Array:
    """The sum over all pixels of x^T dy, of a window of one pixel: x [B, *space, I], dy [B, *space, O] -> [I, O]."""
    if dy.shape[-1] < x.shape[-1]:  # the left side is turned over: let it be the narrower
        return pointwise_kernel_gradient(dy, x).T
    parts = math.gcd(x.shape[0], _PARTS)
    x, dy = (a.reshape(parts, -1, a.shape[-1]) for a in (x, dy))
    return jnp.sum(lax.dot_general(x, dy, (((1,), (1,)), ((0,), (0,)))), axis=0)
