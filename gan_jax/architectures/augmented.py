"""A discriminator that sees its images through random transforms: DiffAugment (arXiv:2006.10738), ADA (2006.06676)."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax import ranges
from gan_jax.augment.policies import Policy, augment, check_policy
from gan_jax.types import Clock, Verdict, Weight, is_schedule, weight_at


class Augmented(linen.Module):
    """images [B, H, W, C] -> the discriminator's Verdict on transformed images; train=False shows it the images as they are.

    Real and fake images alike, in both players' losses, so that G need not imitate the transforms.

    policy: groups of transforms, see `gan_jax.augment.policies`; a dict gives each group its share of the probability.
    probability: of each transform for each image, where target is None: a number (DiffAugment: 1), or a schedule of the round
        or of images, which in training needs the time: `clock`.
    target: makes the probability adapt, from 0 on (ADA: 0.6): it rises while E[sign D(x)] over real images, a sign of
        overfitting, is above the target, and falls below it. It lives in "adaptive", as "augment_probability", and
        moves wherever that collection is mutable: on the discriminator's own pass over real images.
    speed_kimg: thousands of real images in which it can go from 0 to 1 (times method.accumulate, if images come in parts).
    Where this departs from ADA's code: the probability moves at every update, not with four times the step at every
    fourth, and does not pass 1.
    """

    discriminator: linen.Module
    policy: Policy = ("color", "translation", "cutout")
    probability: Weight = 1.0
    target: float | None = None
    speed_kimg: float = 500.0

    def __post_init__(self):
        check_policy(self.policy)
        ranges.weight("probability", self.probability, highest=1)
        ranges.positive("speed_kimg", self.speed_kimg)
        if self.target is not None and (self.probability != 1.0 or not -1 < self.target < 1):
            raise ValueError(
                f"an adaptive probability takes a target between -1 and 1, got {self.target}, and no probability"
            )
        super().__post_init__()

    @property
    def dtype(self) -> Any:
        """The discriminator's."""
        return getattr(self.discriminator, "dtype", None)

    @property
    def in_float32(self) -> tuple[str, ...]:
        """The discriminator's."""
        return getattr(self.discriminator, "in_float32", ())

    @property
    def num_classes(self) -> int:
        """The discriminator's."""
        return getattr(self.discriminator, "num_classes", 0)

    @linen.compact
    def __call__(
        self,
        images: jax.Array,
        label: jax.Array | None = None,
        train: bool = False,
        fade: jax.Array | None = None,
        clock: Clock | None = None,
    ) -> Verdict:
        growth = {} if fade is None else {"fade": fade}
        p = self._at(clock) if train else 0.0
        if self.target is not None:
            adapted = self.variable("adaptive", "augment_probability", jnp.zeros, ())
            p = adapted.value
        shown = augment(self.make_rng("noise"), images, self.policy, p) if train else images
        verdict = self.discriminator(shown, label, train=train, **growth)
        if self.target is not None and train and self.is_mutable_collection("adaptive"):
            overfitting = jnp.mean(jnp.sign(verdict.logits))  # r_t of section 3
            step = images.shape[0] / (1000.0 * self.speed_kimg)
            adapted.value = jnp.clip(p + step * jnp.sign(overfitting - self.target), 0.0, 1.0)
        return verdict

    def _at(self, clock: Clock | None) -> float | jax.Array:
        if not is_schedule(self.probability):
            return self.probability
        if clock is None:
            raise ValueError("a probability that is a schedule needs the time: apply(..., train=True, clock=clock)")
        return weight_at(self.probability, clock)
