"""The path length of a generator that is linear in w, where it is known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.regularizers.path_length import path_length, path_lengths

LAYERS, W, SHAPE = 3, 4, (2, 5, 1)


@pytest.fixture
def matrix(rng):
    return rng.normal(size=(LAYERS, W, 10)).astype(np.float32)


def synthesize_by(matrix):
    return lambda w: jnp.einsum("blw,lwp->bp", w, matrix).reshape(-1, *SHAPE)


def test_the_length_is_that_of_the_transposed_jacobian(matrix, rng):
    codes = rng.normal(size=(6, LAYERS, W)).astype(np.float32)
    y = rng.normal(size=(6, *SHAPE)).astype(np.float32)
    expected = [np.sqrt(np.mean([np.sum((matrix[k] @ y[i].ravel()) ** 2) for k in range(LAYERS)])) for i in range(6)]
    np.testing.assert_allclose(path_lengths(synthesize_by(matrix), codes, y), expected, rtol=1e-5)


def generator_by(matrix):
    def generator(x, label=None, method=None):
        if method == "map":
            return jnp.broadcast_to(jnp.pad(x, ((0, 0), (0, 1)))[:, None], (len(x), LAYERS, W))
        assert method == "synthesize"
        return synthesize_by(matrix)(x)

    return generator


def term_of(make_play, matrix, memory, n=8, **settings):
    images = np.zeros((n, *SHAPE), np.float32)
    play = make_play(lambda x, label=None: None, images, images, nets={"generator": generator_by(matrix)})
    return path_length(**settings).generator(play, memory)


def test_the_mean_follows_the_lengths_and_the_penalty_is_about_it(make_play, matrix):
    """By hand: a' = a + 0.01 (mean - a), penalty = mean (length - a')^2, of a half of the batch."""
    term = term_of(make_play, matrix, jnp.float32(2.0), weight=3.0)
    y = np.asarray(jax.random.normal(jax.random.key(0), (4, *SHAPE))) / np.sqrt(10)
    lengths = np.asarray(path_lengths(synthesize_by(matrix), jnp.zeros((4, LAYERS, W)), y))
    mean = 2.0 + 0.01 * (lengths.mean() - 2.0)
    np.testing.assert_allclose(term.memory, mean, rtol=1e-5)
    np.testing.assert_allclose(term.loss, 3.0 * np.mean((lengths - mean) ** 2), rtol=1e-5)
    np.testing.assert_allclose(term.metrics["path_length"], lengths.mean(), rtol=1e-5)


def test_its_gradient_agrees_with_differences(make_play, matrix):
    value = jax.jit(lambda scale: term_of(make_play, scale * matrix, jnp.float32(1.0)).loss)
    slope = jax.grad(value)(1.0)
    np.testing.assert_allclose(slope, (value(1.001) - value(0.999)) / 0.002, rtol=1e-2)


def test_it_starts_at_zero_and_refuses_what_makes_no_sense():
    assert path_length().init() == 0
    for settings in ({"shrink": 0}, {"decay": 1.0}):
        with pytest.raises(ValueError, match=next(iter(settings))):
            path_length(**settings)
