"""Colour changes against plain numpy, each image with its own strength."""

import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.augment import color

STRENGTH = np.array([0.25, -0.5, 2.0], np.float32)
GREY = np.ones(3) / np.sqrt(3)


def apply(function, x, strength=STRENGTH):
    return np.asarray(function(x, jnp.asarray(strength)), np.float64)


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
def test_values_in_numpy(make_images, channels):
    x = make_images((3, 4, 5, channels))
    own = np.asarray(x, np.float64)
    for i, s in enumerate(STRENGTH.astype(np.float64)):
        image = own[i]
        pixel, whole = image.mean(-1, keepdims=True), image.mean()
        expected = {
            color.brighten: image + s,
            color.saturate: pixel + s * (image - pixel),
            color.contrast_about_mean: whole + s * (image - whole),
            color.contrast_about_zero: s * image,
        }
        for function, values in expected.items():
            np.testing.assert_allclose(apply(function, x)[i], values, atol=1e-6)


def test_grey_images_have_no_saturation_and_no_hue(make_images):
    x = make_images((3, 4, 4, 1))
    np.testing.assert_array_equal(color.saturate(x, jnp.asarray(STRENGTH)), x)
    np.testing.assert_array_equal(color.turn_hue(x, jnp.asarray(STRENGTH)), x)
    np.testing.assert_allclose(color.flip_luma(x), -x, atol=1e-6)
    colored = jnp.broadcast_to(x, (3, 4, 4, 3))
    np.testing.assert_allclose(color.turn_hue(colored, jnp.asarray(STRENGTH)), colored, atol=1e-6)


def test_luma_is_flipped_by_a_householder_reflection(make_images):
    x = make_images((3, 4, 4, 3))
    reflection = np.eye(3) - 2 * np.outer(GREY, GREY)
    np.testing.assert_allclose(color.flip_luma(x), np.asarray(x) @ reflection.T, atol=1e-6)


def test_hue_is_turned_about_the_grey_axis(make_images):
    """By the matrix exponential of the axis' cross product; a third of a turn takes red to green, green to blue."""
    from scipy.linalg import expm

    x = make_images((3, 4, 4, 3))
    cross = np.array([[0, -GREY[2], GREY[1]], [GREY[2], 0, -GREY[0]], [-GREY[1], GREY[0], 0]])
    turned = apply(color.turn_hue, x)
    for i, angle in enumerate(STRENGTH):
        np.testing.assert_allclose(turned[i], np.asarray(x)[i] @ expm(angle * cross).T, atol=1e-6)
    third = np.full(3, 2 * np.pi / 3, np.float32)
    np.testing.assert_allclose(apply(color.turn_hue, x, third), np.roll(x, 1, axis=-1), atol=1e-6)
