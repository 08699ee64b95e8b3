"""Units of the painter switched off and put elsewhere: exactly their squares go and come."""

import jax
import numpy as np
import pytest

from gan_jax.analysis.dissection.interventions import (
    ablating,
    causal_effect,
    effects_of_units,
    images_of,
    inserting,
    replacing,
)
from gan_jax.analysis.dissection.optimised import Search, first_alpha, judged, optimised_set
from gan_jax.analysis.dissection.placing import placing
from gan_jax.analysis.dissection.sites import Sites, candidate_sites, pooled, present_sites
from gan_jax.analysis.dissection.units import dissect
from gan_jax.analysis.segmentation import Segmentation
from gan_jax.methods.edited import with_edits
from gan_jax.methods.samplers import with_label
from gan_jax.nn.tap import edited

from .conftest import CHANCE, DECOY, GREEN, OTHER_RED, RED

KEY = jax.random.key(4)
REDS = [RED, OTHER_RED]


def reds(painter, count):
    return np.asarray(painter.starts(KEY, np.arange(count, dtype=np.uint32))["z"])[:, 0] > 0


def test_a_part_of_a_unit_is_replaced():
    x = np.asarray([2.0, 4.0], np.float32).reshape(1, 1, 1, 2)
    half = replacing([0.5, 0.25], [10.0, 0.0], np.full((1, 1, 1, 1), 0.5))
    # (1 - alpha m) u + alpha m k: 0.75 * 2 + 0.25 * 10, 0.875 * 4
    np.testing.assert_allclose(np.asarray(edited(x, half)).reshape(-1), [4.0, 3.5])


def test_ablation_removes_the_square_and_nothing_else(painter, colours):
    before, after = images_of(painter, KEY, range(10)), images_of(painter, KEY, range(10), {"units": ablating(REDS, 5)})
    expected = before.copy()
    expected[:, 2:6, 2:6] = -1
    np.testing.assert_array_equal(after, expected)
    assert (before != after).any()
    effect = causal_effect(painter, colours, KEY, range(10), {"units": ablating(REDS, 5)})
    share = reds(painter, 10).mean() * 16 / 256
    np.testing.assert_allclose(effect.change, [-share, 0, 0], atol=1e-9)
    np.testing.assert_allclose(effect.relative, [-1, 0, 0])
    spread = np.std(reds(painter, 10) * 16 / 256, ddof=1) / np.sqrt(10)
    np.testing.assert_allclose(effect.error, [spread, 0, 0], atol=1e-9)


def test_insertion_paints_the_chosen_place(painter, colours):
    where = np.zeros((1, 8, 8, 1), np.float32)
    where[0, 6, 1] = 1
    values = np.asarray([0.45, 0.45, 0.9, 0.45, 0], np.float32)
    put = {"units": inserting(REDS, values, where)}
    before, after = images_of(painter, KEY, range(10)), images_of(painter, KEY, range(10), put)
    changed = np.any(before != after, -1)
    expected = np.zeros((16, 16), bool)
    expected[12:14, 2:4] = True
    np.testing.assert_array_equal(changed, np.broadcast_to(expected, changed.shape))
    np.testing.assert_allclose(after[:, 12, 2], np.tile([0.8, -1, -1], (10, 1)), atol=1e-6)
    causal = causal_effect(painter, colours, KEY, range(10), put, {"units": ablating(REDS, 5)})
    np.testing.assert_allclose(causal.change[0], 4 / 256 + reds(painter, 10).mean() * 16 / 256)


def test_each_image_may_have_a_place_of_its_own(painter):
    places = np.arange(12) * 5  # more than one part
    sites = Sites(np.arange(12, dtype=np.uint32), places, np.ones(12))
    put = {"units": inserting([GREEN], np.full(5, 0.9, np.float32), sites.where((8, 8, 5)))}
    after = images_of(painter, KEY, range(12), put)
    for image, place in zip(after, places, strict=True):
        assert image[2 * (place // 8), 2 * (place % 8), 1] == pytest.approx(0.8)
    before = images_of(painter, KEY, range(12))
    assert np.sum(np.any(before != after, -1), (1, 2)).max() <= 4


def test_units_one_by_one(painter, colours):
    effects = effects_of_units(painter, "units", colours, KEY, range(10), [GREEN, DECOY, CHANCE])
    assert effects[0].relative[1] == -1 and effects[0].change[0] == 0
    assert not any(np.any(effect.change) for effect in effects[1:])
    with pytest.raises(ValueError, match="no unit 7; it has 0 to 4"):
        effects_of_units(painter, "units", colours, KEY, range(10), [7])


def test_sites_are_where_the_class_is_and_where_it_could_be(painter, colours):
    present = present_sites(painter, "units", colours, "red", KEY, range(20), 6)
    assert reds(painter, 20)[present.sites.indices].all() and len(present.sites.indices) == 6
    assert np.all(present.sites.places == 9) and np.all(present.sites.scores == 1)  # the first of four equal ones
    np.testing.assert_allclose(present.values[[RED, OTHER_RED, DECOY]], 0.45, rtol=1e-5)
    assert present.popularity[9] == 6 and present.popularity.sum() == 6
    found = candidate_sites(painter, "units", colours, "red", KEY, range(20), present, 5)
    assert np.all(found.scores == 4) and len(found.indices) == 5  # one place is four pixels
    there = reds(painter, 20)[found.indices]
    square = np.isin(found.places, [9, 10, 17, 18])
    assert not np.any(there & square)  # not where it is already
    with pytest.raises(ValueError, match="'blue' is on no pixel"):
        present_sites(painter, "units", colours, "blue", KEY, range(20), 6)
    with pytest.raises(ValueError, match="no class 'sky'; it has red, green, blue"):
        present_sites(painter, "units", colours, "sky", KEY, range(20), 6)


def test_a_place_where_nothing_is_gained_is_no_candidate(painter, colours):
    present = present_sites(painter, "units", colours, "red", KEY, range(10), 6)
    dead = type(present)(present.sites, 0 * present.values, present.popularity)
    with pytest.raises(ValueError, match="no place in 10 images gains a pixel of 'red'"):
        candidate_sites(painter, "units", colours, "red", KEY, range(10), dead, 5)


def test_the_optimised_set_is_the_causes_without_the_decoys(painter, colours):
    dissection = dissect(painter, "units", colours, KEY, range(20))
    first = first_alpha(dissection, "red")
    np.testing.assert_allclose(first[[RED, OTHER_RED, DECOY]], 1)  # the decoy begins as high as the causes
    present = present_sites(painter, "units", colours, "red", KEY, range(20), 8)
    candidates = candidate_sites(painter, "units", colours, "red", KEY, range(20), present, 8)
    search = Search(epochs=150, batch=8)
    asked = (painter, "units", colours, "red", KEY, present.sites, candidates, present.values)
    found = optimised_set(*asked, first, search, progress=False)
    assert set(found.units(2)) == {RED, OTHER_RED}
    assert found.alpha[[DECOY, GREEN, CHANCE]].max() < 0.1 < 0.5 < found.alpha[REDS].min()
    assert np.all((0 <= found.alpha) & (found.alpha <= 1)) and found.history[-1] < found.history[0]
    told = judged(*asked, found.units(2))
    assert told == {"present": 1, "ablated": 0, "candidate": 0, "inserted": 1}
    with pytest.raises(ValueError, match="no unit of units overlaps with 'blue'"):
        first_alpha(dissection, "blue")


def test_a_set_cannot_be_optimised_without_soft_masks(painter):
    hard = Segmentation(("red",), lambda images: images[..., :1] > 0)
    sites = Sites(np.arange(2, dtype=np.uint32), np.zeros(2, int), np.ones(2))
    with pytest.raises(ValueError, match="has none: give its Segmentation a function `soft`"):
        optimised_set(painter, "units", hard, "red", KEY, sites, sites, np.zeros(5), np.ones(5))


def test_where_a_thing_can_be_put(painter, colours):
    values = np.asarray([0.45, 0.45, 0.9, 0.45, 0], np.float32)
    found = placing(painter, "units", colours, "red", KEY, range(10), REDS, values)
    there = reds(painter, 10)
    expected = np.full((10, 8, 8), 4.0)
    expected[there, 1:3, 1:3] = 0  # it is red already
    green = np.asarray(painter.starts(KEY, np.arange(10, dtype=np.uint32))["z"])[:, 1] > 0
    expected[green, 5:7, 4:6] = 0  # red and green is yellow: it cannot be put there
    np.testing.assert_array_equal(found.gained, expected)
    by = found.by_context()
    assert by["red"] == (0, 4 * there.sum()) and by["green"] == (0, 4 * green.sum()) and by["none"][0] == 4
    np.testing.assert_allclose(found.map(), expected.mean(0))
    with pytest.raises(ValueError, match="odd"):
        placing(painter, "units", colours, "red", KEY, range(10), REDS, values, side=2)


def test_means_over_places_that_do_not_divide():
    x = np.arange(5, dtype=np.float32).reshape(1, 1, 5)
    np.testing.assert_allclose(pooled(x, (1, 2)), [[[1, 3]]])  # 0 1 2 and 2 3 4
    np.testing.assert_allclose(pooled(x, (1, 5)), x)


def test_an_edited_sampler_is_a_sampler(painter, colours):
    dark = with_edits(painter, {"units": ablating(REDS, 5)})
    np.testing.assert_array_equal(images_of(dark, KEY, range(10)), images_of(painter, KEY, range(10), dict(dark.edits)))
    assert dark.num_classes == 0 and dark.given == () and len(jax.tree.leaves(dark)) == 4
    with pytest.raises(ValueError, match="units is edited by this sampler already"):
        images_of(dark, KEY, range(10), {"units": ablating([GREEN], 5)})
    with pytest.raises(ValueError, match="edit last"):
        dark.replace(psi=0.5)
    with pytest.raises(ValueError, match="no tap layer; it has units"):
        with_edits(painter, {"layer": ablating(REDS, 5)})
    with pytest.raises(ValueError, match="scale and shift"):
        with_edits(painter, {"units": ablating([0], 4)})
    with pytest.raises(ValueError, match="unconditional"):
        with_label(dark, 1)
