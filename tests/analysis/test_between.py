"""Ways between images: through a generator's latents, and through an autoencoder's code."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.analysis.between import ways_between, ways_through_encoder
from gan_jax.architectures import began, mlp
from gan_jax.methods.observers import DiscriminatorObserver

SHAPE = (8, 8, 1)


def test_ways_begin_and_end_at_the_codes_images(plain):
    codes = plain.map(plain.starts(jax.random.key(2), jnp.arange(3, dtype=jnp.uint32)))
    images = np.asarray(plain.synthesize(codes)[0])
    ways = ways_between(plain, codes, "z", 4).reshape(2, 4, *SHAPE)
    np.testing.assert_allclose(ways[:, 0], images[:-1], atol=1e-5)
    np.testing.assert_allclose(ways[:, -1], images[1:], atol=1e-5)
    with pytest.raises(ValueError, match="between 2 images or more"):
        ways_between(plain, {"z": codes["z"][:1]}, "z", 4)


def test_an_autoencoder_is_asked_for_mixtures_of_codes():
    net = began.Autoencoder(SHAPE, 3, hidden=4, halvings=0)
    images = np.random.default_rng(0).uniform(-1, 1, (3, *SHAPE)).astype(np.float32)
    variables = net.init(jax.random.key(0), images)
    observer = DiscriminatorObserver(net, variables)
    made, ways = ways_through_encoder(observer, images, 3)
    h = net.apply(variables, images, method="encode")
    decode = lambda h: net.apply(variables, h, method="decode")
    np.testing.assert_allclose(made, decode(h), atol=1e-5)
    ways = ways.reshape(2, 3, *SHAPE)
    np.testing.assert_allclose(ways[:, 1], decode((h[:-1] + h[1:]) / 2), atol=1e-5)
    np.testing.assert_allclose(ways[:, [0, 2]], np.stack([made[:-1], made[1:]], 1), atol=1e-5)
    with pytest.raises(ValueError, match="no autoencoder"):
        ways_through_encoder(DiscriminatorObserver(mlp.Discriminator(SHAPE), {}), images, 3)
