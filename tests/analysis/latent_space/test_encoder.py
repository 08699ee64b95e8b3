"""An encoder learns its generator's inverse."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.analysis.latent_space.encoder import encoded, errors_of, learn_encoder
from gan_jax.analysis.projection import project
from gan_jax.game import sampled

KEY = jax.random.key(2)


@pytest.fixture(scope="module")
def learned(plain):
    return learn_encoder(plain, KEY, steps=300, batch_size=32, rate=3e-3, progress=False)


def test_it_finds_the_latents_that_were_drawn(plain, learned):
    encoder, history = learned
    assert history.shape == (300,) and history[-10:].mean() < 0.2 * history[0]
    errors = errors_of(plain, encoder, KEY, num=64)
    assert errors.latents < 0.2 and errors.pixels < 0.3 * errors.average
    images, starts = sampled(plain, KEY, jnp.arange(5000, 5016, dtype=jnp.uint32))
    apart = np.mean(np.square(encoder(images) - starts["z"])) / np.mean(np.var(starts["z"], 0))
    assert apart == pytest.approx(errors.latents, abs=0.15)
    codes, made = encoded(plain, encoder, KEY, np.asarray(images))
    np.testing.assert_allclose(plain.synthesize(codes)[0], made, atol=1e-5)


def test_a_projection_that_begins_there_begins_nearer(plain, learned):
    images = np.asarray(sampled(plain, KEY, jnp.arange(5000, 5004, dtype=jnp.uint32))[0])
    begin = learned[0](jnp.asarray(images))
    here = project(plain, images, KEY, steps=20, rate=0.01, begin=begin, progress=False)
    alone = project(plain, images, KEY, steps=20, rate=0.01, progress=False)
    assert here.history[0] < alone.history[0] and here.history[-1] < here.history[0]
    with pytest.raises(ValueError, match=r"begins at codes \[4, 4\]; got \[4, 3\]"):
        project(plain, images, KEY, begin=jnp.zeros((4, 3)))


def test_codes_w_are_one_for_all_layers(mapped):
    encoder, _ = learn_encoder(mapped, KEY, steps=2, batch_size=2, progress=False)
    codes, made = encoded(mapped, encoder, KEY, np.zeros((3, 8, 8, 1), np.float32))
    assert codes["w"].shape == (3, 3, 5) and np.ptp(np.asarray(codes["w"]), axis=1).max() == 0
    assert made.shape == (3, 8, 8, 1)
    with pytest.raises(ValueError, match=r"makes images of \[8, 8, 1\]; these are \[4, 4, 1\]"):
        encoded(mapped, encoder, KEY, np.zeros((3, 4, 4, 1), np.float32))


def test_several_classes_are_refused(plain):
    with pytest.raises(ValueError, match="choose one, --label=3"):
        learn_encoder(plain.replace(num_classes=3), KEY)
    with pytest.raises(ValueError, match="steps, a batch and a rate above 0"):
        learn_encoder(plain, KEY, steps=0)
