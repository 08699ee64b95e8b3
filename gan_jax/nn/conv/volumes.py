"""Convolutions of volumes with strides, in the forms that XLA's CPU backend computes fast.

A cell of stride^3 voxels becomes the channels of one, so what is left is plain convolutions and matrix products.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from jax import lax

from gan_jax.nn.conv.products import pointwise_kernel_gradient

Pairs = tuple[tuple[int, int], ...]


_FEW = 8  # channels out up to which single places of a cell are faster, as products
_FEW_IN = 4  # channels in up to which a window's rows are one product


def prefers_phases(kernel_shape: Sequence[int], dilation: Sequence[int]) -> bool:
    """Whether `phases_conv` is the faster form on a CPU: of volumes, where every place within a cell is made by as many
    weights. kernel_shape: [*window, I, O].
    """
    *window, _, outputs = kernel_shape
    return len(window) == 3 and outputs > _FEW and all(k % d == 0 for k, d in zip(window, dilation, strict=True))


def phases_conv(plain: Callable, x: jax.Array, kernel: jax.Array, padding: Pairs, dilation: Sequence[int]) -> jax.Array:
    """A convolution of an image whose pixels stand `dilation` apart: x [B, *space, I], kernel [*window, I, O] ->
    [B, *space', O], as of XLA's with lhs_dilation and padding.

    All places within a cell are made by one plain convolution, as its channels. The dilation divides the window. plain: (x,
    kernel, padding) -> a convolution of stride 1.
    """
    window, sizes, outputs = kernel.shape[:-2], x.shape[1:-1], kernel.shape[-1]
    axes = list(zip(dilation, padding, sizes, window, strict=True))
    counts = [(n - 1) * d + 1 + a + b - k + 1 for d, (a, b), n, k in axes]
    wholes = [-(-count // d) for count, d in zip(counts, dilation, strict=True)]
    # Along an axis, output pixel d q + r meets the weights first, first + d, ... at input pixels q - start, q - start + 1, ...
    firsts = [[(a - r) % d for r in range(d)] for d, (a, _), _, _ in axes]
    starts = [
        [(a - r - first) // d for r, first in enumerate(own)]
        for (d, (a, _), _, _), own in zip(axes, firsts, strict=True)
    ]
    remainders = list(itertools.product(*map(range, dilation)))
    kernels = [
        kernel[tuple(slice(own[r], None, d) for own, r, d in zip(firsts, remainder, dilation, strict=True))]
        for remainder in remainders
    ]
    around = []
    for own, whole, n, k, d in zip(starts, wholes, sizes, window, dilation, strict=True):
        made = whole + max(own) - min(own)
        around.append((max(own), made - 1 + k // d - max(own) - n))
    made = plain(x, jnp.concatenate(kernels, -1), tuple(around))
    parts = []
    for i, remainder in enumerate(remainders):
        at = [max(own) - own[r] for own, r in zip(starts, remainder, strict=True)]
        spaces = tuple(slice(a, a + whole) for a, whole in zip(at, wholes, strict=True))
        parts.append(made[(slice(None), *spaces, slice(i * outputs, (i + 1) * outputs))])
    rank = len(sizes)
    cells = jnp.stack(parts, axis=1 + rank).reshape(x.shape[0], *wholes, *dilation, outputs)
    order = [0, *(axis for i in range(rank) for axis in (1 + i, 1 + rank + i)), 1 + 2 * rank]
    whole = cells.transpose(order).reshape(x.shape[0], *(w * d for w, d in zip(wholes, dilation, strict=True)), outputs)
    return whole[(slice(None), *map(slice, counts))]


def strided_kernel_gradient(
    x: jax.Array, window: Sequence[int], dy: jax.Array, before: Sequence[int], strides: Sequence[int]
) -> jax.Array:
    """dkernel[w] = sum over pixels p of x[strides * p + w - before]^T dy[p]: [*window, I, O], by matrix products.

    x [B, *space, I], dy [B, *space', O].
    """
    rank, inputs = len(window), x.shape[-1]
    offsets, seen = _cells_by_offset(x, window, dy.shape[1:-1], before, strides)
    found = [pointwise_kernel_gradient(each, dy) for each in seen]
    whole = jnp.stack(found).reshape(*offsets, *strides, inputs, dy.shape[-1])
    order = [axis for i in range(rank) for axis in (i, rank + i)] + [2 * rank, 2 * rank + 1]
    whole = whole.transpose(order).reshape(*(m * s for m, s in zip(offsets, strides, strict=True)), *whole.shape[-2:])
    return whole[tuple(map(slice, window))]


def prefers_cells(kernel_shape: Sequence[int]) -> bool:
    """Whether `cells_conv` is the faster form of a strided convolution on a CPU. kernel_shape: [*window, I, O]."""
    return len(kernel_shape) == 5 and kernel_shape[-2] <= _FEW_IN


def cells_conv(x: jax.Array, kernel: jax.Array, padding: Pairs, strides: Sequence[int]) -> jax.Array:
    """A convolution with strides, of few channels in: x [B, *space, I], kernel [*window, I, O] -> [B, *space', O].

    All that a window sees becomes the channels of one voxel, so it is one matrix product.
    """
    *window, inputs, outputs = kernel.shape
    axes = zip(x.shape[1:-1], window, strides, padding, strict=True)
    sizes = [(n + a + b - k) // s + 1 for n, k, s, (a, b) in axes]
    offsets, seen = _cells_by_offset(x, window, sizes, [a for a, _ in padding], strides)
    rank = len(window)
    ends = [(0, m * s - k, 0) for m, s, k in zip(offsets, strides, window, strict=True)]
    split = lax.pad(kernel, jnp.zeros((), kernel.dtype), [*ends, (0, 0, 0), (0, 0, 0)])
    split = split.reshape(*(n for pair in zip(offsets, strides, strict=True) for n in pair), inputs, outputs)
    order = [*range(0, 2 * rank, 2), *range(1, 2 * rank, 2), 2 * rank, 2 * rank + 1]
    weights = split.transpose(order).reshape(-1, outputs)  # [offsets, cell, I] as rows
    rows = jnp.concatenate(seen, -1)
    return (rows.reshape(-1, rows.shape[-1]) @ weights).reshape(*rows.shape[:-1], outputs)


def _cells_by_offset(
    x: jax.Array, window: Sequence[int], sizes: Sequence[int], before: Sequence[int], strides: Sequence[int]
) -> tuple[list[int], list[jax.Array]]:
    """How many cells a window takes along each axis, and, for each of these, what `sizes` windows see of it.

    x [B, *space, I] -> arrays [B, *sizes, cell * I].
    """
    rank, inputs = len(window), x.shape[-1]
    offsets = [-(-k // s) for k, s in zip(window, strides, strict=True)]
    lengths = [n + m - 1 for n, m in zip(sizes, offsets, strict=True)]
    ends = [(a, cells * s - a - n, 0) for a, cells, s, n in zip(before, lengths, strides, x.shape[1:-1], strict=True)]
    padded = lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), *ends, (0, 0, 0)])
    split = padded.reshape(x.shape[0], *(n for pair in zip(lengths, strides, strict=True) for n in pair), inputs)
    order = [0, *range(1, 2 * rank, 2), *range(2, 2 * rank + 1, 2), 2 * rank + 1]
    cells = split.transpose(order).reshape(x.shape[0], *lengths, math.prod(strides) * inputs)
    places = itertools.product(*map(range, offsets))
    spaces = lambda place: (slice(j, j + n) for j, n in zip(place, sizes, strict=True))
    return offsets, [cells[(slice(None), *spaces(place))] for place in places]
