"""How many modes of a mixture of Gaussians a generator of points reaches (PacGAN's measure, arXiv:1712.04086)."""

from __future__ import annotations

from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.recipes.recipe import Measured, Outcome, Recipe
from gan_jax.metrics.modes import mode_coverage


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
