"""Does the generator repeat its training images? Nearest neighbours, as a number and as a picture."""

from __future__ import annotations

import numpy as np

from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.recipes.recipe import Measured, Outcome, Recipe
from gan_jax.metrics.estimate import check_features
from gan_jax.metrics.neighbors import nearest
from gan_jax.runtime.writers.images import image_grid, save_png

_ROWS, _NEIGHBORS = 12, 5


def memorisation(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> Outcome:
    """The median distance of samples to their nearest training image, over the test images' median.

    Near 1: samples are as far from the training images as new real images are. Far below: they are copies.
    Above: they are less like the training images than real ones are. Draws the samples nearest to a training image,
    each beside its five nearest.
    """
    features = lambda split, n: evidence.real_features(split, recipe.extractor, recipe.tap, n)
    train = check_features(features("train", n_real), "train images")
    n_test = len(evidence.reals("test"))
    test = check_features(features("test", n_test), "test images")
    fake = check_features(evidence.fake_features(recipe.extractor, recipe.tap, n_fake), "samples")
    distances, indices = nearest(fake, train, k=_NEIGHBORS, track=evidence.bar("neighbours of samples", "block"))
    of_test, _ = nearest(test, train, k=1, track=evidence.bar("neighbours of test images", "block"))
    median = float(np.median(distances[:, 0])) / max(float(np.median(of_test)), 1e-12)
    if evidence.pictures is not None:
        rows = np.argsort(distances[:, 0])[:_ROWS]
        samples, real = evidence.fake_images(n_fake), evidence.real_images("train", n_real)
        tiles = [image for row in rows for image in (samples[row], *real[indices[row]])]
        grid = image_grid(np.stack(tiles).astype(np.float32) / 127.5 - 1, columns=1 + _NEIGHBORS)
        save_png(evidence.pictures / f"nearest_{recipe.extractor.replace('/', '_')}.png", grid)
    copies = float(np.mean(distances[:, 0] < np.min(of_test)))
    return Outcome([Measured("", median), Measured("nearer_than_any_test_image", copies)])
