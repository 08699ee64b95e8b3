"""How many modes a generator reaches: of a mixture of Gaussians, or of stacked digits (PacGAN's measures, arXiv:1712.04086)."""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.recipes.recipe import Measured, Outcome, Recipe
from gan_jax.metrics.modes import mode_coverage, stacked_modes


def modes(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> Outcome:
    """The number of modes reached; the share of points near one; and how evenly points are spread over modes."""
    mixture = evidence.mixture
    found = mode_coverage(mixture.draw(n_fake), mixture.modes, mixture.std, **recipe.settings)
    parts = {
        "modes": "",
        "near": "near",
        "smallest": "smallest_share",
        "largest": "largest_share",
        "reverse_kl": "reverse_kl",
    }
    return Outcome([Measured(part, found[name]) for name, part in parts.items()], {"std": float(mixture.std)})


def of_stacked(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> Outcome:
    """The number of combinations of classes, channel by channel, and KL of their shares from uniform ones.

    Beside them "unsure": the share of channels of which the classifier gives no class a probability of settings["sure"]. It
    names a digit even where there is none, so many modes mean little where this is far above what it says of real images.
    """
    classes = recipe.settings["classes"]
    logits = evidence.fake_features(recipe.extractor, recipe.tap, n_fake)
    if logits.shape[1] % classes:
        raise ValueError(
            f"{recipe.extractor} gives {logits.shape[1]} logits an image, which is no multiple of {classes} classes"
        )
    logits = logits.reshape(len(logits), -1, classes)  # [n, C, K]
    found = stacked_modes(logits.argmax(-1), classes)
    unsure = np.mean(softmax(logits, axis=-1).max(-1) < recipe.settings["sure"])
    return Outcome([Measured("", found["modes"]), Measured("kl", found["kl"]), Measured("unsure", float(unsure))])
