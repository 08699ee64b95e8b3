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


@jax.custom_vjp
def upsample_bilinear(x: jax.Array) -> jax.Array:
    """The filter [1, 3, 3, 1] along each axis of an image with zeros between: [B, *space, C] -> [B, *(2 * space), C]. StyleGAN's.

    Inside the image this is linear interpolation; beyond its edge lie zeros, so the outermost pixels are 3/4 as bright.
    It is the blur of nearest neighbours.
    """
    for axis in range(1, x.ndim - 1):
        pairs = jnp.stack([(3 * x + _moved(x, axis, 1)) / 4, (3 * x + _moved(x, axis, -1)) / 4], axis + 1)
        x = pairs.reshape(*x.shape[:axis], 2 * x.shape[axis], *x.shape[axis + 1 :])
    return x


@jax.custom_vjp
def downsample_bilinear(x: jax.Array) -> jax.Array:
    """The blur, then the mean of every cell: [B, *space, C] -> [B, *(space / 2), C]. The filter [1, 3, 3, 1] along each axis.

    Over the cells of an image, a quarter of the transpose of `upsample_bilinear`; beyond the edge lie zeros. Raises ValueError
    for an odd side.
    """
    for axis in range(1, x.ndim - 1):
        x = _halved(x, axis)
    return x


# Each is the other's transpose, but for a factor. Told so, CPUs compute gradients up to ten times as fast.
upsample_bilinear.defvjp(
    lambda x: (upsample_bilinear(x), None), lambda _, slope: (downsample_bilinear(slope) * 2 ** (slope.ndim - 2),)
)
downsample_bilinear.defvjp(
    lambda x: (downsample_bilinear(x), None), lambda _, slope: (upsample_bilinear(slope) / 2 ** (slope.ndim - 2),)
)


def _moved(x: jax.Array, axis: int, by: int) -> jax.Array:
    """x moved along an axis by so many pixels, zeros where nothing comes from."""
    padded = jnp.pad(x, [(max(by, 0) * (a == axis), max(-by, 0) * (a == axis)) for a in range(x.ndim)])
    return lax.slice_in_dim(padded, max(-by, 0), max(-by, 0) + x.shape[axis], axis=axis)


def _halved(x: jax.Array, axis: int) -> jax.Array:
    """[1, 3, 3, 1] / 8 of every two pixels and their neighbours along an axis, zeros beyond the edge."""
    first, second = (lax.index_in_dim(_cells(x, (axis,))[0], i, axis + 1, keepdims=False) for i in (0, 1))
    return (3 * (first + second) + _moved(second, axis, 1) + _moved(first, axis, -1)) / 8


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
    weights = tuple(gain * weight / sum(filter) for weight in filter)
    # A convolution flips the filter: the last weight meets the first shift.
    return _shifts_added(x, weights[::-1], padding)


@functools.partial(jax.custom_vjp, nondiff_argnums=(1, 2))
def _shifts_added(x: jax.Array, weights: tuple[float, ...], padding: int) -> jax.Array:
    """Along each spatial axis of x, with `padding` zeros around: the sum over k of weights[k] times x moved by k."""
    for axis in range(1, x.ndim - 1):
        side = x.shape[axis] + 2 * padding - len(weights) + 1
        around = [(max(padding, 0) * (a == axis),) * 2 for a in range(x.ndim)]
        cropped = lax.slice_in_dim(x, max(-padding, 0), x.shape[axis] - max(-padding, 0), axis=axis)
        padded = jnp.pad(cropped, around)
        shifted = (lax.slice_in_dim(padded, k, k + side, axis=axis) for k in range(len(weights)))
        x = functools.reduce(operator.add, (s * w for s, w in zip(shifted, weights, strict=True)))
    return x


def _forward(x, weights, padding):
    return _shifts_added(x, weights, padding), None


def _backward(weights, padding, _, slope):
    # The transpose is a filter too. Told so, CPUs compute it as fast; as a sum of padded slopes it takes them twice as long.
    return (_shifts_added(slope, weights[::-1], len(weights) - 1 - padding),)


_shifts_added.defvjp(_forward, _backward)
