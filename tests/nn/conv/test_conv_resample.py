"""Convolutions that resample equal the two steps that they stand for, gradients and second-order gradients included."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.nn.conv.convolution import Conv, conv, conv_downsample, unpool_conv, upsample_conv
from gan_jax.nn.conv.resample import downsample_mean, upsample_nearest


def unpool(x):
    """Every pixel becomes the first of a cell whose others are zero."""
    places = tuple(slice(None, None, 2) for _ in x.shape[1:-1])
    whole = jnp.zeros((x.shape[0], *(2 * side for side in x.shape[1:-1]), x.shape[-1]), x.dtype)
    return whole.at[(slice(None), *places)].set(x)


FUSED = {"up": upsample_conv, "unpool": unpool_conv, "down": conv_downsample}
PLAIN = {
    "unpool": lambda x, kernel: conv(unpool(x), kernel),
    "up": lambda x, kernel: conv(upsample_nearest(x), kernel),
    "down": lambda x, kernel: downsample_mean(conv(x, kernel)),
}
SHAPES = [
    ((2, 4, 6, 5), (3, 3, 5, 7)),
    ((2, 6, 4, 8), (3, 3, 8, 1)),
    ((1, 4, 4, 3), (5, 5, 3, 2)),
    ((2, 4, 6, 5), (1, 1, 5, 3)),
    ((2, 4, 2, 2, 3), (3, 3, 3, 3, 2)),  # voxels
]


@pytest.mark.parametrize("way", FUSED)
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


def dilated(way, side, channels=128, platform="tpu"):
    """How many convolutions of the program, with the gradient by the image, read a dilated image; of how many."""
    x, kernel = (
        jax.ShapeDtypeStruct(shape, jnp.bfloat16) for shape in ((1, side, side, channels), (3, 3, channels, channels))
    )
    both = jax.jit(lambda x, kernel: jax.value_and_grad(lambda x: jnp.sum(FUSED[way](x, kernel)))(x))
    text = both.trace(x, kernel).lower(lowering_platforms=(platform,)).as_text()
    windows = [line for line in text.splitlines() if "stablehlo.convolution" in line]
    return sum("lhs_dilate = [2, 2]" in line for line in windows), len(windows)


@pytest.mark.parametrize("way", ["up", "down"])
def test_what_tpus_get(monkeypatch, way):
    """Forward and backward, one of them reads a dilated image: by itself, or as four sub-pixel images on older TPUs."""
    small, large = ((4, 8), (8, 16))[way == "down"]
    monkeypatch.setattr("gan_jax.nn.conv.by_platform._tpu_skips_zeros", lambda: True)
    assert dilated(way, large) == (1, 2) and dilated(way, small) == (0, 2)
    monkeypatch.setattr("gan_jax.nn.conv.by_platform._tpu_skips_zeros", lambda: False)
    assert dilated(way, large) == (0, 5) and dilated(way, large, channels=64) == (1, 2)


def test_tpus_multiply_no_zeros_of_an_unpooled_image(monkeypatch):
    """At any size: nothing is added up first, unlike in nearest upsampling."""
    monkeypatch.setattr("gan_jax.nn.conv.by_platform._tpu_skips_zeros", lambda: True)
    assert dilated("unpool", 4) == dilated("unpool", 16) == (1, 2)
    monkeypatch.setattr("gan_jax.nn.conv.by_platform._tpu_skips_zeros", lambda: False)
    assert dilated("unpool", 4) == dilated("unpool", 16) == (0, 5)


def test_between_pixels_an_unpooled_image_is_the_bias():
    """compare_gan adds the bias after it has unpooled, so a 1 x 1 convolution does not commute with it."""
    layer = Conv(3, (1, 1), resample="unpool")
    params = {"kernel": np.ones((1, 1, 2, 3), np.float32), "bias": np.array([1.0, 2.0, 3.0], np.float32)}
    y = layer.apply({"params": params}, jnp.ones((1, 2, 2, 2)))
    assert y.shape == (1, 4, 4, 3)
    np.testing.assert_array_equal(y[0, ::2, ::2], np.broadcast_to([3.0, 4.0, 5.0], (2, 2, 3)))
    np.testing.assert_array_equal(y[0, 1::2], np.broadcast_to([1.0, 2.0, 3.0], (2, 4, 3)))
    np.testing.assert_array_equal(y[0, :, 1::2], np.broadcast_to([1.0, 2.0, 3.0], (4, 2, 3)))


def test_gpus_get_plain_convolutions_upwards():
    assert dilated("up", 16, platform="cuda") == (0, 2) and dilated("down", 16, platform="cuda") == (1, 2)
