"""Logits that stay around zero (the centring penalty of arXiv:2511.22475)."""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp

from gan_jax import ranges
from gan_jax.regularizers.base import Nothing
from gan_jax.types import Play, PyTree, Term, Weight, weight_at


@dataclasses.dataclass(frozen=True)
class centring(Nothing):
    """L_D += weight * E[(D(x) + D(G(z)))^2], over pairs of a real image with a fake one by index.

    Losses of differences, the relativistic and the Wasserstein one, do not see a constant that is added to all logits, which
    may wander: this holds their middle at 0. weight: a number or a schedule; 0.01 in the paper's code.
    """

    weight: Weight = 0.01

    def __post_init__(self):
        ranges.weight("weight", self.weight)

    def discriminator(self, play: Play, memory: PyTree) -> Term:
        real, fake = play.on_real.logits, play.on_fake.logits
        if real.shape != fake.shape:
            raise ValueError(f"centring pairs each real logit with a fake one, got {real.shape} and {fake.shape}")
        penalty = jnp.mean(jnp.square(real.astype(jnp.float32) + fake.astype(jnp.float32)))
        return Term(weight_at(self.weight, play.clock) * penalty, (), {"centring": penalty})
