import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen

from gan_jax.latents import normal
from gan_jax.methods.samplers import GeneratorSampler, with_batch_norm, with_latent_truncation
from gan_jax.nn.norms.batch_norm import BatchNorm
from gan_jax.nn.norms.conditional_norm import SelfModulatedBatchNorm


class Normed(linen.Module):
    """A generator of one number, 3 z, normalised: its images show which statistics were used."""

    @linen.compact
    def __call__(self, latents, label=None, train=False):
        x = BatchNorm(use_scale=False, use_bias=False, epsilon=0.0, name="norm")(3 * latents, train=train)
        return x[:, None, None, :]


@pytest.fixture(scope="module")
def sampler():
    generator = Normed()
    variables = generator.init(jax.random.key(0), jnp.zeros((2, 1)), train=False)
    return GeneratorSampler(generator, variables, normal(1))


def test_running_statistics_are_those_of_the_variables(sampler):
    z = jnp.array([[1.0], [2.0]])
    images = with_batch_norm(sampler, "running", jax.random.key(1)).synthesize({"z": z})[0]
    np.testing.assert_allclose(images.ravel(), [3.0, 6.0])  # mean 0, variance 1, as initialised


def test_batch_statistics_are_those_of_the_images_drawn(sampler):
    z = jnp.array([[1.0], [2.0], [6.0]])
    images, taps = with_batch_norm(sampler, "batch", jax.random.key(1)).synthesize({"z": z})
    expected = (z - 3) / np.sqrt(14 / 3)
    np.testing.assert_allclose(images.ravel(), expected.ravel(), rtol=1e-5)
    assert taps == {}


def test_standing_statistics_are_the_mean_over_batches(sampler):
    key = jax.random.key(5)
    standing = with_batch_norm(sampler, "standing", key, passes=3, batch_size=8)
    batches = [3 * sampler.starts(jax.random.fold_in(key, i), jnp.arange(8))["z"] for i in range(3)]
    found = standing.variables["batch_stats"]["norm"]
    np.testing.assert_allclose(found["mean"], [np.mean([np.mean(b) for b in batches])], rtol=1e-5)
    np.testing.assert_allclose(found["variance"], [np.mean([np.var(b, ddof=1) for b in batches])], rtol=1e-5)
    assert not standing.of_batch
    np.testing.assert_array_equal(sampler.variables["batch_stats"]["norm"]["mean"], [0.0])  # the old one is as it was


def test_standing_statistics_belong_to_the_truncation(sampler):
    wide = with_batch_norm(sampler, "standing", jax.random.key(0), passes=8)
    narrow = with_batch_norm(with_latent_truncation(sampler, 0.5), "standing", jax.random.key(0), passes=8)
    variance = lambda s: float(s.variables["batch_stats"]["norm"]["variance"][0])
    assert variance(wide) == pytest.approx(9.0, rel=0.15)
    assert variance(narrow) == pytest.approx(9 * 0.0806, rel=0.15)  # of N(0, 1) within +- 0.5


def test_every_norm_inside_another_gets_its_standing_statistics():
    class Modulated(linen.Module):
        @linen.compact
        def __call__(self, latents, label=None, train=False):
            x = SelfModulatedBatchNorm(name="outer")(latents[:, None, None, :], latents, train=train)
            return BatchNorm(name="inner")(x, train=train)

    variables = Modulated().init(jax.random.key(0), jnp.zeros((2, 3)), train=False)
    made = GeneratorSampler(Modulated(), variables, normal(3))
    standing = with_batch_norm(made, "standing", jax.random.key(0), passes=2, batch_size=4)
    shapes = lambda tree: jax.tree.map(jnp.shape, tree)
    assert shapes(standing.variables["batch_stats"]) == shapes(variables["batch_stats"])
    changed = jax.tree.map(
        lambda a, b: bool(np.any(a != b)), standing.variables["batch_stats"], variables["batch_stats"]
    )
    assert all(jax.tree.leaves(changed))
    assert standing.synthesize({"z": jnp.ones((2, 3))})[0].shape == (2, 1, 1, 3)


def test_wrong_statistics_are_refused(sampler):
    with pytest.raises(ValueError, match="one of running, batch, standing, not 'moving'"):
        with_batch_norm(sampler, "moving", jax.random.key(0))
    with pytest.raises(ValueError, match="1 pass or more"):
        with_batch_norm(sampler, "standing", jax.random.key(0), passes=0)
    with pytest.raises(ValueError, match="truncate before"):
        with_latent_truncation(with_batch_norm(sampler, "standing", jax.random.key(0)), 0.5)
