"""A convolution in the form that is fast where it is compiled, with gradients of any order.

On TPUs and GPUs it is XLA's own; on CPUs, where XLA is slow, `conv_products` takes the kernel gradient and the cases
with few channels. Images spread with zeros (of transposed convolutions, and of the gradients of strided ones) are read
phase by phase on CPUs and, where channels are many, on older TPUs, which do not skip the zeros. The choice is made
where the program is compiled, so the same step runs everywhere.
"""

from __future__ import annotations

import functools
import itertools
import re

import jax
import jax.numpy as jnp
from jax import lax

from gan_jax.nn.conv_products import prefers_products, product_conv, product_kernel_gradient

_LANES = 128  # of a TPU's vector: phases of fewer channels leave lanes empty, and cost more to put together


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3, 4))
def conv_by_platform(x, kernel, strides, padding, dilation):
    """x [B, *space, I] spread by `dilation` with zeros, padded, and read by the window every `strides` -> [B, *space', O].

    kernel [*window, I, O]; strides, dilation: a number for each spatial axis; padding: (before, after) for each.
    """
    by_xla = functools.partial(_xla_conv, strides=strides, padding=padding, dilation=dilation)
    if any(d > 1 for d in dilation) and all(n == 1 for n in strides):
        on_cpu = functools.partial(_in_phases, _conv_on_cpu, padding=padding, dilation=dilation)
        on_tpu = functools.partial(_in_phases, _xla_conv, padding=padding, dilation=dilation)
        if _tpu_skips_zeros() or kernel.shape[-1] < _LANES:
            on_tpu = by_xla
        return lax.platform_dependent(x, kernel, cpu=on_cpu, tpu=on_tpu, default=by_xla)
    if not prefers_products(x.shape, kernel.shape, strides, padding, dilation):
        return by_xla(x, kernel)
    return lax.platform_dependent(x, kernel, cpu=functools.partial(product_conv, padding=padding), default=by_xla)


def _conv_on_cpu(x, kernel, strides, padding, dilation):
    if prefers_products(x.shape, kernel.shape, strides, padding, dilation):
        return product_conv(x, kernel, padding)
    return _xla_conv(x, kernel, strides, padding, dilation)


def _tpu_skips_zeros() -> bool:
    """Of images spread with zeros. By the compiler's own count of cycles, TPUs do from v5 on."""
    device = jax.sharding.get_abstract_mesh().abstract_device or jax.devices()[0]
    return re.match(r"TPU v[234]\b", device.device_kind) is None


def _xla_conv(x, kernel, strides, padding, dilation):
    space = "DHW"[-(x.ndim - 2) :]
    return lax.conv_general_dilated(
        x,
        kernel,
        window_strides=strides,
        padding=padding,
        lhs_dilation=dilation,
        dimension_numbers=(f"N{space}C", f"{space}IO", f"N{space}C"),
    )


def _in_phases(plain, x, kernel, padding, dilation):
    """A convolution of an image spread with zeros, as one `plain` convolution for each phase of its output.

    Output pixel d q + p meets the image at the window's offsets t = (before - p) mod d, and every d-th from there.
    """
    window, sizes = kernel.shape[:-2], x.shape[1:-1]
    counts = [(n - 1) * d + 1 + a + b - k + 1 for n, d, (a, b), k in zip(sizes, dilation, padding, window, strict=True)]
    wholes = [-(-count // d) for count, d in zip(counts, dilation, strict=True)]  # pixels of a phase
    ones, y = (1,) * len(window), None
    for phase in itertools.product(*map(range, dilation)):
        part, around, spread = kernel, [], [(0, 0, 0)]
        for axis, (p, d, (before, _), n, whole) in enumerate(zip(phase, dilation, padding, sizes, wholes, strict=True)):
            first = (before - p) % d
            part = lax.slice_in_dim(part, min(first, part.shape[axis]), None, d, axis)
            start = (before - p - first) // d
            around.append((start, whole - 1 + part.shape[axis] - start - n))
            spread.append((p, d - 1 - p, d - 1))
        if not part.size:  # the window is narrower than the dilation: nothing falls into this phase
            of_phase = jnp.zeros((x.shape[0], *wholes, kernel.shape[-1]), x.dtype)
        else:
            of_phase = plain(x, part, ones, tuple(around), ones)
        of_phase = lax.pad(of_phase, jnp.zeros((), x.dtype), [*spread, (0, 0, 0)])
        y = of_phase if y is None else y + of_phase
    return y[(slice(None), *map(slice, counts))]


def _conv_forward(x, kernel, strides, padding, dilation):
    return conv_by_platform(x, kernel, strides, padding, dilation), (x, kernel)


def _conv_backward(strides, padding, dilation, residuals, dy):
    x, kernel = residuals
    dx = _image_gradient(x, kernel, dy, strides, padding, dilation)
    return dx, _kernel_gradient(x, kernel, dy, strides, padding, dilation)


conv_by_platform.defvjp(_conv_forward, _conv_backward)


def _image_gradient(x, kernel, dy, strides, padding, dilation):
    """The gradient of a convolution by its image is a convolution: window flipped, strides and dilation exchanged."""
    space = x.ndim - 2
    flipped = jnp.swapaxes(jnp.flip(kernel, range(space)), -1, -2)  # [*window, O, I]
    around = []
    for axis in range(space):
        k, (before, _) = kernel.shape[axis], padding[axis]
        spread = (x.shape[1 + axis] - 1) * dilation[axis] + 1  # x with its zeros, without padding
        read = (dy.shape[1 + axis] - 1) * strides[axis] + 1
        around.append((k - 1 - before, spread - read + before))
    return conv_by_platform(dy, flipped, dilation, tuple(around), strides)


def _kernel_gradient(x, kernel, dy, strides, padding, dilation):
    def by_xla(x, dy):
        forward = functools.partial(_xla_conv, x, strides=strides, padding=padding, dilation=dilation)
        return jax.linear_transpose(forward, kernel)(dy)[0]

    def by_products(x, dy):
        return product_kernel_gradient(x, dy, kernel.shape[:-2], strides, padding, dilation)

    return lax.platform_dependent(x, dy, cpu=by_products, default=by_xla)
