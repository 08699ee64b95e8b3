"""From evidence to numbers: how each kind of score asks for its images and features."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.recipes.recipe import Measured, Outcome, Recipe
from gan_jax.metrics.estimate import Estimate, check_features
from gan_jax.metrics.extrapolation import frechet_at_infinity
from gan_jax.metrics.frechet import Moments, frechet_distance, intra_class_frechet_distance
from gan_jax.metrics.inception_score import inception_score
from gan_jax.metrics.kernel import kernel_distance
from gan_jax.metrics.ms_ssim_diversity import pairwise_ms_ssim, within_class_ms_ssim
from gan_jax.metrics.prdc import improved_precision_recall, precision_recall_density_coverage
from gan_jax.metrics.sliced_wasserstein import sliced_wasserstein_distance


def frechet(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> Outcome:
    """The Frechet distance of features; all of the reference's images through their moments.

    Raises ValueError where a set has fewer images than there are features: its covariance is singular, and the distance
    mostly tells how many images there are.
    """
    fake = evidence.fake_moments(recipe.extractor, recipe.tap, n_fake)
    if recipe.reals is None:
        real = evidence.real_moments(recipe.split, recipe.extractor, recipe.tap)
    else:
        real = Moments.of(_reals(evidence, recipe, n_real))
    fewest, width = min(fake.n, real.n), len(real.mean)
    if fewest < width and not evidence.force:
        raise ValueError(
            f"{fewest:,} images are too few for {width:,} features: their covariance is singular; give at least as "
            "many images, or force it with --force"
        )
    return Outcome([Measured("", frechet_distance(real, fake))])


def kernel(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> Outcome:
    """The kernel distance of features. Its subsets are no larger than the smaller set, and the record says how large."""
    if min(n_fake, n_real) < 2:
        raise ValueError("a kernel distance needs 2 images or more on each side, and there is 1: give more images")
    fake, real = _fakes(evidence, recipe, n_fake), _reals(evidence, recipe, n_real)
    used = {"subset_size": min(recipe.settings.get("subset_size", 1000), n_fake, n_real)}
    track = evidence.bar("kernel distance", "subset")
    return Outcome([_of("", kernel_distance(real, fake, **{**recipe.settings, **used}, track=track))], used)


def inception(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> Outcome:
    """The Inception score of the samples' logits."""
    return Outcome([_of("", inception_score(_fakes(evidence, recipe, n_fake), **recipe.settings))])


def prdc(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> Outcome:
    """Precision, recall, density and coverage."""
    real, fake = _reals(evidence, recipe, n_real), _fakes(evidence, recipe, n_fake)
    track = evidence.bar("neighbours", "block")
    found = precision_recall_density_coverage(real, fake, **recipe.settings, track=track)
    return Outcome([Measured(part, value) for part, value in found.items()])


def improved_pr(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> Outcome:
    """Improved precision and recall."""
    real, fake = _reals(evidence, recipe, n_real), _fakes(evidence, recipe, n_fake)
    found = improved_precision_recall(real, fake, **recipe.settings, track=evidence.bar("neighbours", "block"))
    return Outcome([Measured(part, value) for part, value in found.items()])


def intra_frechet(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> Outcome:
    """The Frechet distance within each class, averaged over classes. Images without a label are left out.

    Raises ValueError, with the class's name, where a class of one side has fewer than 2 images on either.
    """
    of_fake, of_real = evidence.fake_labels(n_fake), evidence.real_labels(recipe.split, n_real)
    _require_two_of_each(evidence.classes, of_fake, of_real)
    fake, real = _fakes(evidence, recipe, n_fake), _reals(evidence, recipe, n_real)
    track = evidence.bar("classes", "class")
    mean, by_class = intra_class_frechet_distance(
        real[of_real >= 0], of_real[of_real >= 0], fake[of_fake >= 0], of_fake[of_fake >= 0], track
    )
    numbers = [_of("", mean), *(Measured(f"class{label}", value) for label, value in by_class.items())]
    return Outcome(numbers, n_fake=labelled(of_fake), n_real=labelled(of_real))


def frechet_infinity(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> Outcome:
    """The Frechet distance that infinitely many samples would have."""
    real, fake = evidence.real_moments(recipe.split, recipe.extractor, recipe.tap), _fakes(evidence, recipe, n_fake)
    track = evidence.bar("Frechet distances", "subset")
    estimate, _ = frechet_at_infinity(real, fake, seed=evidence.seed, **recipe.settings, track=track)
    return Outcome([_of("", estimate)])


def swd(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> Outcome:
    """Sliced Wasserstein distance, each level of the pyramid and their mean."""
    real, fake = evidence.real_images(recipe.split, n_real), evidence.fake_images(n_fake)
    track = evidence.bar("sliced Wasserstein distance", "part")
    found = sliced_wasserstein_distance(real, fake, **recipe.settings, track=track)
    return Outcome([Measured("" if level == "mean" else str(level), value) for level, value in found.items()])


def ms_ssim(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> Outcome:
    """How alike samples are to each other, and, to hold it against, how alike real images are."""
    of = lambda images, whose: pairwise_ms_ssim(
        images, seed=evidence.seed, **recipe.settings, track=evidence.bar(f"pairs of {whose}", "part")
    )
    fake = of(evidence.fake_images(n_fake), "samples")
    return Outcome([_of("", fake), _of("of_real", of(evidence.real_images(recipe.split, n_real), "real images"))])


def ms_ssim_by_class(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> Outcome:
    """How alike samples of one class are; and the share of classes more alike than AC-GAN's bound of collapse, 0.25.

    Images without a label are left out. Raises ValueError for a class with fewer different pairs than are looked at,
    and, forced or not, for one with a single image.
    """
    labels, images = evidence.fake_labels(n_fake), evidence.fake_images(n_fake)
    known = labels >= 0
    counts, pairs = np.bincount(labels[known]), recipe.settings["pairs"]
    fewest = int(min(counts[counts > 0], default=0))
    if fewest < 2:
        raise ValueError(
            "a class has a single image, which makes no pair: give more images of each class"
            if fewest
            else "none of these images has a label, and a score by class needs them"
        )
    if fewest * (fewest - 1) < 2 * pairs and not evidence.force:
        raise ValueError(
            f"a class has {fewest:,} images, which make fewer than {pairs:,} different pairs: give more images of each "
            "class, or force it with --force"
        )
    track = evidence.bar("classes", "class")
    mean, by_class = within_class_ms_ssim(
        images[known], labels[known], seed=evidence.seed, **recipe.settings, track=track
    )
    collapsed = float(np.mean([value >= 0.25 for value in by_class.values()]))  # arXiv:1610.09585, section 4.3
    return Outcome([_of("", mean), Measured("collapsed_classes", collapsed)], n_fake=labelled(labels))


def _require_two_of_each(classes: Sequence[str], of_fake: np.ndarray, of_real: np.ndarray) -> None:
    counts = [np.bincount(labels[labels >= 0], minlength=len(classes)) for labels in (of_fake, of_real)]
    for name, fakes, reals in zip(classes, *counts, strict=True):
        if fakes + reals and min(fakes, reals) < 2:
            raise ValueError(
                f"a class needs 2 images or more on each side, and {name!r} has {fakes:,} among the samples and {reals:,} "
                "in the reference: leave the class out, or give more images of it"
            )


def labelled(labels: np.ndarray) -> int:
    """How many labels [n] are not -1."""
    return int(np.count_nonzero(labels >= 0))


def _fakes(evidence: Evidence, recipe: Recipe, n: int) -> np.ndarray:
    return check_features(evidence.fake_features(recipe.extractor, recipe.tap, n), "samples")


def _reals(evidence: Evidence, recipe: Recipe, n: int) -> np.ndarray:
    found = evidence.real_features(recipe.split, recipe.extractor, recipe.tap, n)
    return check_features(found, f"{recipe.split} images")


def _of(part: str, estimate: Estimate) -> Measured:
    return Measured(part, estimate.value, estimate.spread)
