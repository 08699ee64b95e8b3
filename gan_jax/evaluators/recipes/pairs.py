"""Latent transformations told apart: the accuracy of LT-GAN's auxiliary net on fresh samples (arXiv:2010.09893)."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.recipes.recipe import Measured, Recipe
from gan_jax.game import Measure
from gan_jax.nn.compiling import compiled


def latent_transform(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> list[Measured]:
    """The accuracy at the trained sigma_eps, then at others: mean and deviation over batches. 0.5 is guessing."""
    if (measure := evidence.measures.get("latent_transform")) is None:
        raise ValueError("this run has no latent_transform among its regularisers")
    at = lambda sigma: measure.replace(settings={"sigma_eps": np.float32(sigma)})
    trained = [_over_batches(evidence, recipe, "", measure)]
    return trained + [_over_batches(evidence, recipe, f"sigma{s:g}", at(s)) for s in recipe.settings["sigmas"]]


@compiled
def _measured(measure: Any, key: jax.Array) -> jax.Array:
    return measure(key, {})


def _over_batches(evidence: Evidence, recipe: Recipe, part: str, measure: Measure) -> Measured:
    with jax.set_mesh(evidence.mesh):
        keys = [jax.random.key(evidence.seed * 10_000 + i) for i in range(recipe.settings["batches"])]
        values = [float(_measured(measure, key)) for key in keys]
    return Measured(part, float(np.mean(values)), float(np.std(values, ddof=1)))
