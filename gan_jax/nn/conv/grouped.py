"""Grouped convolutions: the channels stand in groups, and what comes out of one depends on that group alone.

TPUs and GPUs get XLA's own, which is slow on CPUs: kernels' gradients take seconds. There the groups are plain convolutions, one
after the other, in a loop that is compiled once. Each reads its channels from the whole image and writes them to the whole
result; a derivative by JAX would add up whole images, so derivatives of any order are written as such loops, too.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax

from gan_jax.nn.conv.by_platform import conv_by_platform, image_gradient, kernel_gradient, xla_conv
from gan_jax.nn.conv.geometry import Geometry

_LEAST = 16  # channels of a convolution in the loop: narrower groups are joined, with zeros in the kernel between them


def grouped_conv(x: jax.Array, kernel: jax.Array, geometry: Geometry, groups: int) -> jax.Array:
    """x [B, *space, I], kernel [*window, I / groups, O] -> [B, *space', O]. I and O are multiples of groups.

    Group g has the channels from g * I / groups on, and makes those from g * O / groups on.
    """

    def on_cpu(x, kernel):
        return _conv(x, *_joined(kernel, groups), geometry)

    by_xla = functools.partial(xla_conv, geometry=geometry, groups=groups)
    return lax.platform_dependent(x, kernel, cpu=on_cpu, default=by_xla)


def _joined(kernel, groups):
    """The same convolution in fewer, wider groups: (kernel, number of groups)."""
    *window, inputs, outputs = kernel.shape
    several = math.gcd(groups, max(1, _LEAST // inputs))
    if several == 1:
        return kernel, groups
    kernel = kernel.reshape(-1, 1, inputs, groups // several, several, outputs // groups)
    diagonal = jnp.eye(several, dtype=kernel.dtype).reshape(1, several, 1, 1, several, 1)
    return (kernel * diagonal).reshape(*window, several * inputs, outputs), groups // several


def _group_by_group(function: Callable, groups: int, *arrays: jax.Array) -> jax.Array:
    """function of each group's part of the arrays, joined again; the groups lie along every last axis."""

    def of(i):
        parts = []
        for each in arrays:
            width = each.shape[-1] // groups
            parts.append(lax.dynamic_slice_in_dim(each, i * width, width, axis=-1))
        return function(*parts)

    def write(i, whole):
        part = of(i)
        return lax.dynamic_update_slice_in_dim(whole, part, i * part.shape[-1], axis=-1)

    part = jax.eval_shape(of, 0)
    return lax.fori_loop(0, groups, write, jnp.zeros((*part.shape[:-1], groups * part.shape[-1]), part.dtype))


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def _conv(x, kernel, groups, geometry):
    return _group_by_group(lambda x, kernel: conv_by_platform(x, kernel, geometry), groups, x, kernel)


def _conv_forward(x, kernel, groups, geometry):
    return _conv(x, kernel, groups, geometry), (x, kernel)


def _conv_backward(groups, geometry, residuals, dy):
    x, kernel = residuals
    space, window = x.shape[1:-1], kernel.shape[:-2]
    return _image_gradient(kernel, dy, groups, geometry, space), _kernel_gradient(x, dy, groups, geometry, window)


_conv.defvjp(_conv_forward, _conv_backward)


# The convolution is linear in each of two arrays, so its gradients are, too, and each one's gradients are the others.


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3, 4))
def _image_gradient(kernel, dy, groups, geometry, space):
    return _group_by_group(lambda kernel, dy: image_gradient(space, kernel, dy, geometry), groups, kernel, dy)


def _image_gradient_forward(kernel, dy, groups, geometry, space):
    return _image_gradient(kernel, dy, groups, geometry, space), (kernel, dy)


def _image_gradient_backward(groups, geometry, space, residuals, dx):
    kernel, dy = residuals
    return _kernel_gradient(dx, dy, groups, geometry, kernel.shape[:-2]), _conv(dx, kernel, groups, geometry)


_image_gradient.defvjp(_image_gradient_forward, _image_gradient_backward)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3, 4))
def _kernel_gradient(x, dy, groups, geometry, window):
    return _group_by_group(lambda x, dy: kernel_gradient(x, window, dy, geometry), groups, x, dy)


def _kernel_gradient_forward(x, dy, groups, geometry, window):
    return _kernel_gradient(x, dy, groups, geometry, window), (x, dy)


def _kernel_gradient_backward(groups, geometry, window, residuals, dkernel):
    x, dy = residuals
    return _image_gradient(dkernel, dy, groups, geometry, x.shape[1:-1]), _conv(x, dkernel, groups, geometry)


_kernel_gradient.defvjp(_kernel_gradient_forward, _kernel_gradient_backward)
