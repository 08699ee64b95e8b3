"""A convolution and its kernel gradient as matrix products: the forms that XLA's CPU backend computes fast.

XLA:CPU computes a kernel gradient slowly, and inside `lax.scan` or `lax.cond` some fifty times more slowly still; it is
also slow where an image has few channels. A window of K offsets turns P pixels of I channels into a matrix of columns
[P, K * I], and either operation into one product with it. Columns are made for whichever side has fewer channels, and
for so few images at a time that they stay in the cache.
"""

from __future__ import annotations

import itertools
import math

import jax
import jax.numpy as jnp
from jax import lax

_CACHE_BYTES = 4 << 20  # columns made at a time
_NARROW = 8  # channels up to which products beat XLA's convolution

Pairs = tuple[tuple[int, int], ...]


def prefers_products(x_shape: tuple, kernel_shape: tuple, strides: tuple, padding: Pairs, dilation: tuple) -> bool:
    """Whether `product_conv` takes this convolution, and is the faster form on a CPU."""
    *window, inputs, outputs = kernel_shape
    plain = all(s == 1 for s in (*strides, *dilation))
    if math.prod(window) == 1:
        return plain and not any(map(any, padding))
    return plain and (inputs <= _NARROW // 2 or outputs <= _NARROW)


def product_conv(x: jax.Array, kernel: jax.Array, padding: Pairs) -> jax.Array:
    """A plain convolution (stride 1): x [B, *space, I], kernel [*window, I, O] -> [B, *space', O]."""
    *window, inputs, outputs = kernel.shape
    if inputs <= outputs:
        columns = _columns(x, window, padding, (1,) * len(window), _output_shape(x, window, padding))
        return _product(columns, kernel.reshape(-1, outputs))
    # Few outputs: multiply every pixel by every offset's matrix first, then add up the shifted results.
    whole = jnp.moveaxis(kernel.reshape(-1, inputs, outputs), 0, 1).reshape(inputs, -1)  # [I, K * O]
    products = _product(x, whole)
    shape = _output_shape(x, window, padding)
    total = 0.0
    for index, offset in enumerate(itertools.product(*map(range, window))):
        part = products[..., index * outputs : (index + 1) * outputs]
        total = total + _shifted(part, offset, padding, (1,) * len(window), shape)
    return total


def product_kernel_gradient(
    x: jax.Array, dy: jax.Array, window: tuple[int, ...], strides: tuple, padding: Pairs, dilation: tuple
) -> jax.Array:
    """dkernel[w] = sum over pixels p of x[p * strides + w - before]^T dy[p]: [*window, I, O].

    x [B, *space, I] is spread by `dilation` and padded before it is read; dy [B, *space', O].
    """
    if any(s > 1 for s in strides) and any(d > 1 for d in dilation):
        raise ValueError("a convolution is either strided or dilated")
    inputs, outputs, offsets = x.shape[-1], dy.shape[-1], math.prod(window)
    spread = any(d > 1 for d in dilation)
    plain = len(window) == 2 and all(n == 1 for n in (*strides, *dilation))
    if plain and inputs + outputs < 3 * min(inputs, outputs):
        return _split_kernel_gradient(x, dy, window, padding)
    of_dy = spread or (all(s == 1 for s in strides) and outputs <= inputs)  # a spread image is mostly zeros: read dy

    def part(x: jax.Array, dy: jax.Array) -> jax.Array:
        if of_dy:
            around = tuple((k - 1 - before, 0) for k, (before, _) in zip(window, padding, strict=True))
            columns = _columns(dy, window, around, dilation, x.shape[1:-1], reverse=True)
            grad = _contract_pixels(x, columns).reshape(inputs, offsets, outputs)
            return jnp.swapaxes(grad, 0, 1)
        columns = _columns(x, window, padding, strides, dy.shape[1:-1])
        return _contract_pixels(columns, dy).reshape(offsets, inputs, outputs)

    pixels, channels = (x.shape[1:-1], outputs) if of_dy else (dy.shape[1:-1], inputs)
    an_image = math.prod(pixels) * channels * offsets * x.dtype.itemsize
    steps = dilation if spread else strides
    if an_image > _CACHE_BYTES and max(steps) > 1 and not any(k % s for k, s in zip(window, steps, strict=True)):
        if not spread:
            return _strided_kernel_gradient(x, dy, window, strides, padding)
        # Where x is spread, dy is what is read in steps: the same with the window turned and the two exchanged.
        around = tuple((k - 1 - before, 0) for k, (before, _) in zip(window, padding, strict=True))
        turned = _strided_kernel_gradient(dy, x, window, dilation, around)
        return jnp.swapaxes(jnp.flip(turned, range(len(window))), -1, -2)
    chunks = _chunks(x.shape[0], an_image)
    if chunks == 1:
        grad = part(x, dy)
    else:
        split = lambda a: a.reshape(chunks, -1, *a.shape[1:])
        zero = jnp.zeros((offsets, inputs, outputs), x.dtype)
        grad, _ = lax.scan(lambda total, pair: (total + part(*pair), None), zero, (split(x), split(dy)))
    return grad.reshape(*window, inputs, outputs)


def _strided_kernel_gradient(x, dy, window, strides, padding):
    """The same where the strides divide the window: the pixels of a stride become channels, and the stride is 1.

    For images of which the columns of a single one leave the cache: there are as many times fewer.
    """
    batch, *space, inputs = x.shape
    fewer = tuple(k // s for k, s in zip(window, strides, strict=True))
    cells = [n + k - 1 for n, k in zip(dy.shape[1:-1], fewer, strict=True)]
    ends = zip(padding, cells, strides, space, strict=True)
    config = [(before, cell * step - before - n, 0) for (before, _), cell, step, n in ends]
    x = lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), *config, (0, 0, 0)])
    n = len(window)
    pairs = [side for pair in zip(cells, strides, strict=True) for side in pair]
    x = x.reshape(batch, *pairs, inputs).transpose(0, *range(1, 2 * n, 2), *range(2, 2 * n + 1, 2), 2 * n + 1)
    x = x.reshape(batch, *cells, -1)
    ones = (1,) * n
    grad = product_kernel_gradient(x, dy, fewer, ones, ((0, 0),) * n, ones)
    grad = grad.reshape(*fewer, *strides, inputs, -1)
    order = [axis for i in range(n) for axis in (i, n + i)]
    return grad.transpose(*order, 2 * n, 2 * n + 1).reshape(*window, inputs, -1)


def _split_kernel_gradient(x: jax.Array, dy: jax.Array, window: tuple[int, ...], padding: Pairs) -> jax.Array:
    """The same with the rows' offsets beside x and the columns' beside dy: 6 shifted copies for a 3 x 3 window, not 9."""
    (height, width), ((above, _), (left, _)) = window, padding
    inputs, outputs, shape = x.shape[-1], dy.shape[-1], (dy.shape[1], x.shape[2])  # dy's rows, x's columns

    def part(x: jax.Array, dy: jax.Array) -> jax.Array:
        x = _columns(x, (height, 1), ((above, 0), (0, 0)), (1, 1), shape)
        dy = _columns(dy, (1, width), ((0, 0), (width - 1 - left, 0)), (1, 1), shape, reverse=True)
        return _contract_pixels(x, dy)  # [height * I, width * O]

    columns = height * inputs + width * outputs
    chunks = _chunks(x.shape[0], math.prod(shape) * columns * x.dtype.itemsize)
    split = lambda a: a.reshape(chunks, -1, *a.shape[1:])
    zero = jnp.zeros((height * inputs, width * outputs), x.dtype)
    grad, _ = lax.scan(lambda total, pair: (total + part(*pair), None), zero, (split(x), split(dy)))
    return jnp.swapaxes(grad.reshape(height, inputs, width, outputs), 1, 2)


def _chunks(batch: int, bytes_an_image: int) -> int:
    """Into how many equal parts to cut a batch so that the columns of one stay in the cache."""
    fits = [n for n in range(1, batch + 1) if batch % n == 0 and batch // n * bytes_an_image <= _CACHE_BYTES]
    return fits[0] if fits else max(batch, 1)


def _output_shape(x, window, padding):
    return tuple(n + a + b - k + 1 for n, k, (a, b) in zip(x.shape[1:-1], window, padding, strict=True))


def _product(x, matrix):
    return lax.dot_general(x, matrix, (((x.ndim - 1,), (0,)), ((), ())))


def _contract_pixels(a, b):
    axes = tuple(range(a.ndim - 1))
    return lax.dot_general(a, b, ((axes, axes), ((), ())))


def _columns(x, window, padding, steps, shape, reverse=False):
    """The pixels under every offset of the window, side by side: [B, *shape, K * C]."""
    offsets = itertools.product(*(range(k - 1, -1, -1) if reverse else range(k) for k in window))
    return jnp.concatenate([_shifted(x, offset, padding, steps, shape) for offset in offsets], axis=-1)


def _shifted(x, offset, padding, steps, shape):
    """x padded (a negative padding crops), read from `offset` every `steps`, `shape` times along each spatial axis."""
    config = [(0, 0, 0)]
    for axis, (start, (before, _), step, count) in enumerate(zip(offset, padding, steps, shape, strict=True)):
        end = start + (count - 1) * step + 1  # one past the last pixel read, counted in padded pixels
        config.append((before - start, end - before - x.shape[1 + axis], 0))
    x = lax.pad(x, jnp.zeros((), x.dtype), [*config, (0, 0, 0)])
    return lax.slice(x, (0,) * x.ndim, x.shape, (1, *steps, 1))
