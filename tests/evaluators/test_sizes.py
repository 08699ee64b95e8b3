"""Sets too small for a score are refused, and those too large are cut, as the record says."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.evaluators.cost import cost
from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.image_set import ArraySet
from gan_jax.evaluators.judge import Failed, judge
from gan_jax.evaluators.recipes.named import find_recipe, known_recipes
from gan_jax.evaluators.sizes import sizes_of
from gan_jax.features.extractor import Extractor
from gan_jax.metrics.kernel import kernel_distance
from gan_jax.runtime.mesh import make_mesh

RNG = np.random.default_rng(0)
CLASSIFIERS = {"net": "classes", "looks": "attributes"}


def _pixels(variables, images):
    seen = images.reshape(images.shape[0], -1)[:, :150].astype(jnp.float32) / 255
    return {"pooled": seen, "logits": seen, "pixels": seen}


def evidence(n_fake, n_real, side=14, **settings):
    sets = [ArraySet(RNG.integers(0, 256, (n, side, side, 1), np.uint8), np.arange(n) % 2) for n in (n_fake, n_real)]
    net = Extractor(_pixels, {}, "net", "none", "ab", ("left",))
    real = {"train": lambda: sets[1], "test": lambda: sets[0]}
    return Evidence(sets[0], real, lambda name: net, make_mesh(), quiet=True, **settings)


@pytest.mark.parametrize(
    ("name", "n", "reason"),
    [
        ("ms_ssim", 45, "45 images are too few: it means little below 46"),  # 990 different pairs
        ("is_net", 30, "30 images are too few: it means little below 1,000"),  # 10 splits of 3
        ("fd_net", 149, "149 images are too few for 150 features"),
        ("kd_net", 99, "99 images are too few: it means little below 100"),
        ("prdc_net", 99, "99 images are too few"),
        ("memorisation_net", 99, "99 images are too few"),
    ],
)
def test_sets_too_small_are_refused_unless_forced(name, n, reason):
    of = lambda **settings: next(judge(evidence(n, n + 1, **settings), {name: find_recipe(name, CLASSIFIERS)}, {}))
    assert reason in of().reason
    assert not isinstance(of(force=True), Failed)


@pytest.mark.parametrize(
    ("name", "n", "side", "reason"),
    [
        ("swd", 64, 6, "it needs images of at least 7 pixels along each side, and these have 6 x 6"),
        ("ms_ssim", 64, 10, "it needs images of at least 11 pixels"),
        ("ms_ssim_by_class", 64, 10, "it needs images of at least 11 pixels"),
        ("kd_net", 1, 14, "needs 2 images or more on each side, and there is 1"),
        ("ms_ssim", 1, 14, "need at least 2 images, and there are 1"),
        ("ms_ssim_by_class", 2, 14, "a class has a single image, which makes no pair"),
        ("ppl_z_full10k_net", 3, 14, "these are images: name the run with --workdir"),  # and not: give 10,000 of them
        ("separability_w10k_looks", 3, 14, "these are images: name the run with --workdir"),
    ],
)
def test_what_no_force_gives_says_what_is_needed(name, n, side, reason):
    (found,) = judge(evidence(n, n, side, force=True), {name: find_recipe(name, CLASSIFIERS)}, {})
    assert reason in found.reason


def test_the_record_says_the_subset_that_was_used():
    seen = evidence(120, 110)
    (score,) = next(judge(seen, {"kd_net": find_recipe("kd_net", CLASSIFIERS)}, {}))
    assert score.settings == {"subsets": 100, "subset_size": 110}
    features = [
        each.images(np.arange(len(each))).reshape(len(each), -1)[:, :150] / np.float32(255)
        for each in (seen.reals("train"), seen.fake_set)
    ]
    assert score.value == pytest.approx(kernel_distance(*features, subset_size=110).value, rel=1e-4)


def test_a_name_without_a_count_has_a_cap_that_the_record_names():
    recipe = dataclasses.replace(find_recipe("prdc_net", CLASSIFIERS), most_fakes=130, most_reals=140)
    (first, *_) = next(judge(evidence(150, 150), {"prdc_net": recipe}, {}))
    assert (first.n_fake, first.n_real) == (130, 140)
    assert first.settings == {"k": 5, "most_fakes": 130, "most_reals": 140}
    (first, *_) = next(judge(evidence(120, 140), {"prdc_net": recipe}, {}))
    assert first.settings == {"k": 5} and (first.n_fake, first.n_real) == (120, 140)


def test_the_record_says_how_many_stand_for_the_larger_of_two_sets():
    recipe = find_recipe("swd", CLASSIFIERS)
    for n_fake, n_real, caps in ((170, 150, {"most_fakes": 150}), (150, 170, {"most_reals": 150}), (150, 150, {})):
        seen = evidence(n_fake, n_real)
        first, *_ = next(judge(seen, {"swd": recipe}, {}))
        assert (first.n_fake, first.n_real, first.settings) == (150, 150, caps)
    assert cost(seen, recipe, sizes_of(seen, recipe)).startswith("reads 150 images, reads 150 train images")
    seen = evidence(170, 150)
    told = cost(seen, recipe, sizes_of(seen, recipe))
    assert told.startswith("reads 150 of 170 images, reads 150 train images") and "no more than" not in told
    both = dataclasses.replace(recipe, most_fakes=140, most_reals=140)
    assert sizes_of(seen, both).caps == {"most_fakes": 140, "most_reals": 140}


def test_every_recipe_without_a_count_is_capped_or_streamed():
    for name in known_recipes(CLASSIFIERS):
        recipe = find_recipe(name, CLASSIFIERS)
        if recipe.needs_pairs or recipe.needs_given:  # of all test elements, each beside its own
            continue
        if recipe.fakes is None:
            assert recipe.most_fakes, name
        if recipe.reals is None and recipe.split is not None and recipe.measure.__name__[:7] != "frechet":
            assert recipe.most_reals or name == "intra_fid50k", name


def test_the_cost_is_said_beforehand():
    def told(name, n_fake, n_real):
        recipe = find_recipe(name, CLASSIFIERS)
        seen = evidence(n_fake, n_real, force=True)
        return cost(seen, recipe, sizes_of(seen, recipe))

    assert told("swd", 9000, 9000) == (
        "reads 8,192 of 9,000 images, reads 8,192 of 9,000 train images, sorts 512 projections of 1,048,576 "
        "patches of either side at each size, about 0.7 GB of memory, it takes no more than 8,192"
    )
    assert "takes 30,000 distances" in told("prdc_net", 100, 100)
    assert "reads 100 test images" in told("memorisation", 100, 200)


def test_a_score_against_a_test_split_needs_one():
    both = evidence(200, 300)
    sizes_of(both, find_recipe("fd_net_test", CLASSIFIERS))
    both = dataclasses.replace(both, real=dict.fromkeys(("train", "test"), both.real["train"]))
    with pytest.raises(ValueError, match="it compares with a test split, and .* has none: without _test in its name"):
        sizes_of(both, find_recipe("fd_net_test", CLASSIFIERS))
