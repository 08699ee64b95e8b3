"""Codes nearer to their average: by hand, by layers, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.architectures import stylegan2
from gan_jax.game import sampled
from gan_jax.latents import normal
from gan_jax.methods.samplers import GeneratorSampler, with_label, with_noise
from gan_jax.methods.truncation import truncated, with_truncation
from gan_jax.nn.compiling import compiled

SHAPE = (8, 8, 1)
sampled_at_once = compiled(sampled, quick=True)
made_at_once = compiled(lambda sampler, codes: sampler.synthesize(codes)[0], quick=True)


@pytest.fixture(scope="module")
def sampler():
    net = stylegan2.Generator(SHAPE, channel_base=32, channel_max=6, w_dim=5, mapping_layers=1, num_classes=3)
    keys = {"params": jax.random.key(0), "noise": jax.random.key(1)}
    variables = compiled(net.init, quick=True)(keys, jnp.zeros((1, 4)), jnp.zeros(1, jnp.int32))
    rng = np.random.default_rng(0)
    filled = jax.tree.map(lambda x: x + 0.3 * rng.normal(size=x.shape).astype(np.float32), dict(variables))
    return GeneratorSampler(net, {k: filled[k] for k in ("params", "averages")}, normal(4), num_classes=3)


def codes(sampler, n=5):
    return sampler.map(sampler.starts(jax.random.key(0), jnp.arange(n)))["w"]


def test_codes_lie_on_the_line_to_their_average(sampler):
    plain, average = np.asarray(codes(sampler)), np.asarray(sampler.variables["averages"]["w"])
    assert plain.shape == (5, 4, 5)
    for psi in (0.7, -0.5):
        found = codes(with_truncation(sampler, psi))
        np.testing.assert_allclose(found, average + psi * (plain - average), rtol=1e-5, atol=1e-6)
    by_layer = codes(with_truncation(sampler, [1.0, 0.5, 0.0, 2.0]))
    np.testing.assert_allclose(by_layer[:, 2], np.broadcast_to(average, (5, 5)), rtol=1e-6)
    np.testing.assert_allclose(by_layer[:, 3], average + 2 * (plain[:, 3] - average), rtol=1e-5, atol=1e-6)
    first_two = codes(with_truncation(sampler, 0.0, layers=2))
    np.testing.assert_array_equal(first_two[:, 2:], plain[:, 2:])
    assert np.ptp(np.asarray(first_two[:, :2]), axis=0).max() == 0


def test_psi_zero_is_one_image_for_all_latents(sampler):
    drawn = lambda sampler: sampled_at_once(sampler, jax.random.key(3), jnp.arange(4))[0]
    still = with_noise(with_truncation(sampler, 0.0), "none")
    assert np.ptp(np.asarray(drawn(still)), axis=0).max() < 1e-6
    assert np.ptp(np.asarray(drawn(with_noise(sampler, "none"))), axis=0).max() > 0.1


def test_noise_is_by_image_and_its_scales_are_what_it_is_worth(sampler):
    image = lambda sampler, key, i: sampled_at_once(sampler, jax.random.key(key), jnp.asarray(i))[0]
    np.testing.assert_allclose(image(sampler, 0, [4]), image(sampler, 0, [3, 4])[1:], rtol=1e-5, atol=1e-5)
    starts = sampler.starts(jax.random.key(0), jnp.arange(2))
    other = sampler.starts(jax.random.key(9), jnp.arange(2))["noise"]
    made = lambda sampler, noise: made_at_once(sampler, sampler.map(starts | {"noise": noise}))
    assert np.abs(made(sampler, other) - made(sampler, starts["noise"])).max() > 1e-3
    quiet = with_noise(sampler, "none")
    np.testing.assert_array_equal(made(quiet, other), made(quiet, starts["noise"]))


def test_truncation_of_a_kind_is_chosen_by_the_generator(sampler):
    np.testing.assert_array_equal(codes(truncated(sampler, 0.7)), codes(with_truncation(sampler, 0.7)))
    assert truncated(sampler, None) is sampler


@pytest.mark.parametrize(
    ("psi", "layers", "message"),
    [
        (float("nan"), None, "psi is a number"),
        ([1.0, 2.0], None, "one for each of the 4 layers"),
        ([1.0] * 4, 2, "one for each of the 4 layers"),
        (0.5, 5, "the first 0 to 4 layers"),
        (None, 2, "need its psi"),
    ],
)
def test_what_is_refused(sampler, psi, layers, message):
    with pytest.raises(ValueError, match=message):
        with_truncation(sampler, psi, layers)
    with pytest.raises(ValueError, match="choose the label last"):
        with_truncation(with_label(sampler, 1), 0.5)
