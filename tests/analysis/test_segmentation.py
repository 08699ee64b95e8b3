"""Rules that segment images, and functions of one's own."""

import colorsys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.analysis.segmentation import (
    COLOURS,
    Colour,
    Segmentation,
    by_colour,
    by_edges,
    by_thresholds,
    hue_chroma_lightness,
    joined,
    of_function,
    sobel_slope,
)


def painted(*rgb):
    """An image [1, 1, n, 3] in [-1, 1] of colours in [0, 1]."""
    return np.asarray([[rgb]], np.float32) * 2 - 1


def test_hue_and_lightness_are_those_of_image_editors():
    rng = np.random.default_rng(0)
    rgb = rng.uniform(size=(200, 3))
    hue, chroma, lightness = (np.asarray(each)[0, 0] for each in jax.jit(hue_chroma_lightness)(painted(*rgb)))
    hls = np.asarray([colorsys.rgb_to_hls(*each) for each in rgb])
    apart = np.abs((hue - hls[:, 0] * 360 + 180) % 360 - 180)
    assert apart.max() < 1.2
    np.testing.assert_allclose(lightness, hls[:, 1], atol=1e-6)
    assert np.all((0 <= chroma) & (chroma <= 1 + 1e-6))


def test_colours_have_their_names():
    pure = {
        "black": (0, 0, 0),
        "grey": (0.5, 0.5, 0.5),
        "white": (1, 1, 1),
        "red": (1, 0, 0),
        "yellow": (1, 1, 0),
        "green": (0, 1, 0),
        "cyan": (0, 1, 1),
        "blue": (0, 0, 1),
        "magenta": (1, 0, 1),
    }
    masks = by_colour().on_images(painted(*pure.values()))[0, 0]
    assert tuple(pure) == tuple(COLOURS)
    np.testing.assert_array_equal(masks, np.eye(len(pure), dtype=bool))


def test_a_hue_goes_through_red_and_limits_are_included():
    reds = by_colour({"reds": Colour((300, 60)), "all": Colour((0, 360)), "lower": Colour(lightness=(0, 0.5))})
    masks = reds.on_images(painted((1, 0, 1), (1, 1, 0), (0, 1, 0)))[0, 0]
    np.testing.assert_array_equal(masks[:, 0], [True, True, False])
    assert masks[:, 1].all() and masks[:, 2].all()  # lightness 1/2 each


def test_thresholds_part_the_range_once():
    levels = by_thresholds()
    image = np.asarray([-1, -0.5, 0, 0.5, 1], np.float32).reshape(1, 1, 5, 1)
    np.testing.assert_array_equal(
        levels.on_images(image)[0, 0],
        [[True, False, False], [False, True, False], [False, True, False], [False, False, True], [False, False, True]],
    )


def test_the_slope_of_a_step_is_half_its_height():
    image = np.full((1, 6, 6, 1), -1, np.float32)
    image[:, :, 3:] = 1
    slope = np.asarray(jax.jit(sobel_slope)(image))[0]
    np.testing.assert_allclose(slope, np.tile([0, 0, 1, 1, 0, 0], (6, 1)), atol=1e-5)
    masks = by_edges(0.9).on_images(image)[0, :, :, 0]
    np.testing.assert_array_equal(masks, np.tile([False, False, True, True, False, False], (6, 1)))


@pytest.mark.parametrize("rule", [by_colour(), by_thresholds(), by_edges()])
def test_soft_masks_agree_with_hard_ones_and_have_slopes(rule):
    images = np.random.default_rng(1).uniform(-1, 1, (2, 8, 8, 3)).astype(np.float32)
    images[0, 0, 0] = 0.3  # grey: no hue
    soft, hard = np.asarray(rule.soft(jnp.asarray(images))), rule.on_images(images)
    assert soft.shape == hard.shape and np.all((0 <= soft) & (soft <= 1))
    sure = (soft > 0.9) | (soft < 0.1)
    assert sure.mean() > 0.5
    np.testing.assert_array_equal((soft > 0.5)[sure], hard[sure])
    slope = jax.jit(jax.grad(lambda x: jnp.sum(rule.soft(x))))(jnp.asarray(images))
    assert np.isfinite(slope).all() and np.abs(slope).max() > 0


def test_classes_of_several_are_joined():
    both = joined([by_thresholds(), by_edges()])
    images = np.zeros((3, 4, 4, 1), np.float32)
    assert both.names == ("dark", "middle", "light", "edge")
    assert both.on_images(images).shape == (3, 4, 4, 4) and both.soft(images).shape == (3, 4, 4, 4)
    assert joined([by_edges(), Segmentation(("x",), lambda images: images > 0)]).soft is None
    with pytest.raises(ValueError, match="each once"):
        joined([by_edges(), by_edges()])


def test_a_function_of_ones_own():
    images = np.linspace(-1, 1, 300 * 4, dtype=np.float32).reshape(300, 2, 2, 1)
    mine = of_function(lambda x: {"up": x[..., 0] > 0, "down": x[..., 0] < 0}, images)
    assert mine.names == ("up", "down") and mine.index("down") == 1
    np.testing.assert_array_equal(mine.on_images(images), np.stack([images[..., 0] > 0, images[..., 0] < 0], -1))
    with pytest.raises(ValueError, match="no class 'left'; it has up, down"):
        mine.index("left")


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: Segmentation((), lambda x: x), "names, each once"),
        (lambda: Segmentation(("a", "a"), lambda x: x), "names, each once"),
        (lambda: Colour(lightness=(0.5, 0.5)), "lightness of a colour is"),
        (lambda: Colour(hue=(-10, 10)), "hue of a colour must be"),
        (lambda: by_thresholds({"a": (0, 3)}), "the range 'a' is"),
        (lambda: by_edges(0), "least slope"),
        (lambda: by_colour().on_images(np.zeros((1, 2, 2, 2), np.float32)), "1 or 3 channels"),
        (lambda: by_edges().on_images(np.zeros((2, 2, 1))), r"images \[n, H, W, C\]"),
        (
            lambda: Segmentation(("a",), lambda x: x[:, 1:] > 0).on_images(np.zeros((1, 2, 2, 1))),
            r"must be masks \[1, 2, 2, 1\]",
        ),
        (lambda: Segmentation(("a",), lambda x: x).on_images(np.zeros((1, 2, 2, 1))), "masks are bool"),
        (lambda: of_function(lambda x: x > 0, np.zeros((1, 2, 2, 1))), "masks by name"),
        (lambda: of_function(lambda x: {"a": x > 0}, np.zeros((1, 2, 2, 1))), "one value a pixel"),
    ],
)
def test_what_is_refused(build, says):
    with pytest.raises(ValueError, match=says):
        build()
