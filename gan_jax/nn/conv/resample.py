"""Changes of resolution by a factor of two, and the blur that goes with them. Images [B, H, W, C] or volumes.

None of these is a gather, and none has a scatter for a gradient.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax import lax


def upsample_nearest(x: jax.Array) -> jax.Array:
    """Every pixel becomes a cell of equal ones: [B, *space, C] -> [B, *(2 * space), C]."""
    batch, *space, channels = x.shape
    pixels = [n for side in space for n in (side, 1)]  # H, 1, W, 1
    cells = [n for side in space for n in (side, 2)]
    x = jnp.broadcast_to(x.reshape(batch, *pixels, channels), (batch, *cells, channels))
    return x.reshape(batch, *(2 * side for side in space), channels)


def upsample_bilinear(x: jax.Array) -> jax.Array:
    """Nearest neighbours, then the blur: [B, *space, C] -> [B, *(2 * space), C]. StyleGAN's.

    Inside the image this is linear interpolation; beyond its edge lie zeros, so the outermost pixels are 3/4 as bright.
    """
    return blur(upsample_nearest(x))


def downsample_bilinear(x: jax.Array) -> jax.Array:
    """The blur, then the mean of every cell: [B, *space, C] -> [B, *(space / 2), C]. The filter [1, 3, 3, 1] along each axis.

    A quarter of the transpose of `upsample_bilinear`, for images; beyond the edge lie zeros. Raises ValueError for an odd side.
    """
    for axis in range(1, x.ndim - 1):
        x = _halved(x, axis)
    return x


def _halved(x: jax.Array, axis: int) -> jax.Array:
    """[1, 3, 3, 1] / 8 of every two pixels and their neighbours along an axis, zeros beyond the edge."""
    first, second = (lax.index_in_dim(_cells(x, (axis,))[0], i, axis + 1, keepdims=False) for i in (0, 1))
    moved = lambda x, by: lax.pad(
        x, jnp.zeros((), x.dtype), [(by * (a == axis), -by * (a == axis), 0) for a in range(x.ndim)]
    )
    return (3 * (first + second) + moved(second, 1) + moved(first, -1)) / 8


def upsample_interpolated(x: jax.Array) -> jax.Array:
    """Linear interpolation between pixels' centres, the edge repeated: [B, *space, C] -> [B, *(2 * space), C].

    PyTorch's interpolate(mode="bilinear", align_corners=False). Torch-mimicry's.
    """
    for axis in range(1, x.ndim - 1):
        side = x.shape[axis]
        part = lambda a, b, x=x, axis=axis: lax.slice_in_dim(x, a, b, axis=axis)
        before = jnp.concatenate([part(0, 1), part(0, side - 1)], axis)
        after = jnp.concatenate([part(1, side), part(side - 1, side)], axis)
        pairs = jnp.stack([0.75 * x + 0.25 * before, 0.75 * x + 0.25 * after], axis + 1)
        x = pairs.reshape(*x.shape[:axis], 2 * side, *x.shape[axis + 1 :])
    return x


def downsample_mean(x: jax.Array) -> jax.Array:
    """The mean of every cell: [B, *space, C] -> [B, *(space / 2), C]. Raises ValueError for an odd side."""
    return jnp.mean(*_cells(x))


def downsample_max(x: jax.Array, ceil: bool = False) -> jax.Array:
    """The maximum of every cell: [B, *space, C] -> [B, *(space / 2), C]. Where a cell has several maxima they share the
    gradient equally.

    ceil: the last pixel of an odd side is a cell of its own, as in PyTorch's ceil_mode; without it an odd side is a
    ValueError.
    """
    if ceil and any(side % 2 for side in x.shape[1:-1]):
        x = jnp.pad(x, [(0, 0), *((0, side % 2) for side in x.shape[1:-1]), (0, 0)], mode="edge")
    return jnp.max(*_cells(x))


def _cells(x: jax.Array, along: Sequence[int] | None = None) -> tuple[jax.Array, tuple[int, ...]]:
    """[B, H, W, C] -> [B, H / 2, 2, W / 2, 2, C], and the axes that run through a cell. along: spatial axes, None: all."""
    along = range(1, x.ndim - 1) if along is None else along
    if any(x.shape[axis] % 2 for axis in along):
        raise ValueError(f"halving an image needs even sides; got {x.shape}")
    split = [n for axis, side in enumerate(x.shape) for n in ((side // 2, 2) if axis in along else (side,))]
    return x.reshape(split), tuple(axis + 1 + i for i, axis in enumerate(along))


def sum_pool(x: jax.Array) -> jax.Array:
    """The sum over all pixels: [B, *space, C] -> [B, C]. SNGAN's and BigGAN's global pooling."""
    return jnp.sum(x, tuple(range(1, x.ndim - 1)))


def blur(x: jax.Array, filter: Sequence[float] = (1, 2, 1)) -> jax.Array:
    """Every channel convolved with the filter along each spatial axis: [B, *space, C] -> the same.

    The filter is of odd length (ValueError if not) and is divided by its sum. Beyond the edge lie zeros.
    """
    if len(filter) % 2 == 0:
        raise ValueError(f"a blur that keeps the image's place needs a filter of odd length, not {tuple(filter)}")
    return filtered(x, filter, len(filter) // 2)


def filtered(x: jax.Array, filter: Sequence[float], padding: int, gain: float = 1.0) -> jax.Array:
    """Every channel convolved with the filter along each spatial axis, of which the result is times `gain` an axis.

    x [B, *space, C] -> [B, *(space + 2 * padding - len(filter) + 1), C]. The filter is divided by its sum.
    """
    filter = [gain * weight / sum(filter) for weight in filter]
    for axis in range(1, x.ndim - 1):
        side = x.shape[axis] + 2 * padding - len(filter) + 1
        around = [(padding, padding) if a == axis else (0, 0) for a in range(x.ndim)]
        padded = jnp.pad(x, around)
        shifted = [lax.slice_in_dim(padded, k, k + side, axis=axis) for k in range(len(filter))]
        # A convolution flips the filter: the last weight meets the first shift.
        weighted = (s * w for s, w in zip(shifted, reversed(filter), strict=True))
        x = functools.reduce(operator.add, weighted)
    return x
