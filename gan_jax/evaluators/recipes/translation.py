"""Translations of images against their targets, and against the images that they came from."""

from __future__ import annotations

from collections.abc import Callable

import jax
import numpy as np

from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.recipes.recipe import Measured, Outcome, Recipe
from gan_jax.metrics.estimate import check_features
from gan_jax.metrics.pairs import best_constant, mean_error, sharpness
from gan_jax.nn.compiling import compiled
from gan_jax.types import Batch


def pair_l1(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> Outcome:
    """The mean error by pixel, in units of [-1, 1], and those of two answers that need no network.

    "constant": of the one colour that is nearest to all these targets. "copy": of the image that it starts from, where it
    has the target's channels. The spread is that of images.
    """
    fakes, targets = evidence.fake_images(n_fake), evidence.real_images("test", n_real)
    constant = np.broadcast_to(best_constant(targets), targets.shape)
    numbers = [_spread("", mean_error(fakes, targets)), _spread("constant", mean_error(constant, targets))]
    copies = _starts(evidence, n_fake)
    if copies.shape == targets.shape:
        numbers.append(_spread("copy", mean_error(copies, targets)))
    return Outcome(numbers)


def pair_sharpness(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> Outcome:
    """How sharp translations are, as a multiple of the targets' sharpness: 1 is as sharp, below is blurred."""
    fakes, targets = sharpness(evidence.fake_images(n_fake)), sharpness(evidence.real_images("test", n_real))
    of_targets = max(float(targets.mean()), 1e-12)
    return Outcome([Measured("", float(fakes.mean()) / of_targets), Measured("of_targets", of_targets)])


def pair_distance(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> Outcome:
    """The mean of 1 - cos of the angle between a translation's and its target's features: 0 is alike."""
    fake = check_features(evidence.fake_features(recipe.extractor, recipe.tap, n_fake), "translations")
    real = check_features(evidence.real_features("test", recipe.extractor, recipe.tap, n_real), "targets")
    unit = lambda x: x / np.maximum(np.linalg.norm(x.astype(np.float64), axis=1, keepdims=True), 1e-12)
    return Outcome([_spread("", 1 - np.sum(unit(fake) * unit(real), axis=1))])


def cycle(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> Outcome:
    """How far images come back from where they set out when they are translated there and back: the mean |x' - x|.

    Raises ValueError for a game without a way back.
    """
    (source,) = evidence.fake.given
    if (measure := evidence.measures.get(f"cycle_{source}")) is None:
        raise ValueError("this game has no way back: cycles are CycleGAN's")
    size, total, given = evidence.batch_size, 0.0, _given(evidence)
    key = jax.random.key(evidence.seed)
    for first in evidence.bar("cycles", "batch")(list(range(0, n_fake, size))):
        indices = np.arange(first, min(first + size, n_fake), dtype=np.uint32)
        with jax.set_mesh(evidence.mesh):
            total += len(indices) * float(_measured(measure, jax.random.fold_in(key, first), given(indices)))
    return Outcome([Measured("", total / n_fake)])


_measured = compiled(lambda measure, key, batch: measure(key, batch))


def _starts(evidence: Evidence, n: int) -> np.ndarray:
    """uint8 [n, H, W, C] of what translations start from."""
    (source,) = evidence.fake.given
    given = _given(evidence)
    parts = [given(np.arange(i, min(i + 256, n)))[source] for i in range(0, n, 256)]
    return np.round(np.concatenate(parts) * 127.5 + 127.5).astype(np.uint8)


def _given(evidence: Evidence) -> Callable[[np.ndarray], Batch]:
    if evidence.given is None:
        raise ValueError("it is of translations of images: name a run of pix2pix or CycleGAN with --workdir")
    return evidence.given


def _spread(part: str, values: np.ndarray) -> Measured:
    return Measured(part, float(values.mean()), float(values.std()))
