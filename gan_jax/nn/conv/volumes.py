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


def fits_phases(window: Sequence[int], dilation: Sequence[int]) -> bool:
    """Whether every place within a cell is made by as many weights: what `phases_conv` can compute."""
    return len(window) == 3 and all(k % d == 0 for k, d in zip(window, dilation, strict=True))


def phases_conv(plain: Callable, x: jax.Array, kernel: jax.Array, padding: Pairs, dilation: Sequence[int]) -> jax.Array:
    """A convolution of an image whose pixels stand `dilation` apart: x [B, *space, I], kernel [*window, I, O] ->
    [B, *space', O], as of XLA's with lhs_dilation and padding.

    All places within a cell are made by one plain convolution, as its channels: of one channel out, as in a generator's last
    layer, it has eight. plain: (x, kernel, padding) -> a convolution of stride 1.
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
    rank, sizes, inputs = len(window), dy.shape[1:-1], x.shape[-1]
    offsets = [-(-k // s) for k, s in zip(window, strides, strict=True)]
    lengths = [n + m - 1 for n, m in zip(sizes, offsets, strict=True)]  # of cells that are read
    ends = [(a, cells * s - a - n, 0) for a, cells, s, n in zip(before, lengths, strides, x.shape[1:-1], strict=True)]
    padded = lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), *ends, (0, 0, 0)])
    split = padded.reshape(x.shape[0], *(n for pair in zip(lengths, strides, strict=True) for n in pair), inputs)
    order = [0, *range(1, 2 * rank, 2), *range(2, 2 * rank + 1, 2), 2 * rank + 1]
    cells = split.transpose(order).reshape(x.shape[0], *lengths, math.prod(strides) * inputs)
    found = []
    for offset in itertools.product(*map(range, offsets)):
        seen = cells[(slice(None), *(slice(j, j + n) for j, n in zip(offset, sizes, strict=True)))]
        found.append(pointwise_kernel_gradient(seen, dy))
    whole = jnp.stack(found).reshape(*offsets, *strides, inputs, dy.shape[-1])
    order = [axis for i in range(rank) for axis in (i, rank + i)] + [2 * rank, 2 * rank + 1]
    whole = whole.transpose(order).reshape(*(m * s for m, s in zip(offsets, strides, strict=True)), *whole.shape[-2:])
    return whole[tuple(map(slice, window))]
