"""What random layers draw in an update: for whom it is the same, and for whom not."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen

from gan_jax.architectures.augmented import Augmented
from gan_jax.architectures.mlp import Discriminator
from gan_jax.regularizers.base import Nothing
from gan_jax.types import Term, Verdict, named_key

SHAPE = (4, 4, 1)


class NoisyGenerator(linen.Module):
    image_shape: tuple = SHAPE

    @linen.compact
    def __call__(self, latents, label=None, train=False):
        gain = self.param("gain", linen.initializers.ones, ())
        return gain * jax.random.normal(self.make_rng("noise"), (latents.shape[0], *self.image_shape))


class NoisyDiscriminator(linen.Module):
    """In training its logits are its noise."""

    @linen.compact
    def __call__(self, images, label=None, train=False):
        gain = self.param("gain", linen.initializers.ones, ())
        n = images.shape[0]
        logits = jax.random.normal(self.make_rng("noise"), (n,)) if train else jnp.zeros(n)
        return Verdict(gain * logits, {"pooled": jnp.ones((n, 2))})


@dataclasses.dataclass(frozen=True)
class Looks(Nothing):
    """Remembers what noise each of its looks was seen under."""

    def init(self):
        looks = {name: jnp.zeros(8) for name in ("on_real", "on_fake", "again", "anew", "real_again")}
        return {player: looks | {"fakes": jnp.zeros((2, 8, *SHAPE))} for player in ("d", "g")}

    def discriminator(self, play, memory):
        return self._look(play, memory, "d")

    def generator(self, play, memory):
        return self._look(play, memory, "g")

    @staticmethod
    def _look(play, memory, player):
        look = lambda images, **more: play.nets["discriminator"](images, **more).logits
        fake, real = play.fake["image"], play.real["image"]
        seen = {
            "on_real": play.on_real.logits,
            "on_fake": play.on_fake.logits,
            "again": look(0 * fake),
            "anew": look(fake, noise=named_key(play.key, "look")),
            "real_again": look(real),
            "fakes": jnp.stack([fake, play.nets["generator"](play.latents["z"] + 1)]),
        }
        return Term(jnp.zeros(()), memory | {player: jax.lax.stop_gradient(seen)})


@pytest.fixture(scope="module")
def looks(make_game, play):
    game = make_game(generator=NoisyGenerator(), discriminator=NoisyDiscriminator(), regularizers={"looks": Looks()})
    states, _ = play(game, n=1)
    return states[1].memory["looks"]


@pytest.mark.parametrize("player", ["d", "g"])
def test_d_sees_real_and_fake_images_through_noise_of_their_own(looks, player):
    seen = looks[player]
    drawn = [
        seen[name] / jnp.abs(seen[name]).max() for name in ("on_real", "on_fake", "anew")
    ]  # gains differ by player
    assert all(
        not np.allclose(a, b, atol=1e-3) for a, b in ((drawn[0], drawn[1]), (drawn[1], drawn[2]), (drawn[0], drawn[2]))
    )


@pytest.mark.parametrize("player", ["d", "g"])
def test_a_regularizers_looks_share_the_noise_of_the_fakes(looks, player):
    """So that what it compares with `fake` and `on_fake` differs by the input alone; a key of its own draws anew."""
    seen = looks[player]
    np.testing.assert_array_equal(seen["again"], seen["on_fake"])
    np.testing.assert_array_equal(seen["real_again"], seen["on_fake"])
    np.testing.assert_array_equal(seen["fakes"][0], seen["fakes"][1])


def test_the_probability_of_transforms_moves_by_real_images_once_an_update(make_game, rounds_of, compiled):
    """And is reported. Two updates a round, of 8 images each; G's update leaves it alone."""
    networks = {"discriminator": Augmented(Discriminator(SHAPE, (6,)), ("cutout",), target=0.6, speed_kimg=0.1)}
    game = make_game(d_steps=2, rates=(0.1, 0.0), **networks)
    batch = rounds_of(game, 1)[0]
    state = game.init(jax.random.key(0))
    assert float(state.networks["discriminator"].stats["adaptive"]["augment_probability"]) == 0.0
    # Biased so that D calls everything real.
    head = state.networks["discriminator"].params["discriminator"]["head"]
    head["bias"] = head["bias"] + 100.0
    after, metrics = compiled(lambda state, batch: game.step(state, batch, game.stretches[0].phase))(state, batch)
    p = float(after.networks["discriminator"].stats["adaptive"]["augment_probability"])
    np.testing.assert_allclose(p, 2 * 8 / 100, rtol=1e-6)
    np.testing.assert_allclose(metrics["d/augment_probability"], (0.08 + 0.16) / 2, rtol=1e-6)  # the mean over d_steps
    assert "g/augment_probability" not in metrics
