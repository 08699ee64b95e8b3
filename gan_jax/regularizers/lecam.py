"""LeCam regularisation, for little data (Tseng et al., arXiv:2104.03310)."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
from jax.nn import relu

from gan_jax import ranges
from gan_jax.regularizers.base import Nothing
from gan_jax.types import Play, PyTree, Term, Weight, weight_at


def lecam_penalty(real: jax.Array, fake: jax.Array, mean_real: jax.Array, mean_fake: jax.Array) -> jax.Array:
    """E[max(0, D(x) - a_F)^2] + E[max(0, a_R - D(G(z)))^2] on logits: []."""
    return jnp.mean(jnp.square(relu(real - mean_fake))) + jnp.mean(jnp.square(relu(mean_real - fake)))


@dataclasses.dataclass(frozen=True)
class lecam(Nothing):
    """L_D += weight * the LeCam penalty: D's logits are drawn towards the other side's moving average.

    weight: lambda, 0.3 for BigGAN on CIFAR-10 (the authors' scripts; for StyleGAN2's unbounded logits 3e-7 to 1e-6).
    decay: of the averages of D's mean logits, an update of D. start: first round that counts; until then the averages
    are the last batch's, and the penalty is zero. (The authors' StyleGAN2 code has decay 0.99, their BigGAN code 0.9.)
    """

    weight: Weight = 0.3
    decay: float = 0.99
    start: int = 1000

    def __post_init__(self):
        ranges.weight("weight", self.weight)
        ranges.decay("decay", self.decay)
        ranges.whole("start", self.start, 0)

    def init(self) -> PyTree:
        return {"real": jnp.zeros(()), "fake": jnp.zeros(())}

    def discriminator(self, play: Play, memory: PyTree) -> Term:
        logits = {"real": play.on_real.logits, "fake": play.on_fake.logits}
        counts = play.clock.round >= self.start
        decay = jnp.where(counts, self.decay, 0.0)
        move = lambda side: decay * memory[side] + (1.0 - decay) * jnp.mean(jax.lax.stop_gradient(logits[side]))
        mean = {side: move(side) for side in logits}
        penalty = jnp.where(counts, lecam_penalty(logits["real"], logits["fake"], mean["real"], mean["fake"]), 0.0)
        return Term(weight_at(self.weight, play.clock) * penalty, mean, {"lecam": penalty})
