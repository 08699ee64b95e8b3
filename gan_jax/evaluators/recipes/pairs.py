"""Latent transformations told apart: the accuracy of LT-GAN's auxiliary net on fresh samples (arXiv:2010.09893)."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.recipes.recipe import Measured, Outcome, Recipe
from gan_jax.game import LARGEST_SEED, Measure, check_seed
from gan_jax.nn.compiling import compiled

_KEYS_A_SEED = 10_000


def latent_transform(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> Outcome:
    """The accuracy at the trained sigma_eps, then at others: mean and deviation over batches. 0.5 is guessing.

    Raises ValueError for a run without the task, and a seed whose batches' keys would be another seed's.
    """
    check_seed(evidence.seed, LARGEST_SEED // _KEYS_A_SEED)
    if (measure := evidence.measures.get("latent_transform")) is None:
        raise ValueError("this run has no latent_transform among its regularisers")
    at = lambda sigma: measure.replace(settings={"sigma_eps": np.float32(sigma)})
    trained = [_over_batches(evidence, recipe, "", measure)]
    track = evidence.bar("latent transformations", "sigma")
    others = [_over_batches(evidence, recipe, f"sigma{s:g}", at(s)) for s in track(recipe.settings["sigmas"])]
    return Outcome(trained + others)


@compiled
def _measured(measure: Any, key: jax.Array) -> jax.Array:
    return measure(key, {})


def _over_batches(evidence: Evidence, recipe: Recipe, part: str, measure: Measure) -> Measured:
    with jax.set_mesh(evidence.mesh):
        keys = [jax.random.key(evidence.seed * _KEYS_A_SEED + i) for i in range(recipe.settings["batches"])]
        values = [float(_measured(measure, key)) for key in keys]
    return Measured(part, float(np.mean(values)), float(np.std(values, ddof=1)))
