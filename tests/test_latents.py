"""Distributions of latents: their moments, their tails, what they refuse."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.latents import normal, uniform

KEY = lambda: jax.random.key(0)  # one draw each


def test_normal_latents_have_mean_0_and_variance_1():
    z = np.asarray(normal(3).draw(KEY(), 20_000))
    assert z.shape == (20_000, 3)
    np.testing.assert_allclose(z.mean(0), 0, atol=0.03)
    np.testing.assert_allclose(np.cov(z.T), np.eye(3), atol=0.05)
    np.testing.assert_array_equal(z[:4], jax.random.normal(KEY(), (20_000, 3))[:4])  # as runs before this object drew


def test_uniform_latents_fill_their_range():
    z = np.asarray(uniform(2).draw(KEY(), 20_000))
    assert z.shape == (20_000, 2) and -1 <= z.min() < -0.99 and 0.99 < z.max() < 1
    np.testing.assert_allclose(z.var(0), 1 / 3, rtol=0.05)
    z = np.asarray(uniform(2, low=2.0, high=5.0).draw(KEY(), 1000))
    assert 2 <= z.min() < 2.1 and 4.9 < z.max() < 5


def test_truncation_draws_tails_anew():
    """Not clipped: no mass at the threshold. Variance of N(0, 1) within +- 0.5: 0.0806."""
    narrow = normal(4).truncated(0.5)
    z = np.asarray(narrow.draw(KEY(), 10_000))
    assert np.abs(z).max() <= 0.5 and np.mean(np.abs(z) > 0.499) < 0.01
    np.testing.assert_allclose(z.var(), 0.0806, rtol=0.05)
    assert narrow == normal(4, 0.5) and normal(4).threshold is None
    with pytest.raises(ValueError, match="truncation is for normal latents"):
        uniform(4).truncated(0.5)


def test_draws_follow_from_the_key():
    for latents in (normal(3), uniform(3), normal(3, 1.0)):
        draw = jax.jit(lambda key, latents=latents: latents.draw(key, 4))
        np.testing.assert_array_equal(draw(KEY()), latents.draw(KEY(), 4))
        assert jnp.all(draw(KEY()) != draw(jax.random.key(1)))
        assert hash(latents) == hash(type(latents)(**vars(latents)))


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: normal(0), "dim must be a whole number from 1 on, got 0"),
        (lambda: uniform(2.0), "dim must be a whole number from 1 on, got 2.0"),
        (lambda: normal(True), "dim must be a whole number from 1 on, got True"),
        (lambda: normal(3, 0.0), "threshold must be more than 0, got 0.0"),
        (lambda: normal(3).truncated(-1.0), "truncation must be more than 0, got -1.0"),
        (lambda: normal(3, float("nan")), "threshold must be more than 0, got nan"),
        (lambda: normal(3, float("inf")), "threshold must be more than 0, got inf"),
        (lambda: uniform(3, 1.0, 1.0), "from low to high, got 1.0 and 1.0"),
        (lambda: normal(3).truncated(float("nan")), "truncation must be more than 0, got nan"),
        (lambda: uniform(3, low=float("-inf")), "low must be finite, got -inf"),
    ],
)
def test_what_latents_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
