"""Layer normalisation in plain numpy."""

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.nn.norms.layer_norm import LayerNorm, layer_norm


def test_by_numpy():
    """By the mean and the biased variance over all but the batch; scale and bias are of the channel."""
    x = np.random.default_rng(0).normal(3, 2, (4, 5, 6, 3)).astype(np.float32)
    module = LayerNorm()
    params = module.init(jax.random.key(0), x)["params"]
    assert jax.tree.map(jnp.shape, params) == {"scale": (3,), "bias": (3,)}
    params = {"scale": jnp.array([1.0, 2.0, -1.0]), "bias": jnp.array([0.0, 0.5, 1.0])}
    mean, variance = x.mean((1, 2, 3), keepdims=True), x.var((1, 2, 3), keepdims=True)
    expected = (x - mean) / np.sqrt(variance + 1e-5) * np.asarray(params["scale"]) + np.asarray(params["bias"])
    np.testing.assert_allclose(module.apply({"params": params}, x), expected, atol=1e-5)


def test_an_image_knows_no_other():
    x = np.random.default_rng(0).normal(size=(3, 4, 4, 2)).astype(np.float32)
    slope = jax.grad(lambda x: jnp.sum(layer_norm(x)[0] ** 3))(jnp.asarray(x))
    assert np.any(slope[0]) and not np.any(slope[1:])


def test_bfloat16_is_normalised_in_float32():
    x = jnp.asarray(np.random.default_rng(0).normal(100, 1, (2, 8, 8, 4)), jnp.bfloat16)
    y = layer_norm(x)
    assert y.dtype == jnp.bfloat16
    wide = np.asarray(x, np.float64)
    exact = (wide - wide.mean((1, 2, 3), keepdims=True)) / np.sqrt(wide.var((1, 2, 3), keepdims=True) + 1e-5)
    np.testing.assert_allclose(np.asarray(y, np.float64), exact, rtol=0.01, atol=0.01)
