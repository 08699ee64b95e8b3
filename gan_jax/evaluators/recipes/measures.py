"""From evidence to numbers: how each kind of score asks for its images and features."""

from __future__ import annotations

import numpy as np

from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.recipes.recipe import Measured, Recipe
from gan_jax.metrics.estimate import Estimate, check_features
from gan_jax.metrics.extrapolation import frechet_at_infinity
from gan_jax.metrics.frechet import Moments, frechet_distance, intra_class_frechet_distance
from gan_jax.metrics.inception_score import inception_score
from gan_jax.metrics.kernel import kernel_distance
from gan_jax.metrics.ms_ssim_diversity import pairwise_ms_ssim, within_class_ms_ssim
from gan_jax.metrics.prdc import improved_precision_recall, precision_recall_density_coverage
from gan_jax.metrics.sliced_wasserstein import sliced_wasserstein_distance


def frechet(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> list[Measured]:
    """The Frechet distance of features; all of the reference's images through their moments."""
    fake = _fakes(evidence, recipe, n_fake)
    if recipe.reals is None:
        real = evidence.real_moments(recipe.split, recipe.extractor, recipe.tap)
    else:
        real = Moments.of(_reals(evidence, recipe, n_real))
    return [Measured("", frechet_distance(real, Moments.of(fake)))]


def kernel(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> list[Measured]:
    """The kernel distance of features."""
    fake, real = _fakes(evidence, recipe, n_fake), _reals(evidence, recipe, n_real)
    settings = dict(recipe.settings)
    settings["subset_size"] = min(settings.get("subset_size", 1000), n_fake, n_real)
    return [_of("", kernel_distance(real, fake, **settings))]


def inception(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> list[Measured]:
    """The Inception score of the samples' logits."""
    return [_of("", inception_score(_fakes(evidence, recipe, n_fake), **recipe.settings))]


def prdc(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> list[Measured]:
    """Precision, recall, density and coverage."""
    found = precision_recall_density_coverage(
        _reals(evidence, recipe, n_real), _fakes(evidence, recipe, n_fake), **recipe.settings
    )
    return [Measured(part, value) for part, value in found.items()]


def improved_pr(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> list[Measured]:
    """Improved precision and recall."""
    found = improved_precision_recall(
        _reals(evidence, recipe, n_real), _fakes(evidence, recipe, n_fake), **recipe.settings
    )
    return [Measured(part, value) for part, value in found.items()]


def intra_frechet(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> list[Measured]:
    """The Frechet distance within each class, averaged over classes."""
    labels = evidence.fake_labels(n_fake), evidence.real_labels(recipe.split, n_real)
    fake, real = _fakes(evidence, recipe, n_fake), _reals(evidence, recipe, n_real)
    mean, by_class = intra_class_frechet_distance(real, labels[1], fake, labels[0])
    return [_of("", mean), *(Measured(f"class{label}", value) for label, value in by_class.items())]


def frechet_infinity(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> list[Measured]:
    """The Frechet distance that infinitely many samples would have."""
    real = evidence.real_moments(recipe.split, recipe.extractor, recipe.tap)
    estimate, _ = frechet_at_infinity(real, _fakes(evidence, recipe, n_fake), seed=evidence.seed, **recipe.settings)
    return [_of("", estimate)]


def swd(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> list[Measured]:
    """Sliced Wasserstein distance, each level of the pyramid and their mean."""
    real, fake = evidence.real_images(recipe.split, n_real), evidence.fake_images(n_fake)
    found = sliced_wasserstein_distance(real, fake, **recipe.settings)
    return [Measured("" if level == "mean" else str(level), value) for level, value in found.items()]


def ms_ssim(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> list[Measured]:
    """How alike samples are to each other, and, to hold it against, how alike real images are."""
    fake = pairwise_ms_ssim(evidence.fake_images(n_fake), seed=evidence.seed, **recipe.settings)
    real = pairwise_ms_ssim(evidence.real_images(recipe.split, n_real), seed=evidence.seed, **recipe.settings)
    return [_of("", fake), _of("of_real", real)]


def ms_ssim_by_class(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> list[Measured]:
    """How alike samples of one class are; and the share of classes more alike than AC-GAN's bound of collapse, 0.25."""
    labels = evidence.fake_labels(n_fake)
    mean, by_class = within_class_ms_ssim(evidence.fake_images(n_fake), labels, seed=evidence.seed, **recipe.settings)
    collapsed = float(np.mean([value >= 0.25 for value in by_class.values()]))  # arXiv:1610.09585, section 4.3
    return [_of("", mean), Measured("collapsed_classes", collapsed)]


def _fakes(evidence: Evidence, recipe: Recipe, n: int) -> np.ndarray:
    return check_features(evidence.fake_features(recipe.extractor, recipe.tap, n), "samples")


def _reals(evidence: Evidence, recipe: Recipe, n: int) -> np.ndarray:
    found = evidence.real_features(recipe.split, recipe.extractor, recipe.tap, n)
    return check_features(found, f"{recipe.split} images")


def _of(part: str, estimate: Estimate) -> Measured:
    return Measured(part, estimate.value, estimate.spread)
