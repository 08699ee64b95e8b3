"""Progressive GAN's drift penalty (Karras et al., arXiv:1710.10196, appendix A.1)."""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp

from gan_jax import ranges
from gan_jax.regularizers.base import Nothing
from gan_jax.types import Play, PyTree, Term, Weight, weight_at


@dataclasses.dataclass(frozen=True)
class drift(Nothing):
    """L_D += weight * E[D(x)^2] on real images: a Wasserstein critic's logits stay near 0. weight: 0.001 in the paper."""

    weight: Weight = 1e-3

    def __post_init__(self):
        ranges.weight("weight", self.weight)

    def discriminator(self, play: Play, memory: PyTree) -> Term:
        square = jnp.mean(jnp.square(play.on_real.logits))
        return Term(weight_at(self.weight, play.clock) * square, (), {"drift": square})
