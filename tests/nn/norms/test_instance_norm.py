import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.nn.norms.instance_norm import InstanceNorm, instance_moments, instance_norm


def by_hand(x, epsilon=1e-5):
    x = np.asarray(x, np.float64)
    axes = tuple(range(1, x.ndim - 1))
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + epsilon)


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (2, 2, 3, 2, 4)])
def test_each_channel_of_each_image_by_its_own_moments(rng, shape):
    x = jnp.asarray(rng.normal(2, 3, shape), jnp.float32)
    np.testing.assert_allclose(instance_norm(x), by_hand(x), atol=1e-5)
    mean, variance = instance_moments(x, unbiased=True)
    axes = tuple(range(1, x.ndim - 1))
    np.testing.assert_allclose(mean, np.mean(np.asarray(x), axes, keepdims=True), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(variance, np.var(np.asarray(x), axes, ddof=1, keepdims=True), rtol=1e-4)


def test_the_module_has_parameters_only_where_asked(rng):
    x = jnp.asarray(rng.normal(size=(2, 3, 4, 5)), jnp.float32)
    assert InstanceNorm().init(jax.random.key(0), x) == {}
    np.testing.assert_allclose(InstanceNorm().apply({}, x, None, train=True), by_hand(x), atol=1e-5)
    params = {"scale": jnp.arange(5.0), "bias": jnp.arange(5.0) + 1}
    y = InstanceNorm(use_scale=True, use_bias=True).apply({"params": params}, x)
    np.testing.assert_allclose(y, by_hand(x) * np.arange(5) + np.arange(5) + 1, atol=1e-4)


def test_bfloat16_is_normalized_in_float32(rng):
    x = jnp.asarray(rng.normal(100, 1, (2, 8, 8, 3)), jnp.bfloat16)
    y = InstanceNorm().apply({}, x)
    assert y.dtype == jnp.bfloat16 and instance_moments(x)[0].dtype == jnp.float32
    np.testing.assert_allclose(y.astype(jnp.float32), by_hand(x.astype(jnp.float32)), atol=2e-2)


def test_images_without_enough_pixels_are_refused():
    with pytest.raises(ValueError, match="pixels"):
        instance_norm(jnp.zeros((2, 3)))
    with pytest.raises(ValueError, match="pixels"):
        instance_moments(jnp.zeros((2, 1, 1, 3)), unbiased=True)


def test_gradients(rng, check_gradients):
    params = {"scale": rng.normal(size=2), "bias": rng.normal(size=2)}
    norm = InstanceNorm(use_scale=True, use_bias=True)
    check_gradients(lambda x, params: norm.apply({"params": params}, x), rng.normal(size=(2, 2, 3, 2)), params)
