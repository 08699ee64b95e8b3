import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.nn.norms.adain import AdaIN, adain, adain_transfer
from gan_jax.nn.norms.instance_norm import instance_norm


@pytest.fixture
def x(rng):
    return jnp.asarray(rng.normal(2, 3, (2, 5, 4, 3)), jnp.float32)


def test_the_output_has_the_moments_asked_for(rng, x):
    scale, bias = (jnp.asarray(rng.normal(size=(2, 3)), jnp.float32) for _ in range(2))
    y = np.asarray(adain(x, scale, bias))
    np.testing.assert_allclose(y.mean((1, 2)), bias, atol=1e-5)
    np.testing.assert_allclose(y.std((1, 2)), np.abs(scale), rtol=1e-4)


@pytest.mark.parametrize("unbiased", [True, False])
def test_content_takes_the_moments_of_the_style(rng, x, unbiased):
    style = jnp.asarray(rng.normal(-1, 2, (2, 6, 7, 3)), jnp.float32)
    y = np.asarray(adain_transfer(x, style, epsilon=0, unbiased=unbiased))
    np.testing.assert_allclose(y.mean((1, 2)), np.mean(np.asarray(style), (1, 2)), atol=1e-5)
    ddof = int(unbiased)
    np.testing.assert_allclose(y.std((1, 2), ddof=ddof), np.std(np.asarray(style), (1, 2), ddof=ddof), rtol=1e-4)
    np.testing.assert_allclose(adain_transfer(x, x, unbiased=unbiased), x, atol=1e-5)


def test_epsilon_is_added_to_both_variances(x):
    flat = jnp.ones_like(x)
    c = np.asarray(x, np.float64)
    expected = 1 + 0.5 * (c - c.mean((1, 2), keepdims=True)) / np.sqrt(c.var((1, 2), ddof=1, keepdims=True) + 0.25)
    np.testing.assert_allclose(adain_transfer(x, flat, epsilon=0.25), expected, rtol=1e-4, atol=1e-5)


def test_the_style_is_an_equalized_linear_map(rng, x):
    w = jnp.asarray(rng.normal(size=(2, 16)), jnp.float32)
    variables = AdaIN().init(jax.random.key(0), x, w)
    kernel, bias = variables["params"]["kernel"], jnp.arange(6.0)
    assert kernel.shape == (16, 6) and variables["params"]["bias"].tolist() == [0] * 6
    style = np.asarray(w @ kernel) / 4 + np.arange(6)
    y = AdaIN().apply({"params": {"kernel": kernel, "bias": bias}}, x, w)
    expected = (1 + style[:, None, None, :3]) * np.asarray(instance_norm(x, 1e-8)) + style[:, None, None, 3:]
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-4)


def test_bfloat16_in_bfloat16_out(x):
    w = jnp.ones((2, 4))
    y, variables = jax.eval_shape(AdaIN().init_with_output, jax.random.key(0), x.astype(jnp.bfloat16), w)
    assert y.dtype == jnp.bfloat16 and variables["params"]["kernel"].dtype == jnp.float32
    assert adain_transfer(x.astype(jnp.bfloat16), x).dtype == jnp.bfloat16


def test_gradients(rng, check_gradients):
    params = {"kernel": rng.normal(size=(3, 4)), "bias": rng.normal(size=4)}
    x, w, style = rng.normal(size=(2, 2, 3, 2)), rng.normal(size=(2, 3)), rng.normal(size=(2, 3, 2, 2))
    check_gradients(lambda x, w, params: AdaIN().apply({"params": params}, x, w), x, w, params)
    check_gradients(adain_transfer, x, style)
