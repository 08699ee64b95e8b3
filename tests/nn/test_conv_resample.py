"""Convolutions that resample equal the two steps that they stand for, gradients and second-order gradients included."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.nn.conv import Conv, conv, conv_downsample, upsample_conv
from gan_jax.nn.resample import downsample_mean, upsample_nearest

FUSED = {"up": upsample_conv, "down": conv_downsample}
PLAIN = {
    "up": lambda x, kernel: conv(upsample_nearest(x), kernel),
    "down": lambda x, kernel: downsample_mean(conv(x, kernel)),
}
SHAPES = [
    ((2, 4, 6, 5), (3, 3, 5, 7)),
    ((2, 6, 4, 8), (3, 3, 8, 1)),
    ((1, 4, 4, 3), (5, 5, 3, 2)),
    ((2, 4, 2, 2, 3), (3, 3, 3, 3, 2)),  # voxels
]


@pytest.mark.parametrize("way", ["up", "down"])
@pytest.mark.parametrize(("image", "window"), SHAPES)
def test_it_is_the_two_steps(rng, way, image, window):
    with jax.enable_x64(True):
        x, kernel = (jnp.asarray(rng.normal(size=shape)) for shape in (image, window))

        def derivatives(f):
            loss = lambda x, kernel: jnp.sum(jnp.sin(f(x, kernel)))
            slopes = lambda x, kernel: sum(jnp.sum(g**3) for g in jax.grad(loss, (0, 1))(x, kernel))
            return f(x, kernel), jax.grad(loss, (0, 1))(x, kernel), jax.grad(slopes, (0, 1))(x, kernel)

        fused, plain = (jax.jit(derivatives, static_argnums=0)(f[way]) for f in (FUSED, PLAIN))
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9), fused, plain)


@pytest.mark.parametrize(
    "settings",
    [{"resample": "sideways"}, {"resample": "up", "strides": 2}, {"resample": "up", "kernel": (4, 4)}],
)
def test_what_it_cannot_do_is_an_error(settings):
    with pytest.raises(ValueError, match="resample"):
        Conv(2, **settings).init(jax.random.key(0), jnp.zeros((1, 4, 4, 2)))


def test_an_odd_image_cannot_be_halved():
    with pytest.raises(ValueError, match="even sides"):
        conv_downsample(jnp.zeros((1, 5, 4, 2)), jnp.zeros((3, 3, 2, 2)))
