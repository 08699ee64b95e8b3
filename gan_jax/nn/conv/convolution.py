"""Convolution: plain, transposed, with a change of resolution, and as layers.

All networks' convolutions go through this file. `conv_by_platform` chooses their form where the program is compiled.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen
from jax import lax

from gan_jax.nn.conv.by_platform import conv_by_platform
from gan_jax.nn.conv.geometry import Geometry
from gan_jax.nn.conv.grouped import grouped_conv
from gan_jax.nn.conv.resample import downsample_mean, upsample_nearest
from gan_jax.nn.weights import Initializer, normal, weight

Padding = str | int | Sequence[tuple[int, int]]

# On TPUs, a convolution and a change of resolution are fused where the smaller image's side is at least this. Adding up the
# kernel over cells has a fixed cost, which smaller images do not earn back (measured at 16 images a core).
_LEAST_SIDE_TO_FUSE = 8


def conv(x: jax.Array, kernel: jax.Array, strides: int = 1, padding: Padding = "SAME", groups: int = 1) -> jax.Array:
    """Convolves images or volumes (as deep learning does: without flipping the kernel).

    x [B, *space, I], kernel [*window, I / groups, O] -> [B, *space', O]. `padding` is "SAME" (as TensorFlow pads), "VALID",
    the number of zeros on every side, or a (before, after) pair for each spatial axis. groups: the channels in and out
    stand in so many equal groups, and what comes out of one depends on the channels of that group alone.
    """
    space = x.ndim - 2
    if groups < 1 or x.shape[-1] % groups or kernel.shape[-1] % groups:
        raise ValueError(
            f"channels in and out are multiples of the groups, and {x.shape[-1]} and {kernel.shape[-1]} are none of {groups}"
        )
    if kernel.ndim != space + 2 or kernel.shape[-2] * groups != x.shape[-1]:
        inputs = "in" if groups == 1 else f"in / {groups}"
        raise ValueError(
            f"a kernel [*window, {inputs}, out] of shape {kernel.shape} does not fit images of shape {x.shape}"
        )
    if isinstance(padding, str):
        padding = lax.padtype_to_pads(x.shape[1:-1], kernel.shape[:space], (strides,) * space, padding)
    elif isinstance(padding, int):
        padding = ((padding, padding),) * space
    ones, around = (1,) * space, tuple((int(a), int(b)) for a, b in padding)
    geometry = Geometry((strides,) * space, around, lhs_dilation=ones, rhs_dilation=ones)
    return grouped_conv(x, kernel, geometry, groups) if groups > 1 else conv_by_platform(x, kernel, geometry)


def conv_transpose(x: jax.Array, kernel: jax.Array, strides: int = 2, padding: Padding = "SAME") -> jax.Array:
    """The transpose of a strided convolution: the layer that papers call deconvolution.

    x [B, *space, I], kernel [*window, I, O] -> [B, *space', O]. `padding` is that of the strided convolution, not of this
    one: "SAME" gives space' = strides * space; a number p gives (space - 1) * strides + window - 2p, as in PyTorch.
    The image is dilated by the strides and the kernel applied to it unflipped, as `lax.conv_transpose` does. PyTorch's and
    TensorFlow's kernels are this one flipped in space.
    """
    window = kernel.shape[:-2]
    if isinstance(padding, str):
        if padding != "SAME":
            raise ValueError(f"conv_transpose takes padding 'SAME' or a number, not {padding!r}")
        totals = [max(k - strides, 0) for k in window]
        pads = [(t // 2, t - t // 2) for t in totals]
        grow = [max(strides - k, 0) for k in window]
    else:
        pads = [(padding, padding)] * len(window) if isinstance(padding, int) else list(padding)
        grow = [0] * len(window)
    around = tuple((k - 1 - a, k - 1 - b + g) for k, (a, b), g in zip(window, pads, grow, strict=True))
    ones = (1,) * len(window)
    return conv_by_platform(x, kernel, Geometry(ones, around, lhs_dilation=(strides,) * len(window), rhs_dilation=ones))


def upsample_conv(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Nearest upsampling by two, then a convolution ("SAME"): x [B, *space, I], kernel [*window, I, O] with odd window ->
    [B, *(2 * space), O].

    The pixels of a cell of the enlarged image are equal, so the weights that meet one cell can be added up first. What is
    left is one transposed convolution, with 4/9 of the work for a window of 3. It is used on CPUs, and on TPUs for all but
    small images; GPUs take the two steps.
    """
    space = x.ndim - 2

    def fused(x, kernel):
        cells = _over_cells(kernel)
        around, ones = tuple((k // 2, k // 2) for k in cells.shape[:space]), (1,) * space
        return conv_by_platform(x, cells, Geometry(ones, around, lhs_dilation=(2,) * space, rhs_dilation=ones))

    in_two = lambda x, kernel: conv(upsample_nearest(x), kernel)
    on_tpu = fused if min(x.shape[1:-1]) >= _LEAST_SIDE_TO_FUSE else in_two
    return lax.platform_dependent(x, kernel, cpu=fused, tpu=on_tpu, default=in_two)


def unpool_conv(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Every pixel becomes the first of a cell of two whose others are zero, then a convolution ("SAME"): x [B, *space, I],
    kernel [*window, I, O] with odd window -> [B, *(2 * space), O]. compare_gan's upsampling (its resnet_ops.unpool).

    Both are one transposed convolution, which multiplies no zeros on CPUs and TPUs: a quarter of the work.
    """
    window, ones = kernel.shape[:-2], (1,) * (x.ndim - 2)
    around = tuple((k // 2, k // 2 + 1) for k in window)  # behind the last pixel, the rest of its cell too
    return conv_by_platform(x, kernel, Geometry(ones, around, lhs_dilation=(2,) * len(ones), rhs_dilation=ones))


def conv_downsample(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """A convolution ("SAME"), then the mean of every cell of two: x [B, *space, I], kernel [*window, I, O] with odd window
    -> [B, *(space / 2), O].

    Both are one strided convolution, whose kernel is the given one averaged over shifts within a cell: 4/9 of the work for
    a window of 3. On TPUs small images take the two steps.
    """
    space = x.ndim - 2
    if any(side % 2 for side in x.shape[1:-1]):
        raise ValueError(f"halving an image needs even sides; got {x.shape}")
    around = tuple((k // 2, k // 2) for k in kernel.shape[:space])
    fused = lambda x, kernel: conv(x, _over_cells(kernel) / 2**space, strides=2, padding=around)
    in_two = lambda x, kernel: downsample_mean(conv(x, kernel))
    on_tpu = fused if min(x.shape[1:-1]) >= 2 * _LEAST_SIDE_TO_FUSE else in_two
    return lax.platform_dependent(x, kernel, tpu=on_tpu, default=fused)


_RESAMPLED = {"up": upsample_conv, "unpool": unpool_conv, "down": conv_downsample}


def _over_cells(kernel: jax.Array) -> jax.Array:
    """The kernel's sum over all shifts within a cell of two: its window is one larger along every axis."""
    rank = kernel.ndim
    for axis in range(rank - 2):
        around = lambda pads, axis=axis: [pads if a == axis else (0, 0) for a in range(rank)]
        kernel = jnp.pad(kernel, around((0, 1))) + jnp.pad(kernel, around((1, 0)))
    return kernel


class Conv(linen.Module):
    """A convolution with bias: [B, *space, I] -> [B, *space', features]. `scheme` and `gain` as in `weights.weight`.

    resample: None; "up", nearest upsampling by two before it; "unpool", compare_gan's upsampling by zeros before it; "down",
        the mean of cells of two after it. The bias is the same at every pixel of the result.
    groups: as in `conv`; neither for a transposed convolution nor for one that resamples.
    """

    features: int
    kernel: Sequence[int] = (3, 3)
    strides: int = 1
    padding: Padding = "SAME"
    use_bias: bool = True
    scheme: str | None = None
    gain: float = math.sqrt(2)
    kernel_init: Initializer = normal()
    dtype: Any = None
    resample: str | None = None
    groups: int = 1

    transpose = False

    @linen.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        if self.groups != 1 and (self.transpose or self.resample):
            raise ValueError(
                "groups are for plain convolutions: neither for transposed ones nor for those that resample"
            )
        shape = (*self.kernel, x.shape[-1] // self.groups, self.features)
        kernel = weight(self, "kernel", self.kernel_init, shape, self.scheme, math.prod(shape[:-1]), self.gain)
        dtype = self.dtype or x.dtype
        if self.resample is not None:
            if self.resample not in _RESAMPLED:
                raise ValueError(f"resample is 'up', 'unpool', 'down' or None, not {self.resample!r}")
            if self.strides != 1 or self.padding != "SAME" or not all(k % 2 for k in self.kernel):
                raise ValueError("a convolution that resamples has an odd window, stride 1 and padding 'SAME'")
            y = _RESAMPLED[self.resample](x.astype(dtype), kernel.astype(dtype))
        else:
            apply = conv_transpose if self.transpose else functools.partial(conv, groups=self.groups)
            y = apply(x.astype(dtype), kernel.astype(dtype), self.strides, self.padding)
        if self.use_bias:
            bias = self.param("bias", linen.initializers.zeros, (self.features,))
            y = y + bias.astype(dtype).reshape((1,) * (y.ndim - 1) + (-1,))
        return y


class ConvTranspose(Conv):
    """The transposed convolution: [B, *space, I] -> [B, *(strides * space), features] with "SAME" padding."""

    kernel: Sequence[int] = (4, 4)
    strides: int = 2

    transpose = True
