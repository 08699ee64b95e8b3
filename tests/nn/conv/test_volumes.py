"""Strided convolutions of volumes in cells, against XLA's own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.nn.conv.by_platform import xla_conv
from gan_jax.nn.conv.convolution import conv, conv_transpose
from gan_jax.nn.conv.geometry import Geometry
from gan_jax.nn.conv.volumes import cells_conv, phases_conv, prefers_phases, strided_kernel_gradient

ONES = (1, 1, 1)
RNG = np.random.default_rng(0)


def normal(*shape):
    return jnp.asarray(RNG.normal(size=shape), jnp.float32)


@pytest.mark.parametrize(
    ("window", "dilation", "padding"),
    [
        ((4, 4, 4), (2, 2, 2), ((2, 2),) * 3),
        ((4, 2, 6), (2, 2, 3), ((1, 3), (0, 1), (4, 2))),
        ((4, 4, 4), (4, 2, 1), ((3, 3), (0, 0), (-1, 2))),
    ],
)
def test_phases(window, dilation, padding):
    x, kernel = normal(2, 3, 4, 5, 3), normal(*window, 3, 2)
    assert prefers_phases((*window, 3, 9), dilation) and not prefers_phases((*window, 3, 2), dilation)
    expected = xla_conv(x, kernel, Geometry(ONES, padding, dilation, ONES))
    plain = lambda x, kernel, around: xla_conv(x, kernel, Geometry(ONES, around, ONES, ONES))
    found = phases_conv(plain, x, kernel, padding, dilation)
    np.testing.assert_allclose(found, expected, atol=1e-4)


STRIDED = (
    ("window", "strides", "padding"),
    [((4, 4, 4), (2, 2, 2), ((1, 1),) * 3), ((3, 5, 2), (2, 3, 2), ((1, 0), (2, 2), (0, 0)))],
)


@pytest.mark.parametrize(*STRIDED)
def test_strides(window, strides, padding):
    x, kernel = normal(4, 6, 7, 8, 2), normal(*window, 2, 5)
    expected = xla_conv(x, kernel, Geometry(strides, padding, ONES, ONES))
    np.testing.assert_allclose(cells_conv(x, kernel, padding, strides), expected, atol=1e-4)


@pytest.mark.parametrize(*STRIDED)
def test_kernel_gradients(window, strides, padding):
    x, kernel = normal(4, 6, 7, 8, 3), normal(*window, 3, 5)
    ours = lambda kernel: xla_conv(x, kernel, Geometry(strides, padding, ONES, ONES))
    y, back = jax.vjp(ours, kernel)
    dy = normal(*y.shape)
    found = strided_kernel_gradient(x, window, dy, [a for a, _ in padding], strides)
    np.testing.assert_allclose(found, back(dy)[0], atol=2e-4)


def test_gradients_of_layers():
    """Both layers' gradients, and those of a penalty on them, against XLA's own convolution."""
    for ours, turned, shape in (
        *((conv, False, (2, 8, 4, 6, 9)), (conv, False, (2, 4, 4, 2, 1))),
        *((conv_transpose, True, (2, 4, 2, 3, 9)), (conv_transpose, True, (2, 2, 2, 3, 2))),
    ):
        x, kernel = normal(*shape), normal(4, 4, 4, shape[-1], 10) / 5
        geometry = (
            Geometry(ONES, ((2, 2),) * 3, (2, 2, 2), ONES) if turned else Geometry((2, 2, 2), ((1, 1),) * 3, ONES, ONES)
        )
        mine = lambda x, k, ours=ours: ours(x, k, 2, 1)
        xlas = lambda x, k, geometry=geometry: xla_conv(x, k, geometry)

        def both(apply, x=x, kernel=kernel):
            loss = lambda x, k: jnp.sum(jnp.sin(apply(x, k)))
            penalty = lambda x, k: jnp.sum(jnp.square(jax.grad(loss)(x, k)))
            return jax.grad(loss, (0, 1))(x, kernel), jax.grad(penalty, (0, 1))(x, kernel)

        found, expected = jax.jit(lambda mine=mine, both=both: both(mine))(), both(xlas)
        for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
            np.testing.assert_allclose(one, other, atol=2e-3, rtol=1e-3)
