"""Losses that wrap another: which fakes G learns from, and when D rests."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp

from gan_jax.types import AdversarialLoss, ByImages, Clock, PyTree, Term, Weight, weight_at


@dataclasses.dataclass(frozen=True)
class top_k:
    """G learns from its k best fakes alone: those to which D gives the highest logits (Sinha et al., arXiv:2002.06224).

    D's loss is the loss's own. G's is the loss's mean over the k; its logits are single ones or a map's entries.

    loss: any loss that is a mean over fakes, or over pairs of a real with a fake by index.
    fraction: k over the number of fakes, from above 0 to 1; a number or a schedule of G's updates. The paper lowers it
        from 1 by a factor of 0.99 an epoch down to 0.5: {"schedule": "exponential_decay", "init_value": 1.0,
        "transition_steps": updates an epoch, "decay_rate": 0.99, "end_value": 0.5}.
    """

    loss: AdversarialLoss
    fraction: Weight

    def __post_init__(self):
        if isinstance(self.fraction, ByImages):
            raise ValueError("top_k's fraction is a number or a schedule of G's updates, not of images shown")
        if not callable(self.fraction) and not 0 < self.fraction <= 1:
            raise ValueError(f"top_k's fraction is more than 0 and at most 1, got {self.fraction}")

    def init(self) -> PyTree:
        return {"loss": self.loss.init(), "updates": jnp.zeros((), jnp.int32)}

    def right(self, real: jax.Array, fake: jax.Array) -> tuple[jax.Array, jax.Array]:
        return self.loss.right(real, fake)

    def discriminator(self, real: jax.Array, fake: jax.Array, memory: PyTree) -> Term:
        term = self.loss.discriminator(real, fake, memory["loss"])
        return term._replace(memory=memory | {"loss": term.memory})

    def generator(self, real: jax.Array, fake: jax.Array, memory: PyTree) -> Term:
        whole = self.loss.generator(real, fake, memory["loss"])  # for its memory, and for what it refuses
        real, fake = real.ravel(), fake.ravel()
        single = lambda real, fake: self.loss.generator(real[None], fake[None], memory["loss"]).loss
        if real.size == fake.size:
            losses = jax.vmap(single)(real, fake)
        else:  # no pairs: the real ones do not matter
            losses = jax.vmap(single, (None, 0))(real[0], fake)
        k = jnp.clip(
            jnp.round(weight_at(self.fraction, Clock(memory["updates"], jnp.zeros(()))) * fake.size), 1, fake.size
        )
        order = jnp.argsort(-jax.lax.stop_gradient(fake))
        best = jnp.argsort(order) < k  # of each, its place among all
        loss = jnp.sum(jnp.where(best, losses, 0.0)) / k
        kept = {"loss": whole.memory, "updates": memory["updates"] + 1}
        return Term(loss, kept, {**whole.metrics, "top_k": k / fake.size})


@dataclasses.dataclass(frozen=True)
class resting:
    """D rests while it is ahead: it is updated only where it told at most a share `above` of its last batch right.

    3D-GAN's rule (Wu et al., arXiv:1610.07584, section 3.1: an accuracy of at most 80 % in the last batch). What D then
    keeps is all of it: parameters, optimiser, statistics. Its accuracy is taken in every update, also while it rests, so G,
    which goes on, wakes it. The accuracy is the mean of the shares of real and of fake ones told right, by `loss`.

    loss: any loss. above: from 0 to below 1.
    """

    loss: AdversarialLoss
    above: float = 0.8

    def __post_init__(self):
        if isinstance(self.above, bool) or not 0 <= self.above < 1:
            raise ValueError(f"resting: above is a share of right answers from 0 to below 1, got {self.above!r}")

    def init(self) -> PyTree:
        return {"loss": self.loss.init(), "accuracy": jnp.zeros(())}

    def right(self, real: jax.Array, fake: jax.Array) -> tuple[jax.Array, jax.Array]:
        return self.loss.right(real, fake)

    def discriminator(self, real: jax.Array, fake: jax.Array, memory: PyTree) -> Term:
        term = self.loss.discriminator(real, fake, memory["loss"])
        right = [jnp.mean(each.astype(jnp.float32)) for each in self.loss.right(real, fake)]
        rests = memory["accuracy"] > self.above
        metrics = {**term.metrics, "rests": rests.astype(jnp.float32)}
        return Term(term.loss, {"loss": term.memory, "accuracy": sum(right) / 2}, metrics, rests)

    def generator(self, real: jax.Array, fake: jax.Array, memory: PyTree) -> Term:
        term = self.loss.generator(real, fake, memory["loss"])
        return term._replace(memory={**memory, "loss": term.memory})
