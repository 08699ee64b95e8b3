"""Penalties on the slope of D: WGAN-GP (arXiv:1704.00028), R1 and R2 (Mescheder et al., arXiv:1801.04406).

One logit may own several images (packing), so slopes are taken a logit: over [len(logits), -1].

Where networks grow, the papers count slopes in pixels of the finished size: a low image is repeated up to it, and D averages
it down again. `full_height` does the same without the large image: a slope is times h / full_height for images of
height h.
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp

from gan_jax import ranges
from gan_jax.regularizers.base import Nothing
from gan_jax.types import Batch, Play, PyTree, Term, Weight, weight_at


def squared_slopes(play: Play, images: jax.Array, label: jax.Array | None, full_height: int | None = None) -> jax.Array:
    """|| d D(x) / d x ||^2 for every logit: images [B, ...] -> [number of logits], float32.

    full_height: of the images in whose pixels slopes are counted; None: of these.
    """

    def total(images: jax.Array) -> tuple[jax.Array, jax.Array]:
        logits = play.nets["discriminator"](images, label).logits
        return jnp.sum(logits), logits

    gradient, logits = jax.grad(total, has_aux=True)(images)
    scale = 1.0 if full_height is None else images.shape[1] / full_height
    return scale**2 * jnp.sum(jnp.square(gradient.astype(jnp.float32).reshape(logits.shape[0], -1)), axis=-1)


def _require_height(full_height: int | None) -> None:
    if full_height is not None:
        ranges.whole("full_height", full_height)


@dataclasses.dataclass(frozen=True)
class gradient_penalty(Nothing):
    """WGAN-GP: L_D += weight * E[(|| d D(x') / d x' || - 1)^2] on lines between real and fake images.

    D must not normalise over the batch: each image's slope is its own. weight: lambda, 10 in the paper.
    full_height: of the images in whose pixels slopes are counted; None: of those that D sees.
    """

    weight: Weight = 10.0
    full_height: int | None = None

    def __post_init__(self):
        ranges.weight("weight", self.weight)
        _require_height(self.full_height)

    def discriminator(self, play: Play, memory: PyTree) -> Term:
        real, fake = play.real["image"], play.fake["image"]
        if real.shape != fake.shape:
            raise ValueError(f"the gradient penalty pairs real with fake images, got {real.shape} and {fake.shape}")
        along = jax.random.uniform(play.key, (real.shape[0],) + (1,) * (real.ndim - 1))
        between = along * real + (1 - along) * fake
        slopes = jnp.sqrt(squared_slopes(play, between, play.real.get("label"), self.full_height) + 1e-12)
        penalty = jnp.mean(jnp.square(slopes - 1.0))
        return Term(
            weight_at(self.weight, play.clock) * penalty, (), {"gradient_penalty": penalty, "slope": jnp.mean(slopes)}
        )


@dataclasses.dataclass(frozen=True)
class _ZeroCentred(Nothing):
    gamma: Weight = 10.0
    full_height: int | None = None

    def __post_init__(self):
        ranges.weight("gamma", self.gamma)
        _require_height(self.full_height)

    def _term(self, play: Play, batch: Batch, name: str) -> Term:
        penalty = jnp.mean(squared_slopes(play, batch["image"], batch.get("label"), self.full_height))
        return Term(0.5 * weight_at(self.gamma, play.clock) * penalty, (), {name: penalty})


@dataclasses.dataclass(frozen=True)
class r1(_ZeroCentred):
    """L_D += gamma / 2 * E[|| d D(x) / d x ||^2] on real images. gamma: a number or a schedule.

    full_height: of the images in whose pixels slopes are counted; None: of those that D sees.
    """

    def discriminator(self, play: Play, memory: PyTree) -> Term:
        return self._term(play, play.real, "r1")


@dataclasses.dataclass(frozen=True)
class r2(_ZeroCentred):
    """L_D += gamma / 2 * E[|| d D(x) / d x ||^2] on fake images. gamma: a number or a schedule.

    full_height: of the images in whose pixels slopes are counted; None: of those that D sees.
    """

    def discriminator(self, play: Play, memory: PyTree) -> Term:
        return self._term(play, play.fake, "r2")
