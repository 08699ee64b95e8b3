"""Transformations against NumPy and SciPy, and masks by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import ndimage

from gan_jax.analysis.steering import transformations
from gan_jax.analysis.steering.distances import blurred, masked_squared_error, perceptual
from gan_jax.analysis.steering.transformations import NAMES, transformation

IMAGES = np.random.default_rng(0).uniform(-0.4, 0.4, (2, 8, 8, 3)).astype(np.float32)


def applied(name, amounts, images=IMAGES):
    changed, masks = transformation(name, images.shape[-1]).apply(jnp.asarray(images), jnp.asarray(amounts))
    return np.asarray(changed), np.asarray(masks)[..., 0]


@pytest.mark.parametrize("name", NAMES)
def test_an_amount_of_0_changes_nothing(name):
    changed, masks = applied(name, [0.0, 0.0])
    np.testing.assert_allclose(changed, IMAGES, atol=1e-6)
    assert (masks == 1).all()


def test_whole_pixels_are_moved_exactly_and_the_rest_is_not_known():
    changed, masks = applied("shift_x", [3 / 8, -2 / 8])
    np.testing.assert_allclose(changed[0][:, 3:], IMAGES[0][:, :-3], atol=1e-6)
    np.testing.assert_allclose(changed[1][:, :-2], IMAGES[1][:, 2:], atol=1e-6)
    np.testing.assert_array_equal(masks[0], np.tile(np.arange(8) >= 3, (8, 1)))
    np.testing.assert_array_equal(masks[1], np.tile(np.arange(8) < 6, (8, 1)))
    changed, masks = applied("shift_y", [3 / 8, -2 / 8])
    np.testing.assert_allclose(changed[0][3:], IMAGES[0][:-3], atol=1e-6)
    np.testing.assert_array_equal(masks[1], np.tile(np.arange(8) < 6, (8, 1)).T)


@pytest.mark.parametrize(("name", "amount"), [("zoom", 0.4), ("zoom", -0.7), ("rotation", 0.3), ("shift_x", 0.21)])
def test_what_is_read_between_pixels_is_scipys(name, amount):
    changed, masks = applied(name, [amount, amount])
    if name == "zoom":
        matrix = np.eye(2) * np.exp(-amount)
    elif name == "rotation":  # of a place (y, x) to where it is read
        matrix = np.array([[np.cos(amount), -np.sin(amount)], [np.sin(amount), np.cos(amount)]])
    else:
        matrix = np.eye(2)
    offset = np.full(2, 3.5) - matrix @ np.full(2, 3.5) - (np.array([0, 8 * amount]) if name == "shift_x" else 0)
    expected = ndimage.affine_transform(IMAGES[0][..., 1], matrix, offset, order=1, mode="nearest")
    np.testing.assert_allclose(changed[0][..., 1], expected, atol=1e-5)
    source = np.einsum("ij,jyx->iyx", matrix, np.indices((8, 8))) + offset[:, None, None]
    np.testing.assert_array_equal(masks[0], ((source >= 0) & (source <= 7)).all(0))


def test_a_quarter_turn_is_clockwise():
    changed, masks = applied("rotation", [np.pi / 2, -np.pi / 2])
    np.testing.assert_allclose(changed[0], np.rot90(IMAGES[0], -1), atol=1e-5)
    np.testing.assert_allclose(changed[1], np.rot90(IMAGES[1], 1), atol=1e-5)
    assert (masks == 1).all()


def test_light_is_added_and_clipped():
    changed, _ = applied("brightness", [0.1, 0.5])
    np.testing.assert_allclose(changed[0], IMAGES[0] + 0.2, atol=1e-6)
    np.testing.assert_allclose(changed[1], np.minimum(IMAGES[1] + 1, 1), atol=1e-6)
    changed, _ = applied("green", [0.1, 0.5])
    np.testing.assert_array_equal(changed[..., [0, 2]], IMAGES[..., [0, 2]])
    np.testing.assert_allclose(changed[0][..., 1], IMAGES[0][..., 1] + 0.2, atol=1e-6)


def test_amounts_are_drawn_as_the_paper_draws_them():
    n = 4000
    zooms = np.exp(np.asarray(transformation("zoom", 1).draw(jax.random.key(0), n, 8)))
    assert zooms.min() >= 0.25 and zooms.max() <= 4
    assert np.mean(zooms < 1) == pytest.approx(0.5, abs=0.03)  # half of the time smaller
    assert np.mean(zooms[zooms > 1]) == pytest.approx(2.5, abs=0.08)
    shifts = 8 * np.asarray(transformation("shift_y", 1).draw(jax.random.key(1), n, 8))
    assert set(np.round(shifts, 5)) == {-4, -3, -2, -1, 1, 2, 3, 4}
    assert np.abs(np.asarray(transformation("red", 3).draw(jax.random.key(2), n, 8))).max() <= 0.5


def test_what_there_is_not_is_said():
    with pytest.raises(ValueError, match="no transformation 'zom' .did you mean 'zoom'.*; there are zoom, shift_x"):
        transformation("zom", 3)
    with pytest.raises(ValueError, match="red is a channel of images in colour, and this generator's have 1"):
        transformation("red", 1)
    assert transformations.NAMES[0] == "zoom"


def test_distances_are_of_known_pixels_alone():
    """By hand: differences 1, 2, 3 and 4, of which the last is not known: (1 + 4 + 9) / 3."""
    x = jnp.array([1.0, 2.0, 3.0, 4.0]).reshape(1, 2, 2, 1)
    mask = jnp.array([1.0, 1.0, 1.0, 0.0]).reshape(1, 2, 2, 1)
    np.testing.assert_allclose(masked_squared_error(x, 0 * x, mask), [14 / 3], rtol=1e-6)
    np.testing.assert_allclose(blurred(0.0)(x, 0 * x, mask), [14 / 3], rtol=1e-6)
    assert float(masked_squared_error(x, 0 * x, 0 * mask)[0]) == 0
    by = perceptual(lambda x, y: jnp.sum(jnp.abs(x - y), (1, 2, 3)))
    np.testing.assert_allclose(by(x, 0 * x, mask), [6.0])


def test_the_blur_is_scipys_where_all_is_known():
    x, y = (np.random.default_rng(i).normal(size=(1, 40, 40, 1)).astype(np.float32) for i in (0, 1))
    ones = np.ones((1, 40, 40, 1), np.float32)
    smooth = lambda image: ndimage.gaussian_filter(image, 1.5, radius=5, mode="constant")
    expected = smooth((x - y)[0, ..., 0]) / smooth(ones[0, ..., 0])
    np.testing.assert_allclose(blurred(1.5)(x, y, ones), [np.mean(expected**2)], rtol=1e-4)
