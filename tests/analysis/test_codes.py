"""Tables of classes and codes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.analysis.codes import class_grid, code_grid, with_code
from gan_jax.architectures import mlp
from gan_jax.latents import coded, normal, uniform
from gan_jax.methods.samplers import GeneratorSampler

SHAPE, KEY = (4, 4, 1), jax.random.key(3)


def sampler_of(latents, classes=0):
    net = mlp.Generator(SHAPE, (6,), classes)
    label = jnp.zeros(1, jnp.int32) if classes else None
    return GeneratorSampler(net, net.init(jax.random.key(0), jnp.ones((1, latents.dim)), label), latents, classes)


def test_a_row_is_one_latent_in_every_class():
    sampler = sampler_of(normal(3), 3)
    images, columns = class_grid(sampler, KEY, range(2))
    assert columns == 3 and images.shape == (6, *SHAPE)
    starts = sampler.starts(KEY, jnp.arange(2, dtype=jnp.uint32))
    for row in range(2):
        for label in range(3):
            alone = {"z": starts["z"][row : row + 1], "label": jnp.array([label])}
            np.testing.assert_allclose(images[3 * row + label], sampler.synthesize(alone)[0][0], atol=1e-6)
    with pytest.raises(ValueError, match="unconditional"):
        class_grid(sampler_of(normal(3)), KEY, range(2))


def test_a_code_runs_over_its_values():
    latents = coded(uniform(1), (3,), 1)
    z = jnp.full((5, 5), 0.25)
    one_hot, number = (np.asarray(with_code(z, code)) for code in latents.codes)
    np.testing.assert_array_equal(one_hot[:, 1:4], np.eye(5, 3))
    np.testing.assert_array_equal(one_hot[:, [0, 4]], 0.25)
    np.testing.assert_allclose(number[:, 4], [-2, -1, 0, 1, 2])
    np.testing.assert_array_equal(number[:, :4], 0.25)


def test_a_table_of_codes_has_a_band_for_each():
    sampler = sampler_of(coded(uniform(1), (3,), 1))
    images, columns = code_grid(sampler, KEY, range(2), 5)
    assert columns == 5 and images.shape == (2 * 2 * 5, *SHAPE)
    assert np.all(images[3:5] == -1) and np.all(images[8:10] == -1)  # a code of three values
    starts = sampler.starts(KEY, jnp.arange(2, dtype=jnp.uint32))
    z = starts["z"][1:2].at[0, 4].set(-1.0)
    np.testing.assert_allclose(images[15 + 1], sampler.synthesize({"z": z})[0][0], atol=1e-6)
    assert code_grid(sampler, KEY, range(1), 2)[1] == 3
    with pytest.raises(ValueError, match="this one has none"):
        code_grid(sampler_of(normal(3)), KEY, range(2), 5)
