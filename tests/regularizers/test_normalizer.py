"""The gradient normaliser against numbers worked out by hand."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.regularizers.normalizer import gradient_normalizer
from gan_jax.types import Verdict

A = np.array([3.0, 0.0, -4.0], np.float32)  # |A| = 5


def judge(x, label=None):
    """D(x) = a . x."""
    return Verdict(x.reshape(x.shape[0], -1) @ A, {})


@pytest.fixture
def update(make_play):
    """update(images, memory, scale) -> (term, gradient by the images of L_G = -scale * mean D(G(z)) + the addend)."""
    normalizer = gradient_normalizer()

    def make(images, memory, scale=1.0):
        loss = lambda real, fake: -scale * jnp.mean(fake)

        def total(x):
            play = dataclasses.replace(make_play(judge, x, x), adversarial=loss)
            term = normalizer.generator(play, memory)
            return loss(None, play.on_fake.logits) + term.loss, term

        slope, term = jax.grad(total, has_aux=True)(jnp.asarray(images))
        return term, slope

    return make


def test_the_slope_of_an_image_becomes_one(update):
    """-2 A / n for each of n images, 3 n numbers: the norm is sqrt(3 n * n * 4 * 25 / n^2), whatever the batch."""
    for n in (4, 8):
        images = np.random.default_rng(0).normal(size=(n, 1, 1, 3)).astype(np.float32)
        term, slope = update(images, gradient_normalizer().init(), scale=2.0)
        np.testing.assert_allclose(term.metrics["image_gradient_norm"], 300**0.5, rtol=1e-5)
        np.testing.assert_allclose(slope.reshape(n, 3), np.tile(-A / 75**0.5 / n, (n, 1)), rtol=1e-5, atol=1e-7)
        assert float(term.loss) == 0


def test_its_average_moves_by_its_decay(update):
    """Squares: 75 * 4, then 0.9 * 300 + 0.1 * 1200 = 390, then 0.9 * 390 + 0.1 * 75 = 358.5; gradients are over their roots."""
    images, memory = np.ones((2, 1, 1, 3), np.float32), gradient_normalizer().init()
    for scale, squares in ((2.0, 300.0), (4.0, 390.0), (1.0, 358.5)):
        term, slope = update(images, memory, scale)
        memory = term.memory
        np.testing.assert_allclose(memory["squares"], squares, rtol=1e-5)
        expected = np.tile(-scale * A / squares**0.5 / 2, (2, 1))
        np.testing.assert_allclose(slope.reshape(2, 3), expected, rtol=1e-5, atol=1e-7)
    assert int(memory["updates"]) == 3


def test_other_addends_keep_their_size(make_play):
    """Its addend is made for the adversarial loss alone: what else G's loss holds is added as it is."""
    x = jnp.ones((2, 1, 1, 3))

    def total(x):
        play = dataclasses.replace(make_play(judge, x, x), adversarial=lambda real, fake: -jnp.mean(fake))
        normalizer = gradient_normalizer()
        return normalizer.generator(play, normalizer.init()).loss - jnp.mean(play.on_fake.logits) + jnp.sum(x**2)

    expected = -A / 75**0.5 / 2 + 2
    np.testing.assert_allclose(jax.grad(total)(x).reshape(2, 3), np.tile(expected, (2, 1)), rtol=1e-5)


def test_no_gradient_stays_none(update):
    term, slope = update(np.ones((2, 1, 1, 3), np.float32), gradient_normalizer().init(), scale=0.0)
    assert not np.any(slope) and float(term.memory["squares"]) == 0


def test_what_is_refused():
    with pytest.raises(ValueError, match="decay"):
        gradient_normalizer(1.5)
