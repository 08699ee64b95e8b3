"""Latent transformations told apart: the accuracy of LT-GAN's auxiliary net on fresh samples (arXiv:2010.09893)."""

from __future__ import annotations

import numpy as np

from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.recipe import Measured, Recipe


def latent_transform(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> list[Measured]:
    """The accuracy at the trained sigma_eps, then at others: mean and deviation over batches. 0.5 is guessing."""
    if evidence.pair_accuracy is None:
        raise ValueError("this run has no latent_transform among its regularisers")
    trained, accuracy = evidence.pair_accuracy
    batches = recipe.settings["batches"]

    def at(part: str, sigma: float) -> Measured:
        values = [accuracy(sigma, evidence.seed * 10_000 + i) for i in range(batches)]
        return Measured(part, float(np.mean(values)), float(np.std(values, ddof=1)))

    return [at("", trained), *(at(f"sigma{sigma:g}", sigma) for sigma in recipe.settings["sigmas"])]
