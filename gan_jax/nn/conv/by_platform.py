"""A convolution in the form that is fast where it is compiled, with gradients of any order.

On TPUs and GPUs it is XLA's own. XLA:CPU is slow, or very slow, at some: `conv_products` takes those with few channels
out, and the kernel gradient is laid out as a convolution of the usual order of axes. Images spread with zeros (of
transposed convolutions, and of the gradients of strided ones) are read phase by phase on CPUs and, where channels are
many, on older TPUs, which do not skip the zeros. The choice is made where the program is compiled, so the same step runs
everywhere.
"""

from __future__ import annotations

import functools
import itertools
import re
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.experimental.xla_metadata import set_xla_metadata

from gan_jax.nn.conv.products import is_pointwise, pointwise_kernel_gradient, prefers_products, product_conv

_LANES = 128  # of a TPU's vector: phases of fewer channels leave lanes empty, and cost more to put together


class Geometry(NamedTuple):
    """How a window reads an image; each entry has one element for each spatial axis.

    Output pixel p sees, through the window's weight w, pixel `stride * p + reach * w - before` of the image whose pixels
    stand `spread` apart, with zeros between and around them. The gradients of such a reading are such readings.
    """

    strides: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]  # (before, after)
    spread: tuple[int, ...]
    reach: tuple[int, ...]


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def conv_by_platform(x: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    """x [B, *space, I], kernel [*window, I, O] -> [B, *space', O]."""
    by_xla = functools.partial(_xla_conv, geometry=geometry)
    if _is_spread(geometry):
        on_cpu = functools.partial(_in_phases, _conv_on_cpu, _alone, geometry=geometry)
        on_tpu = functools.partial(_in_phases, _xla_conv, lambda join, *phases: join(*phases), geometry=geometry)
        if _tpu_skips_zeros() or kernel.shape[-1] < _LANES:
            on_tpu = by_xla
        return lax.platform_dependent(x, kernel, cpu=on_cpu, tpu=on_tpu, default=by_xla)
    if not _takes_products(kernel, geometry):
        return by_xla(x, kernel)
    on_cpu = functools.partial(product_conv, padding=geometry.padding)
    return lax.platform_dependent(x, kernel, cpu=on_cpu, default=by_xla)


def _conv_on_cpu(x, kernel, geometry):
    if _takes_products(kernel, geometry):
        return product_conv(x, kernel, geometry.padding)
    return _xla_conv(x, kernel, geometry)


def _takes_products(kernel, geometry):
    return _is_plain(geometry) and prefers_products(kernel.shape, geometry.padding)


def _is_plain(geometry):
    return all(n == 1 for n in (*geometry.strides, *geometry.spread, *geometry.reach))


def _is_spread(geometry):
    """Whether it is for `_in_phases`."""
    return any(n > 1 for n in geometry.spread) and all(n == 1 for n in (*geometry.strides, *geometry.reach))


def _tpu_skips_zeros() -> bool:
    """Of images spread with zeros. By the compiler's own count of cycles, TPUs do from v5 on."""
    device = jax.sharding.get_abstract_mesh().abstract_device or jax.devices()[0]
    return re.match(r"TPU v[234]\b", device.device_kind) is None


def _xla_conv(x, kernel, geometry):
    space = "DHW"[-(x.ndim - 2) :]
    return lax.conv_general_dilated(
        x,
        kernel,
        window_strides=geometry.strides,
        padding=geometry.padding,
        lhs_dilation=geometry.spread,
        rhs_dilation=geometry.reach,
        dimension_numbers=(f"N{space}C", f"{space}IO", f"N{space}C"),
    )


def _in_phases(plain, call, x, kernel, geometry):
    """A convolution of an image spread with zeros, as one `plain` convolution for each phase of its output.

    Output pixel d q + p meets the image at the window's offsets t = (before - p) mod d, and every d-th from there. The
    phases are put together by `call`.
    """
    _, padding, spread, ones = geometry
    window, sizes = kernel.shape[:-2], x.shape[1:-1]
    counts = [(n - 1) * d + 1 + a + b - k + 1 for n, d, (a, b), k in zip(sizes, spread, padding, window, strict=True)]
    wholes = [-(-count // d) for count, d in zip(counts, spread, strict=True)]  # pixels of a phase
    places, phases = list(itertools.product(*map(range, spread))), []
    for phase in places:
        part, around = kernel, []
        for axis, (p, d, (before, _), n, whole) in enumerate(zip(phase, spread, padding, sizes, wholes, strict=True)):
            first = (before - p) % d
            part = lax.slice_in_dim(part, min(first, part.shape[axis]), None, d, axis)
            start = (before - p - first) // d
            around.append((start, whole - 1 + part.shape[axis] - start - n))
        if part.size:
            phases.append(plain(x, part, geometry=Geometry(ones, tuple(around), ones, ones)))
        else:  # the window is narrower than the spread: nothing falls into this phase
            phases.append(jnp.zeros((x.shape[0], *wholes, kernel.shape[-1]), x.dtype))

    def join(*phases):
        spread_out = []
        for phase, of_phase in zip(places, phases, strict=True):
            apart = [(p, d - 1 - p, d - 1) for p, d in zip(phase, spread, strict=True)]
            spread_out.append(lax.pad(of_phase, jnp.zeros((), x.dtype), [(0, 0, 0), *apart, (0, 0, 0)]))
        return functools.reduce(jnp.add, spread_out)[(slice(None), *map(slice, counts))]

    return call(join, *phases)


def _conv_forward(x, kernel, geometry):
    return conv_by_platform(x, kernel, geometry), (x, kernel)


def _conv_backward(geometry, residuals, dy):
    x, kernel = residuals
    return _image_gradient(x, kernel, dy, geometry), _kernel_gradient(x, kernel, dy, geometry)


conv_by_platform.defvjp(_conv_forward, _conv_backward)


def _image_gradient(x, kernel, dy, geometry):
    """A convolution of dy: the window flipped, strides and spread exchanged."""
    strides, padding, spread, reach = geometry
    *window, _, _ = kernel.shape
    flipped = jnp.swapaxes(jnp.flip(kernel, range(len(window))), -1, -2)  # [*window, O, I]
    before = [r * (k - 1) - a for k, r, (a, _) in zip(window, reach, padding, strict=True)]
    return conv_by_platform(dy, flipped, _geometry_to(x.shape[1:-1], dy, window, before, spread, strides, reach))


def _kernel_gradient(x, kernel, dy, geometry):
    """dkernel[w] = sum over pixels p of x[strides * p + reach * w - before]^T dy[p]: [*window, I, O].

    The sum runs over images as well: for XLA a convolution whose images are the channels and whose window is dy. In that
    order of axes XLA:CPU computes it some hundred times more slowly inside `lax.scan` and `lax.cond` than outside, so on CPUs
    the axes are moved first.
    """

    def by_xla(x, dy):
        return jax.linear_transpose(functools.partial(_xla_conv, x, geometry=geometry), kernel)(dy)[0]

    def on_cpu(x, dy):
        strides, padding, spread, reach = geometry
        window, before = kernel.shape[:-2], [a for a, _ in padding]
        if _is_plain(geometry) and is_pointwise(window, padding):
            return pointwise_kernel_gradient(x, dy).reshape(kernel.shape)
        if dy_is_read := _reads_dy(x, dy, geometry):
            before = [r * (k - 1) - a for k, r, a in zip(window, reach, before, strict=True)]
            x, dy, spread, strides = dy, x, strides, spread
        turned = _geometry_to(window, x, dy.shape[1:-1], before, reach, spread, strides)
        images, weights = _moved(x, (0, -1), (-1, 0)), _moved(dy, 0, -2)  # [I, *space, B], [*space', B, O]
        grad = conv_by_platform(images, weights, turned)  # [I, *window, O]
        return jnp.flip(jnp.moveaxis(grad, 0, -1), range(len(window))) if dy_is_read else jnp.moveaxis(grad, 0, -2)

    return lax.platform_dependent(x, dy, cpu=on_cpu, default=by_xla)


def _moved(x, source, destination):
    return _alone(functools.partial(jnp.moveaxis, source=source, destination=destination), x)


def _alone(function, *arrays):
    """The function of the arrays, in a call that XLA leaves as it is.

    Else XLA:CPU fuses it with what led to the arrays, or with all that reads the result, and computes much of it again: what
    is moved in the order of the new axes, several times as slowly, and the sum of the phases for each of its readers.
    """
    with set_xla_metadata(inlineable="false"):
        return jax.jit(function)(*arrays)


def _reads_dy(x, dy, geometry):
    """Whether dy is the image that x, as a kernel, reads: not spread with zeros, or the one of fewer channels."""
    x_is_spread, dy_is_spread = (any(n > 1 for n in steps) for steps in (geometry.spread, geometry.strides))
    return x_is_spread if x_is_spread != dy_is_spread else dy.shape[-1] < x.shape[-1]


def _geometry_to(sizes, image, window, before, strides, spread, reach):
    """The one in which `window` reads the image into one of `sizes`; before: zeros before the image, for each axis."""
    around = []
    for n, m, k, a, s, d, r in zip(sizes, image.shape[1:-1], window, before, strides, spread, reach, strict=True):
        read = (n - 1) * s + (k - 1) * r + 1
        around.append((a, read - ((m - 1) * d + 1) - a))
    return Geometry(tuple(strides), tuple(around), tuple(spread), tuple(reach))
