import inspect

import pytest

from gan_jax.evaluators.recipes import (
    attributes,
    boundaries,
    cas,
    class_accuracy,
    latent_space,
    measures,
    memorisation,
    modes,
    pairs,
    probe,
    shapes,
    translation,
)
from gan_jax.evaluators.recipes.named import find_recipe, known_recipes
from gan_jax.features import classifier
from gan_jax.metrics import extrapolation, inception_score, kernel, ms_ssim_diversity, prdc, sliced_wasserstein
from gan_jax.metrics.attributes import unsure_shares
from gan_jax.metrics.boundary import attribute_boundary
from gan_jax.metrics.modes import mode_coverage
from gan_jax.metrics.separability import attribute_entropy

CLASSIFIERS = {"digits": "classes", "mine": "classes", "looks": "attributes"}


def test_recipes_through_a_classifier_bear_its_name():
    recipe = find_recipe("fd_mine_test", CLASSIFIERS)
    assert (recipe.extractor, recipe.tap, recipe.split) == ("mine", "pooled", "test")
    assert find_recipe("is_mine", CLASSIFIERS).tap == "logits"
    assert "mine's features" in recipe.about
    with pytest.raises(ValueError, match="no recipe 'fd_other'"):
        find_recipe("fd_other", CLASSIFIERS)


def test_recipes_of_logits_fit_what_the_classifier_tells():
    recipe = find_recipe("attributes_looks", CLASSIFIERS)
    assert (recipe.extractor, recipe.tap, recipe.split, recipe.fakes) == ("looks", "logits", "train", None)
    assert find_recipe("fd_looks", CLASSIFIERS).tap == "pooled"
    for name in ("is_looks", "attributes_digits"):
        assert name not in known_recipes(CLASSIFIERS)
        with pytest.raises(ValueError, match=f"no recipe '{name}'"):
            find_recipe(name, CLASSIFIERS)


def test_names_tell_the_number_of_samples_and_the_split():
    for name in known_recipes(CLASSIFIERS):
        recipe = find_recipe(name, CLASSIFIERS)
        if name.endswith("_test"):
            assert recipe.split == "test"
        digits = "".join(filter(str.isdigit, name.split("_")[0]))
        if name.split("_")[0].endswith("k") and digits:
            thousands = int(digits) * (1024 if name == "swd16k" else 1000)
            assert recipe.fakes == thousands


def test_fid_is_of_the_2015_inception_alone():
    for name in known_recipes(CLASSIFIERS):
        recipe = find_recipe(name, CLASSIFIERS)
        if "fid" in name:
            assert recipe.extractor.startswith("inception_2015") and recipe.smallest >= 2048
        if name.startswith(("fd_", "kd_")):
            assert not recipe.extractor.startswith("inception")


METRICS = {
    measures.kernel: kernel.kernel_distance,
    measures.inception: inception_score.inception_score,
    measures.prdc: prdc.precision_recall_density_coverage,
    measures.improved_pr: prdc.improved_precision_recall,
    measures.swd: sliced_wasserstein.sliced_wasserstein_distance,
    measures.ms_ssim: ms_ssim_diversity.pairwise_ms_ssim,
    measures.ms_ssim_by_class: ms_ssim_diversity.within_class_ms_ssim,
    measures.frechet_infinity: extrapolation.frechet_at_infinity,
    cas.cas: classifier.fit,
    attributes.attributes: unsure_shares,
    modes.modes: mode_coverage,
    latent_space.separability: attribute_entropy,
    boundaries.svm_accuracy: attribute_boundary,
    boundaries.boundary_cosines: attribute_boundary,
}


def test_every_setting_is_one_that_the_metric_takes():
    for name in known_recipes(CLASSIFIERS):
        recipe = find_recipe(name, CLASSIFIERS)
        if recipe.measure in METRICS:
            taken = set(inspect.signature(METRICS[recipe.measure]).parameters) | {"depth", "space"}
            assert recipe.settings.keys() <= taken, name
        else:
            known = (
                boundaries.attribute_correlation,
                class_accuracy.class_accuracy,
                class_accuracy.code_matching,
                measures.frechet,
                measures.intra_frechet,
                memorisation.memorisation,
                probe.probe,
                pairs.latent_transform,
                latent_space.perceptual_path,
                *(each.measure for each in shapes.RECIPES.values()),
                modes.of_stacked,
                *(made for made in vars(translation).values() if callable(made)),
            )
            assert recipe.measure in known, name
