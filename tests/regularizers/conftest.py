"""What the tests of the regularisers share: an update of the game, made by hand from plain functions."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.losses import hinge
from gan_jax.types import Clock, Play


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def make_play():
    """play(discriminator, real, fake, real_label, fake_label, nets, round, kimg, update, key); labels may be left out."""

    def make(
        discriminator, real, fake, real_label=None, fake_label=None, nets=None, round=0, kimg=0.0, update=0, key=None
    ):
        def batch(image, label):
            image = jnp.asarray(image, jnp.float32)
            return {"image": image} | ({} if label is None else {"label": jnp.asarray(label, jnp.int32)})

        real, fake = batch(real, real_label), batch(fake, fake_label)
        latents = {"z": jnp.zeros((len(fake["image"]), 3))} | {k: v for k, v in fake.items() if k == "label"}
        return Play(
            nets={"discriminator": discriminator, **(nets or {})},
            real=real,
            latents=latents,
            fake=fake,
            on_real=discriminator(real["image"], real.get("label")),
            on_fake=discriminator(fake["image"], fake.get("label")),
            key=jax.random.key(0) if key is None else key,
            clock=Clock(jnp.int32(round), jnp.float32(kimg)),
            update=jnp.int32(update),
            adversarial=lambda real, fake: hinge().discriminator(real, fake, ()).loss,
        )

    return make
