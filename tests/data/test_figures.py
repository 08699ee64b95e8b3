"""Figures by formula: pixels, factors, attributes and masks, against what each of them says of the others."""

import functools

import numpy as np
import pytest

from gan_jax.data import open_source
from gan_jax.data.figure_drawing import ATTRIBUTES, FACTORS, PARTS, SHAPES, colours, coverage
from gan_jax.data.fingerprints import changes, fingerprint


@functools.cache
def figures(**settings):
    return open_source("figures", **{"split": "test", "length": 400, **settings})


def one(shape, size=0.3, x=0.5, y=0.5, side=32):
    """How much one figure covers of each pixel, [side, side]."""
    factors = {"size": size, "x": x, "y": y}
    return coverage(np.array([SHAPES.index(shape)]), {k: np.array([v]) for k, v in factors.items()}, side)[0]


def test_splits_and_sizes():
    train, test = open_source("figures"), open_source("figures", split="test")
    assert train.images.shape == (10_000, 32, 32, 3) and test.images.shape == (1_000, 32, 32, 3)
    assert len({image.tobytes() for image in np.concatenate([train.images[:1000], test.images])}) == 2000
    assert train.classes == SHAPES and train.parts == PARTS == (*SHAPES, "background")
    assert figures(size=16).images.shape == (400, 16, 16, 3) and figures(size=48).part_masks([3]).shape == (
        1,
        6,
        48,
        48,
    )


def test_an_image_is_of_seed_split_and_number_alone():
    few, many = figures(length=7), figures()
    np.testing.assert_array_equal(few.images, many.images[:7])
    np.testing.assert_array_equal(few.part_masks(), many.part_masks(range(7)))
    for changed in ({"seed": 1}, {"split": "train"}):
        other = figures(length=7, **changed)
        assert not any(np.array_equal(a, b) for a, b in zip(few.images, other.images, strict=True))
    for name, column in figures(size=16).factors.items():
        np.testing.assert_array_equal(column, many.factors[name])


def test_factors_are_uniform_in_their_ranges_and_independent():
    source = open_source("figures", size=16)
    assert tuple(source.factors) == tuple(FACTORS)
    for name, (low, high) in FACTORS.items():
        shares = np.histogram(source.factors[name], 10, (low, high))[0] / len(source)
        assert low <= source.factors[name].min() and source.factors[name].max() <= high
        np.testing.assert_allclose(shares, 0.1, atol=0.015)
    np.testing.assert_allclose(np.bincount(source.labels()) / len(source), 0.2, atol=0.015)
    columns = [*source.factors.values(), *(source.labels() == number for number in range(5))]
    correlations = np.corrcoef(np.array(columns, float))[:5] - np.eye(5, 10)
    assert np.abs(correlations).max() < 0.035


@pytest.mark.parametrize("shape", SHAPES)
def test_figures_of_one_size_have_one_area_and_lie_around_their_barycentre(shape):
    covered = one(shape, 0.31, 0.45, 0.56, 64)
    middle = (np.arange(64) + 0.5) / 64
    assert covered.min() == 0 and covered.max() == pytest.approx(1, abs=1e-5)
    assert np.sqrt(covered.sum()) / 64 == pytest.approx(0.31, abs=5e-4)
    assert covered.sum(0) @ middle / covered.sum() == pytest.approx(0.45, abs=1e-4)
    assert covered.sum(1) @ middle / covered.sum() == pytest.approx(0.56, abs=5e-4)


def test_shapes_by_hand():
    """Of area (S / 4)^2 in 64 pixels, 256 of them, in the middle: what each pixel row has, and where the hole is."""
    square, cross, ring = (one(shape, 0.25, side=64) for shape in ("square", "cross", "ring"))
    expected = np.zeros((64, 64))
    expected[24:40, 24:40] = 1
    np.testing.assert_allclose(square, expected, atol=1e-6)
    arm = 16 / np.sqrt(5)  # five squares of it
    np.testing.assert_allclose([cross[32].sum(), cross[24].sum()], [3 * arm, arm], rtol=1e-5)
    assert ring[32, 32] == 0 and ring[32].sum() == pytest.approx(16 * np.sqrt(4 / (3 * np.pi)), rel=0.01)
    triangle, disc = one("triangle", 0.25, side=64), one("disc", 0.25, side=64)
    widths = triangle.sum(1)[triangle.sum(1) > 0]
    np.testing.assert_allclose(np.diff(widths[1:-1]), 2 / np.sqrt(3), rtol=1e-3)  # points up, at 60 degrees
    np.testing.assert_allclose(disc, disc.T, atol=0.04)
    np.testing.assert_allclose(disc[::-1], disc, atol=1e-6)


def test_the_largest_figure_in_the_furthest_corner_is_whole():
    (low, high), largest = FACTORS["x"], FACTORS["size"][1]
    for side in (16, 32):
        for shape in SHAPES:
            for x, y in ((low, low), (high, high), (low, high)):
                assert np.sqrt(one(shape, largest, x, y, side).sum()) / side == pytest.approx(largest, abs=0.0021)


def test_hues_lie_on_a_circle_around_grey():
    rgb = colours(np.arange(6) / 6)
    np.testing.assert_allclose(rgb[0], [1, 0.25, 0.25])  # red
    np.testing.assert_allclose(rgb[2], [0.25, 1, 0.25], atol=1e-12)
    np.testing.assert_allclose(rgb[4], [0.25, 0.25, 1], atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(rgb - 0.5, axis=1), np.sqrt(3 / 8))
    np.testing.assert_allclose(rgb.mean(1), 0.5)


def test_pixels_masks_and_attributes_tell_of_the_same_figure():
    source, masks = figures(), figures().part_masks()
    assert masks.shape == (400, 6, 32, 32) and masks.dtype == bool
    np.testing.assert_array_equal(masks.sum(1), 1)  # each pixel is of one part
    np.testing.assert_array_equal(masks[:, :5].any((2, 3)), np.eye(5, dtype=bool)[source.labels()])
    ground = np.round(255 * source.factors["background"])
    np.testing.assert_array_equal(source.images[:, 0, 0], ground[:, None].repeat(3, 1))
    inside = ~masks[:, 5]
    farthest = np.abs(source.images - ground[:, None, None, None]).max(-1)
    assert (farthest[~inside] <= 0.5 * 255 * 0.9 + 1).all() and np.median(farthest[inside]) > 100
    area = inside.mean((1, 2))
    np.testing.assert_allclose(np.sqrt(area), source.factors["size"], atol=0.025)
    table = dict(zip(source.attribute_names, source.attribute_table().T, strict=True))
    assert tuple(table) == ATTRIBUTES
    red = source.images.reshape(400, -1, 3)[np.arange(400), farthest.reshape(400, -1).argmax(1)]
    np.testing.assert_array_equal(table["warm"], red[:, 0] >= 128)
    assert 0.4 < table["right"].mean() < 0.6 and table["ring"].sum() == (source.labels() == 3).sum()
    columns = np.arange(32) + 0.5
    middle = (inside.sum(1) @ columns) / inside.sum((1, 2))
    sure = np.abs(middle - 16) > 0.3
    np.testing.assert_array_equal(table["right"][sure], middle[sure] > 16)


def test_its_fingerprint_is_that_of_its_settings():
    assert changes(fingerprint(figures()), fingerprint(open_source("figures", split="test", length=400))) == []
    assert changes(fingerprint(figures()), fingerprint(figures(seed=1))) == ["the content"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"split": "tset"}, r"figures: split 'tset' .*did you mean 'test'"),
        ({"size": 8}, "size is a whole number of pixels from 16 to 128, not 8"),
        ({"size": 129}, "size is a whole number of pixels from 16 to 128, not 129"),
        ({"size": (32, 32, 3)}, "size is a whole number of pixels"),
        ({"length": 0}, "figures: length must be a whole number from 1 on"),
        ({"seed": -1}, "figures: seed must be a whole number from 0 on"),
        ({"attributes": ("warm",)}, "takes no setting 'attributes'"),
    ],
)
def test_bad_input(settings, message):
    with pytest.raises(ValueError, match=message):
        open_source("figures", **settings)
