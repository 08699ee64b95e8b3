"""IoU, information, levels and tallies against numbers worked out by hand, and against plain numpy."""

import jax
import numpy as np
import pytest

from gan_jax.analysis.dissection.agreement import information_ratio, iou
from gan_jax.analysis.dissection.tally import BINS, Tally, binned, upsampled
from gan_jax.analysis.dissection.units import agreements


def test_iou_by_hand():
    assert iou(2, 4, 3) == pytest.approx(2 / 5)
    np.testing.assert_allclose(iou([0, 5, 0], [4, 5, 0], [3, 5, 0]), [0, 1, 0])


def test_information_by_hand():
    log = np.log
    # P(unit) = 1/2, P(class) = 1/4, always within: I = H(class) - H(class | unit), H = their joint entropy
    information = (-(0.25 * log(0.25) + 0.75 * log(0.75))) - 0.5 * log(2)
    entropy = -(0.25 * log(0.25) + 0.25 * log(0.25) + 0.5 * log(0.5))
    assert information_ratio(0.25, 0.5, 0.25) == pytest.approx(information / entropy)
    assert information_ratio(0.3, 0.3, 0.3) == pytest.approx(1)  # one and the same
    assert information_ratio(0.06, 0.2, 0.3) == pytest.approx(0, abs=1e-12)  # independent
    np.testing.assert_array_equal(information_ratio([0, 1, 0], [0, 1, 0], [0, 1, 0.5]), [0, 0, 0])


def test_upsampling_meets_at_the_corners_of_the_images():
    x = np.asarray([0, 1], np.float32).reshape(1, 1, 2, 1)
    up = np.asarray(jax.jit(upsampled, static_argnums=1)(x, (1, 4))).reshape(-1)
    np.testing.assert_allclose(up, [0, 0.25, 0.75, 1])  # centres of pixels at -0.25, 0.25, 0.75, 1.25


def test_a_tally_counts_as_numpy_does():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3, 6, 6, 4)).astype(np.float32)
    masks = rng.uniform(size=(3, 6, 6, 2)) < [0.3, 0.6]
    masks[..., 0] |= x[..., 1] > 1  # unit 1 knows class 0
    low, high = x.min((0, 1, 2)), x.max((0, 1, 2))
    tally = Tally(low, high, 2)
    for each, mask in zip(x, masks, strict=True):
        tally.add(np.asarray(binned(each[None], low, high)), mask[None])
    np.testing.assert_array_equal(tally.pixels, [*masks.sum((0, 1, 2)), 108])
    for threshold in ("quantile", "ratio"):
        levels, overlap, ratio = agreements(tally, threshold, top=0.05)
        for k in range(2):
            for unit in range(4):
                fires = x[..., unit] >= levels[k, unit] - 1e-6
                both = np.sum(fires & masks[..., k])
                assert overlap[k, unit] == pytest.approx(both / np.sum(fires | masks[..., k]))
                if both * 108 > fires.sum() * masks[..., k].sum():
                    expected = information_ratio(both / 108, fires.sum() / 108, masks[..., k].sum() / 108)
                    assert ratio[k, unit] == pytest.approx(expected)
                    if threshold == "ratio":  # no other level is better
                        every = [x[..., unit] >= level for level in np.unique(x[..., unit])]
                        pairs = [(np.mean(f & masks[..., k]), f.mean()) for f in every]
                        share = masks[..., k].mean()
                        best = max(information_ratio(b, f, share) for b, f in pairs if b > f * share)
                        assert ratio[k, unit] == pytest.approx(best, rel=1e-3)
                else:
                    assert ratio[k, unit] == 0


def test_the_level_of_a_quantile_is_off_by_one_bin_at_most():
    x = np.random.default_rng(1).normal(size=(1, 100, 100, 1)).astype(np.float32)
    low, high = x.min((0, 1, 2)), x.max((0, 1, 2))
    tally = Tally(low, high, 1)
    tally.add(np.asarray(binned(x, low, high)), np.zeros((1, 100, 100, 1), bool))
    level = agreements(tally, "quantile", top=0.005)[0][0, 0]
    largest_left_out = np.sort(x.reshape(-1))[-51]  # the 50 largest of 10,000 may fire
    assert largest_left_out < level <= largest_left_out + (high - low)[0] / BINS and np.mean(x >= level) <= 0.005


def test_a_unit_that_never_changes_fires_nowhere_in_particular():
    x = np.zeros((1, 2, 2, 1), np.float32)
    tally = Tally(np.zeros(1), np.zeros(1), 1)
    tally.add(np.asarray(binned(x, np.zeros(1, np.float32), np.zeros(1, np.float32))), np.ones((1, 2, 2, 1), bool))
    for threshold in ("quantile", "ratio"):
        levels, overlap, ratio = agreements(tally, threshold)
        assert np.isfinite(levels).all() and overlap.max() == 0 and ratio.max() == 0


def test_published_limits_of_the_level_search():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(2, 8, 8, 1)).astype(np.float32)
    masks = x > -0.5  # the best level is below 0, and the class is large
    low, high = x.min((0, 1, 2)), x.max((0, 1, 2))
    tally = Tally(low, high, 1)
    tally.add(np.asarray(binned(x, low, high)), masks)
    free, _, ratio = agreements(tally, "ratio")
    assert free[0, 0] == pytest.approx(-0.5, abs=0.1) and ratio[0, 0] > 0.9
    assert agreements(tally, "ratio", positive_levels=True)[0][0, 0] > 0
