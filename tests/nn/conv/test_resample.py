import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.ndimage

from gan_jax.nn.conv import resample

SHAPES = [(2, 4, 6, 3), (2, 2, 4, 2, 3)]


@pytest.fixture(params=SHAPES, ids=["image", "volume"])
def x(rng, request):
    return rng.normal(size=request.param).astype(np.float32)


def repeated(x):
    for axis in range(1, x.ndim - 1):
        x = np.repeat(x, 2, axis)
    return x


def cells(x):
    """The pixels of every cell, first to last: [2^n, B, *(space / 2), C]."""
    places = itertools.product((0, 1), repeat=x.ndim - 2)
    return np.stack([x[(slice(None), *(slice(k, None, 2) for k in place))] for place in places])


def test_upsample_nearest_repeats_every_pixel(x):
    np.testing.assert_array_equal(resample.upsample_nearest(jnp.asarray(x)), repeated(x))


def test_upsample_interpolated_lies_between_pixels_and_repeats_the_edge(x):
    """New pixels' centres lie a quarter to either side of the old ones'; a ramp stays a ramp but at its ends."""
    expected = x.astype(np.float64)
    for axis in range(1, x.ndim - 1):
        places = (np.arange(2 * x.shape[axis]) + 0.5) / 2 - 0.5
        expected = np.apply_along_axis(lambda v, at=places: np.interp(at, np.arange(len(v)), v), axis, expected)
    np.testing.assert_allclose(resample.upsample_interpolated(jnp.asarray(x)), expected, rtol=1e-5, atol=1e-6)
    ramp = jnp.arange(3.0).reshape(1, 3, 1)
    np.testing.assert_allclose(resample.upsample_interpolated(ramp)[0, :, 0], [0, 0.25, 0.75, 1.25, 1.75, 2])


def test_pooling_by_hand(x):
    corners = cells(x)
    np.testing.assert_allclose(resample.downsample_mean(jnp.asarray(x)), corners.mean(0), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(resample.downsample_max(jnp.asarray(x)), corners.max(0))
    np.testing.assert_allclose(resample.sum_pool(jnp.asarray(x)), x.reshape(2, -1, 3).sum(1), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("sides", [(3, 4), (5, 7), (1, 2), (4, 6)])
def test_downsample_max_may_keep_an_odd_last_row(rng, sides):
    x = rng.normal(-9, 1, (2, *sides, 3)).astype(np.float32)
    padded = np.pad(x, ((0, 0), *((0, side % 2) for side in sides), (0, 0)), constant_values=-np.inf)
    np.testing.assert_array_equal(resample.downsample_max(jnp.asarray(x), ceil=True), cells(padded).max(0))
    gradient = jax.grad(lambda x: jnp.sum(resample.downsample_max(x, ceil=True)))(jnp.asarray(x))
    assert float(jnp.sum(gradient)) == cells(padded)[0].size and set(np.unique(gradient)) <= {0, 1}


@pytest.mark.parametrize("filter", [(1, 2, 1), (1, 2, 3, 5, 8), (3,)])
def test_blur_against_scipy(x, filter):
    y = x
    for axis in range(1, x.ndim - 1):
        y = scipy.ndimage.convolve1d(y, np.divide(filter, sum(filter)), axis, mode="constant")
    np.testing.assert_allclose(jax.jit(lambda x: resample.blur(x, filter))(x), y, rtol=1e-5, atol=1e-6)


def test_upsample_bilinear_interpolates_inside():
    line = jnp.asarray([0.0, 4.0, 8.0]).reshape(1, 3, 1)
    inside = [1, 3, 5, 7]
    np.testing.assert_allclose(resample.upsample_bilinear(line).reshape(-1), [0, *inside, 0.75 * 8])


def test_upsample_bilinear_is_the_blur_of_nearest_neighbours(rng):
    x = jnp.asarray(rng.normal(size=(2, 3, 5, 4, 2)), jnp.float32)  # a volume too
    np.testing.assert_allclose(
        resample.upsample_bilinear(x), resample.blur(resample.upsample_nearest(x)), rtol=1e-5, atol=1e-6
    )


def test_downsample_bilinear_weighs_two_cells_and_their_neighbours(rng):
    """[1, 3, 3, 1] / 8 of four pixels along each axis; a blur and the mean of cells are the same."""
    line = jnp.asarray([8.0, 16.0, 24.0, 40.0]).reshape(1, 4, 1)
    expected = [(3 * 8 + 3 * 16 + 24) / 8, (16 + 3 * 24 + 3 * 40) / 8]
    np.testing.assert_allclose(resample.downsample_bilinear(line).reshape(-1), expected)
    x = jnp.asarray(rng.normal(size=(2, 4, 6, 3)), jnp.float32)
    in_two = resample.downsample_mean(resample.blur(x))
    np.testing.assert_allclose(resample.downsample_bilinear(x), in_two, atol=1e-6)


def test_odd_sides_and_even_filters_are_refused():
    for pool in (resample.downsample_mean, resample.downsample_max, resample.downsample_bilinear):
        with pytest.raises(ValueError, match="even sides"):
            pool(jnp.zeros((1, 3, 4, 1)))
    with pytest.raises(ValueError, match="odd length"):
        resample.blur(jnp.zeros((1, 4, 4, 1)), (1, 3, 3, 1))


FUNCTIONS = [
    resample.upsample_nearest,
    resample.upsample_bilinear,
    resample.downsample_mean,
    resample.downsample_max,
    resample.downsample_bilinear,
    resample.sum_pool,
    resample.blur,
]


@pytest.mark.parametrize("f", FUNCTIONS)
def test_gradients_have_no_scatter(f):
    x = jnp.ones((1, 4, 4, 2), jnp.bfloat16)
    assert f(x).dtype == jnp.bfloat16
    gradient = jax.jit(jax.grad(lambda x: jnp.sum(jnp.square(f(x)))))
    text = gradient.lower(x).as_text()
    assert "scatter" not in text and "gather" not in text and "convolution" not in text


def test_gradients(rng, check_gradients):
    filters = [functools.partial(resample.filtered, filter=(1, 3, 4, 1), padding=n, gain=2.0) for n in (1, 2, 4)]
    f = lambda x: [jnp.square(f(x)) for f in (*FUNCTIONS, *filters)]
    check_gradients(f, rng.normal(size=(1, 2, 4, 1)))
