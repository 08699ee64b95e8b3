"""The painter made by hand, dissected."""

import jax
import numpy as np
import pytest

from gan_jax.analysis.dissection.units import dissect, require_units
from gan_jax.analysis.segmentation import Segmentation

from .conftest import CHANCE, DECOY, GREEN, OTHER_RED, RED

KEY = jax.random.key(4)


@pytest.mark.parametrize("threshold", ["ratio", "quantile"])
def test_a_unit_is_named_by_what_it_paints(painter, colours, threshold):
    found = dissect(painter, "units", colours, KEY, range(30), threshold, top=0.03)
    labels = found.labels()
    assert [labels[unit] for unit in (RED, OTHER_RED, DECOY)] == ["red"] * 3  # agreement alone cannot tell a decoy
    assert labels[GREEN] == "green" and labels[CHANCE] is None
    assert set(found.ranked("red")[:3]) == {RED, OTHER_RED, DECOY} and found.ranked("green")[0] == GREEN
    present = np.asarray(painter.starts(KEY, np.arange(30, dtype=np.uint32))["z"])[:, 0] > 0
    assert found.shares[0] == pytest.approx(present.mean() * 16 / 256)
    assert found.shares[2] == 0 and found.iou[2].max() == 0  # blue: never there
    assert present[found.top_images(RED, int(present.sum()))].all()
    assert found.masks.shape == (30, 16, 16, 3) and found.peaks.shape == (30, 5)
    if threshold == "ratio":
        assert found.shuffled[0, RED] < found.iou[0, RED]


def test_iou_is_that_of_all_pixels_together(painter, colours):
    found = dissect(painter, "units", colours, KEY, range(10), "ratio")  # one part, not filled
    codes = painter.map(painter.starts(KEY, np.arange(10, dtype=np.uint32)))
    images, taps = jax.jit(lambda codes: painter.synthesize(codes, taps=("units",)))(codes)
    up = np.asarray(jax.jit(lambda x: jax.image.resize(x, (10, 16, 16, 5), "linear"))(taps["units"]))
    masks = colours.on_images(images)
    for k in range(2):
        for unit in (RED, GREEN, CHANCE):
            fires = up[..., unit] >= found.levels[k, unit] - 1e-6
            expected = np.sum(fires & masks[..., k]) / np.sum(fires | masks[..., k])
            assert found.iou[k, unit] == pytest.approx(expected, abs=1e-6)


def test_parts_of_a_sample_make_the_same_whole(painter, colours, monkeypatch):
    parts = dissect(painter, "units", colours, KEY, range(15))  # 10, and 5 with 5 to fill
    monkeypatch.setattr("gan_jax.analysis.dissection.tally.AT_ONCE", 50)
    whole = dissect(painter, "units", colours, KEY, range(15))
    np.testing.assert_allclose(parts.iou, whole.iou)
    np.testing.assert_allclose(parts.levels, whole.levels)
    np.testing.assert_array_equal(parts.masks, whole.masks)
    np.testing.assert_allclose(parts.shuffled, whole.shuffled)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"layer": "block9"}, "no tap block9; it has units"),
        ({"threshold": "best"}, "by quantile or ratio, not 'best'"),
        ({"top": 0.9}, "top share of pixels must be"),
        ({"segmentation": Segmentation(("x",), lambda images: images[..., :1] > 9)}, "on any pixel of 10 images"),
        (
            {"segmentation": Segmentation(("x",), lambda images: images[:, ::2, :, :1] > 9)},
            r"must be masks \[10, 16, 16, 1\]",
        ),
    ],
)
def test_what_is_refused(painter, colours, change, says):
    asked = {"layer": "units", "segmentation": colours, "key": KEY, "indices": range(10)} | change
    with pytest.raises(ValueError, match=says):
        dissect(painter, **asked)


def test_units_that_there_are_not():
    with pytest.raises(ValueError, match="no unit 5; it has 0 to 4"):
        require_units([1, 5], 5, "units")
    with pytest.raises(ValueError, match="each once"):
        require_units([1, 1], 5, "units")
