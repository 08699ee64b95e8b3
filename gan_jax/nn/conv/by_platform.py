"""A convolution in the form that is fast where it is compiled, with gradients of any order.

XLA has one convolution for all uses, and its backends differ in what they do well:

- GPUs, and TPUs from v5 on, get XLA's own throughout.
- CPUs are slow at few output channels, which `products` computes by matrix products, and at kernel gradients, whose axes
  are put in the usual order first.
- CPUs, and TPUs before v5, multiply the zeros of a dilated image (one whose pixels stand apart, with zeros between them: a
  transposed convolution reads one, and so does the gradient of a strided one). They get the sub-pixel form, which has no
  zeros: one plain convolution for each place of an output pixel within a stride. TPUs get it where channels are many.

The choice is made where the program is compiled, so the same step runs everywhere.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from jax import lax
from jax.experimental.xla_metadata import set_xla_metadata

from gan_jax.nn.conv.geometry import Geometry, dilates, dilates_the_image, geometry_to, is_plain
from gan_jax.nn.conv.products import is_pointwise, pointwise_kernel_gradient, prefers_products, product_conv
from gan_jax.nn.conv.volumes import cells_conv, phases_conv, prefers_cells, prefers_phases, strided_kernel_gradient

_LANES = 128  # of a TPU's vector: sub-pixel images of fewer channels leave lanes empty, and cost more to put together


# Layers of one shape are traced once: a choice among platforms, and its derivatives, take long to trace. Whatever a trace
# depends on is an argument.
_traced_once = functools.partial(jax.jit, inline=True, static_argnames=("geometry", "tpu_skips_zeros"))


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def conv_by_platform(x: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    """x [B, *space, I], kernel [*window, I, O] -> [B, *space', O]."""
    return _chosen(x, kernel, geometry=geometry, tpu_skips_zeros=_tpu_skips_zeros())


@_traced_once
def _chosen(x, kernel, *, geometry, tpu_skips_zeros):
    by_xla = functools.partial(xla_conv, geometry=geometry)
    if dilates_the_image(geometry):
        on_cpu = functools.partial(_subpixel_conv, _conv_on_cpu, unfused, geometry=geometry)
        if prefers_phases(kernel.shape, geometry.lhs_dilation):
            on_cpu = functools.partial(_in_cells_on_cpu, geometry=geometry)
        on_tpu = functools.partial(_subpixel_conv, xla_conv, lambda join, *parts: join(*parts), geometry=geometry)
        if tpu_skips_zeros or kernel.shape[-1] < _LANES:
            on_tpu = by_xla
        return lax.platform_dependent(x, kernel, cpu=on_cpu, tpu=on_tpu, default=by_xla)
    if prefers_cells(kernel.shape) and max(geometry.strides) > 1 and not dilates(geometry):
        on_cpu = functools.partial(cells_conv, padding=geometry.padding, strides=geometry.strides)
        return lax.platform_dependent(x, kernel, cpu=on_cpu, default=by_xla)
    if not _takes_products(x, kernel, geometry):
        return by_xla(x, kernel)
    on_cpu = functools.partial(product_conv, padding=geometry.padding)
    return lax.platform_dependent(x, kernel, cpu=on_cpu, default=by_xla)


def _conv_on_cpu(x, kernel, geometry):
    if _takes_products(x, kernel, geometry):
        return product_conv(x, kernel, geometry.padding)
    return xla_conv(x, kernel, geometry)


def _takes_products(x, kernel, geometry):
    return is_plain(geometry) and prefers_products(x.shape, kernel.shape, geometry.padding)


def _tpu_skips_zeros() -> bool:
    """Whether the device spends no time on the zeros of a dilated image: TPUs from v5 on, by their compiler's cycles."""
    device = jax.sharding.get_abstract_mesh().abstract_device or jax.devices()[0]
    return re.match(r"TPU v[234]\b", device.device_kind) is None


def xla_conv(x: jax.Array, kernel: jax.Array, geometry: Geometry, groups: int = 1) -> jax.Array:
    """XLA's own convolution: x [B, *space, I], kernel [*window, I / groups, O] -> [B, *space', O]."""
    space = "DHW"[-(x.ndim - 2) :]
    return lax.conv_general_dilated(
        x,
        kernel,
        window_strides=geometry.strides,
        padding=geometry.padding,
        lhs_dilation=geometry.lhs_dilation,
        rhs_dilation=geometry.rhs_dilation,
        dimension_numbers=(f"N{space}C", f"{space}IO", f"N{space}C"),
        feature_group_count=groups,
    )


def _in_cells_on_cpu(x, kernel, geometry):
    plain = lambda x, kernel, around: _conv_on_cpu(x, kernel, geometry._replace(padding=around, lhs_dilation=(1,) * 3))
    return phases_conv(plain, x, kernel, geometry.padding, geometry.lhs_dilation)


def _subpixel_conv(plain, call, x, kernel, geometry):
    """A convolution of a dilated image, computed without its zeros (the sub-pixel form; Shi et al., arXiv:1609.07009).

    Along an axis dilated by d, output pixel d q + r meets pixels of the image at every d-th weight of the window, from
    weight (before - r) mod d on; which weights these are depends on r alone. So the pixels of each remainder r are one
    convolution of the image with a part of the window. `plain` computes it; `call(join, *parts)` interleaves the results.
    """
    _, padding, dilation, ones = geometry
    window, sizes = kernel.shape[:-2], x.shape[1:-1]
    counts = [(n - 1) * d + 1 + a + b - k + 1 for n, d, (a, b), k in zip(sizes, dilation, padding, window, strict=True)]
    wholes = [
        -(-count // d) for count, d in zip(counts, dilation, strict=True)
    ]  # output pixels of a remainder, at most
    remainders, parts = list(itertools.product(*map(range, dilation))), []
    for remainder in remainders:
        weights, around = kernel, []
        axes = zip(remainder, dilation, padding, sizes, wholes, strict=True)
        for axis, (r, d, (before, _), n, whole) in enumerate(axes):
            first = (before - r) % d
            weights = lax.slice_in_dim(weights, min(first, weights.shape[axis]), None, d, axis)
            start = (before - r - first) // d
            around.append((start, whole - 1 + weights.shape[axis] - start - n))
        if weights.size:
            parts.append(plain(x, weights, geometry=Geometry(ones, tuple(around), ones, ones)))
        else:  # the window is narrower than the dilation: these pixels see zeros only
            parts.append(jnp.zeros((x.shape[0], *wholes, kernel.shape[-1]), x.dtype))

    def join(*parts):
        dilated = []
        for remainder, part in zip(remainders, parts, strict=True):
            places = [(r, d - 1 - r, d - 1) for r, d in zip(remainder, dilation, strict=True)]
            dilated.append(lax.pad(part, jnp.zeros((), x.dtype), [(0, 0, 0), *places, (0, 0, 0)]))
        return functools.reduce(jnp.add, dilated)[(slice(None), *map(slice, counts))]

    return call(join, *parts)


def _conv_forward(x, kernel, geometry):
    return conv_by_platform(x, kernel, geometry), (x, kernel)


def _conv_backward(geometry, residuals, dy):
    return _gradients(*residuals, dy, geometry=geometry, tpu_skips_zeros=_tpu_skips_zeros())


@_traced_once
def _gradients(x, kernel, dy, *, geometry, tpu_skips_zeros):
    return image_gradient(x.shape[1:-1], kernel, dy, geometry), kernel_gradient(x, kernel.shape[:-2], dy, geometry)


conv_by_platform.defvjp(_conv_forward, _conv_backward)


def image_gradient(space: Sequence[int], kernel: jax.Array, dy: jax.Array, geometry: Geometry) -> jax.Array:
    """dx [B, *space, I]: a convolution of dy with the kernel flipped; strides and dilation of the image change places."""
    strides, padding, lhs_dilation, rhs_dilation = geometry
    *window, _, _ = kernel.shape
    flipped = jnp.swapaxes(jnp.flip(kernel, range(len(window))), -1, -2)  # [*window, O, I]
    before = [r * (k - 1) - a for k, r, (a, _) in zip(window, rhs_dilation, padding, strict=True)]
    turned = geometry_to(space, dy, window, before, lhs_dilation, strides, rhs_dilation)
    return conv_by_platform(dy, flipped, turned)


def kernel_gradient(x: jax.Array, window: Sequence[int], dy: jax.Array, geometry: Geometry) -> jax.Array:
    """dkernel[w] = sum over pixels p of x[strides * p + rhs_dilation * w - before]^T dy[p]: [*window, I, O].

    The sum runs over the images of the batch as well. For XLA it is a convolution with the batch as its channels and dy as
    its kernel. XLA:CPU computes one in that order of axes some hundred times more slowly inside `lax.scan` and `lax.cond`
    than outside, so on CPUs the axes are first put in the order of any other convolution.
    """

    shape = (*window, x.shape[-1], dy.shape[-1])

    def by_xla(x, dy):
        kernel = jax.ShapeDtypeStruct(shape, x.dtype)
        return jax.linear_transpose(functools.partial(xla_conv, x, geometry=geometry), kernel)(dy)[0]

    def on_cpu(x, dy):
        strides, padding, lhs_dilation, rhs_dilation = geometry
        before = [a for a, _ in padding]
        if is_plain(geometry) and is_pointwise(window, padding):
            return pointwise_kernel_gradient(x, dy).reshape(shape)
        if exchanged := _dy_is_the_image(x, dy, geometry):
            before = [r * (k - 1) - a for k, r, a in zip(window, rhs_dilation, before, strict=True)]
            x, dy, lhs_dilation, strides = dy, x, strides, lhs_dilation
        if len(window) == 3 and max(strides) > 1 and max(lhs_dilation + rhs_dilation) == 1:
            grad = strided_kernel_gradient(x, window, dy, before, strides)  # [*window, I, O]
            return jnp.swapaxes(jnp.flip(grad, (0, 1, 2)), -1, -2) if exchanged else grad
        turned = geometry_to(window, x, dy.shape[1:-1], before, rhs_dilation, lhs_dilation, strides)
        images, weights = _moved(x, (0, -1), (-1, 0)), _moved(dy, 0, -2)  # [I, *space, B], [*space', B, O]
        grad = conv_by_platform(images, weights, turned)  # [I, *window, O]
        return jnp.flip(jnp.moveaxis(grad, 0, -1), range(len(window))) if exchanged else jnp.moveaxis(grad, 0, -2)

    return lax.platform_dependent(x, dy, cpu=on_cpu, default=by_xla)


def _moved(x, source, destination):
    return unfused(functools.partial(jnp.moveaxis, source=source, destination=destination), x)


def unfused(function: Callable, *arrays: jax.Array) -> jax.Array:
    """The function of the arrays, in a call that XLA:CPU fuses with nothing before or after it.

    If fused, much is computed more than once: arrays whose axes move are computed in the order of the new axes, several
    times as slowly, and interleaved sub-pixels are put together again for each of their readers.
    """
    with set_xla_metadata(inlineable="false"):
        return jax.jit(function)(*arrays)


def _dy_is_the_image(x, dy, geometry):
    """Whether the kernel's gradient reads dy as its image and x as its kernel, not the other way round.

    The image should be the one that need not be dilated; where that does not decide, x if dy has fewer pixels along an
    axis, since a window wider than its image takes up to a hundred times as long; else the one of fewer channels.
    """
    x_is_dilated, dy_is_dilated = (any(n > 1 for n in steps) for steps in (geometry.lhs_dilation, geometry.strides))
    if x_is_dilated != dy_is_dilated:
        return x_is_dilated
    is_smaller = any(n < m for n, m in zip(dy.shape[1:-1], x.shape[1:-1], strict=True))
    return not is_smaller and dy.shape[-1] < x.shape[-1]
