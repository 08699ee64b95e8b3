"""R1 and R2 without a second derivative: D's slope along a random direction, by two values of D (as in arXiv:2511.22475).

For n ~ N(0, I), (n . s)^2 has the mean |s|^2: the squared slope of `gradient_penalty`, once a small step stands for the
derivative. One image's estimate scatters by sqrt(2) |s|^2 around it.
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp

from gan_jax import ranges
from gan_jax.regularizers.base import Nothing
from gan_jax.types import Batch, Play, PyTree, Term, Verdict, Weight, named_key, over_data, weight_at


@dataclasses.dataclass(frozen=True)
class finite_difference(Nothing):
    """L_D += gamma / 2 * (E[((D(x + step n) - D(x)) / step)^2] over real images + the same over fake ones), n ~ N(0, I).

    gamma: a number or a schedule, as `gradient_penalty.r1` and `r2` have it.
    step: of images in [-1, 1]. The difference of two values of D is divided by it, so D's last digits matter: let D compute
        in float32.
    one_in: of so many images (or packs) one is taken.
    real, fake: whether the penalty is on real images (R1's), and on fake ones (R2's).
    """

    gamma: Weight = 10.0
    step: float = 0.01
    one_in: int = 4
    real: bool = True
    fake: bool = True

    def __post_init__(self):
        ranges.weight("gamma", self.gamma)
        ranges.positive("step", self.step)
        ranges.whole("one_in", self.one_in)
        if not (self.real or self.fake):
            raise ValueError("finite_difference is on real images, on fake ones or on both: set real or fake")

    def discriminator(self, play: Play, memory: PyTree) -> Term:
        penalties = {}
        if self.real:
            penalties["r1_estimate"] = self._penalty(play, play.real, play.on_real, "real")
        if self.fake:
            penalties["r2_estimate"] = self._penalty(play, play.fake, play.on_fake, "fake")
        return Term(0.5 * weight_at(self.gamma, play.clock) * sum(penalties.values()), (), penalties)

    def _penalty(self, play: Play, batch: Batch, on: Verdict, name: str) -> jax.Array:
        logits, images = on.logits.shape[0], batch["image"].shape[0]
        taken = lambda leaf: over_data(_one_in(leaf, self.one_in, images // logits))
        x, label = taken(batch["image"]), taken(batch["label"]) if "label" in batch else None
        # Both values see the same noise: a transform of D's, drawn once for each image.
        judge = lambda x: play.nets["discriminator"](x, label).logits.astype(jnp.float32)
        apart = self.step * jax.random.normal(named_key(play.key, name), x.shape)
        slopes = (judge(x + apart) - judge(x)) / self.step
        return jnp.mean(jnp.square(jnp.sum(slopes.reshape(slopes.shape[0], -1), axis=-1)))


def _one_in(leaf: jax.Array, n: int, pack: int) -> jax.Array:
    """Every n-th pack of neighbours: [B, ...] -> [ceil(B / pack / n) * pack, ...]."""
    packs = leaf.reshape(-1, pack, *leaf.shape[1:])[::n]
    return packs.reshape(-1, *leaf.shape[1:])
