"""Consistency regularisation: D should not care about small changes of an image (arXiv:1910.12027, 2002.04724)."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp

from gan_jax import ranges
from gan_jax.augment.policies import flip, reflected_shift
from gan_jax.regularizers.base import Nothing
from gan_jax.types import Batch, Play, PyTree, Term, Verdict, Weight, named_key, over_data, weight_at


@dataclasses.dataclass(frozen=True)
class consistency(Nothing):
    """L_D += weight_real * E[(D(x) - D(T(x)))^2] + weight_fake * E[(D(G(z)) - D(T(G(z))))^2].

    T mirrors one image in two and shifts each by up to max_shift pixels, reflected at the edges.

    weight_real: lambda, 10 in the paper (CR: real images alone). weight_fake: 10 for bCR, 0 for CR.
    max_shift: whole pixels; None: an eighth of each side (4 at 32 x 32). LT-GAN's runs: 4 at any size.
    mirror: False for images whose mirror image is none of them, such as digits.
    Where D itself sees images through random transforms, x and T(x) are transformed each in its own way.
    """

    weight_real: Weight = 10.0
    weight_fake: Weight = 0.0
    max_shift: int | None = None
    mirror: bool = True

    def __post_init__(self):
        ranges.weight("weight_real", self.weight_real)
        ranges.weight("weight_fake", self.weight_fake)
        if self.max_shift is not None:
            ranges.whole("max_shift", self.max_shift, 0)

    def discriminator(self, play: Play, memory: PyTree) -> Term:
        loss, metrics = jnp.zeros(()), {}
        sides = (
            ("consistency_real", self.weight_real, play.real, play.on_real),
            ("consistency_fake", self.weight_fake, play.fake, play.on_fake),
        )
        for name, weight, batch, seen in sides:
            if callable(weight) or weight:  # a weight that is never anything but zero costs no pass
                metrics[name] = self._distance(play, named_key(play.key, name), batch, seen)
                loss = loss + weight_at(weight, play.clock) * metrics[name]
        return Term(loss, memory, metrics)

    def _distance(self, play: Play, key: jax.Array, batch: Batch, seen: Verdict) -> jax.Array:
        if batch["image"].ndim != 4:
            raise ValueError(f"consistency flips and shifts images [B, H, W, C], got {batch['image'].shape}")
        of_flip, of_shift, of_look = (named_key(key, name) for name in ("flip", "shift", "look"))
        images = flip(of_flip, batch["image"]) if self.mirror else batch["image"]
        images = over_data(reflected_shift(of_shift, images, self.max_shift))
        verdict = play.nets["discriminator"](images, batch.get("label"), noise=of_look)
        return jnp.mean(jnp.square(seen.logits - verdict.logits))


@dataclasses.dataclass(frozen=True)
class latent_consistency(Nothing):
    """zCR: with d ~ N(0, sigma^2), small against z,

        L_D += weight_d * E[(D(G(z)) - D(G(z + d)))^2]
        L_G -= weight_g * E[(G(z) - G(z + d))^2], the mean over pixels:

    D should not care about small changes of z, and G should.

    Defaults: StudioGAN's BigGAN on CIFAR-10 (sigma 0.05, weights 20 and 0.5). bCR and zCR together are ICR.
    """

    sigma: float = 0.05
    weight_d: Weight = 20.0
    weight_g: Weight = 0.5

    def __post_init__(self):
        ranges.positive("sigma", self.sigma)
        ranges.weight("weight_d", self.weight_d)
        ranges.weight("weight_g", self.weight_g)

    def discriminator(self, play: Play, memory: PyTree) -> Term:
        # D's update trains D alone: these images are constants.
        images = jax.lax.stop_gradient(self._neighbours(play))
        verdict = play.nets["discriminator"](images, play.latents.get("label"))
        distance = jnp.mean(jnp.square(play.on_fake.logits - verdict.logits))
        return Term(weight_at(self.weight_d, play.clock) * distance, memory, {"latent_consistency": distance})

    def generator(self, play: Play, memory: PyTree) -> Term:
        distance = jnp.mean(jnp.square(play.fake["image"] - self._neighbours(play)))
        return Term(-weight_at(self.weight_g, play.clock) * distance, memory, {"latent_consistency": distance})

    def _neighbours(self, play: Play) -> jax.Array:
        """G(z + d), [N, H, W, C]."""
        z = play.latents["z"]
        z = z + self.sigma * jax.random.normal(play.key, z.shape, z.dtype)
        return over_data(play.nets["generator"](z, play.latents.get("label")))
