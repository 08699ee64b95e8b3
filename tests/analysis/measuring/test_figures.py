"""Factors read from pixels, against those that the figures were drawn with."""

import numpy as np
import pytest

from gan_jax.analysis.measuring.figures import figure_mask, measured_factors
from gan_jax.data import open_source
from gan_jax.data.figure_drawing import FACTORS, SHAPES

LARGEST = {  # error at 32 x 32; hue in turns, the others in the factor's own units
    "hue": 0.0007,
    "x": 0.0023,
    "y": 0.0023,
    "size": 0.0031,
    "background": 0.002,
}


def source(size=32):
    return open_source("figures", split="test", size=size)


def errors(found, truth, name):
    difference = found[name] - truth[name]
    return (difference + 0.5) % 1 - 0.5 if name == "hue" else difference


@pytest.mark.parametrize(("size", "times"), [(16, 5.0), (32, 1.0), (64, 1.0)])
def test_they_are_those_that_were_drawn(size, times):
    drawn = source(size)
    found = measured_factors(drawn.images / 127.5 - 1)
    assert set(found) == set(FACTORS)
    for name in FACTORS:
        assert np.abs(errors(found, drawn.factors, name)).max() < times * LARGEST[name], name
        assert abs(errors(found, drawn.factors, name).mean()) < times * LARGEST[name] / 10, name


def test_uneven_pixels_change_them_little():
    """Noise of 2 % of the range in every channel."""
    drawn, rng = source(), np.random.default_rng(0)
    images = drawn.images / 127.5 - 1
    found = measured_factors(np.clip(images + 0.04 * rng.standard_normal(images.shape), -1, 1))
    for name in FACTORS:
        assert np.abs(errors(found, drawn.factors, name)).max() < 5 * LARGEST[name], name


def test_pixels_of_the_figure_are_found_by_their_colour():
    drawn = source()
    found, truth = figure_mask(drawn.images / 127.5 - 1), ~drawn.part_masks()[:, -1]
    for number in range(len(SHAPES)):
        of = drawn.labels() == number
        assert (found & truth)[of].sum() / (found | truth)[of].sum() > 0.985


def test_a_bare_ground_has_a_background_alone():
    images = np.full((2, 32, 32, 3), -0.5, np.float32)
    images[1] += 0.02 * np.random.default_rng(0).standard_normal((32, 32, 3))
    found = measured_factors(images)
    assert found["background"] == pytest.approx([0.25, 0.25], abs=0.005)
    assert all(np.isnan(found[name]).all() for name in ("hue", "x", "y", "size"))
    assert not figure_mask(images).any()


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((2, 32, 32, 1)), r"figures are images \[n, S, S, 3\]; got \[2, 32, 32, 1\]"),
        (np.zeros((32, 32, 3)), "figures are images"),
        (np.zeros((2, 32, 32, 3), np.uint8), "floats in .-1, 1., got uint8: of 8 bits take images / 127.5 - 1"),
        (np.full((2, 32, 32, 3), 200.0), "float64 beyond it, or NaN"),
        (np.full((2, 32, 32, 3), np.nan), "float64 beyond it, or NaN"),
    ],
)
def test_what_is_refused(images, message):
    with pytest.raises(ValueError, match=message):
        measured_factors(images)
