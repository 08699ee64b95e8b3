import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.nn.dense import Dense, Embed


@pytest.mark.parametrize("shape", [(4,), (2, 4), (2, 3, 4)])
def test_dense_by_hand(rng, shape):
    x, bias = rng.normal(size=shape).astype(np.float32), np.arange(3, dtype=np.float32)
    kernel = rng.normal(size=(4, 3)).astype(np.float32)
    y = Dense(3).apply({"params": {"kernel": kernel, "bias": bias}}, jnp.asarray(x))
    np.testing.assert_allclose(y, x @ kernel + bias, rtol=1e-5, atol=1e-6)
    assert set(Dense(3, use_bias=False).init(jax.random.key(0), jnp.asarray(x))["params"]) == {"kernel"}


def test_the_bias_starts_at_zero_or_as_asked():
    x = jnp.ones((1, 2))
    assert Dense(3).init(jax.random.key(0), x)["params"]["bias"].tolist() == [0] * 3
    ones = jax.nn.initializers.ones
    assert Dense(3, bias_init=ones).init(jax.random.key(0), x)["params"]["bias"].tolist() == [1] * 3


def test_embed_looks_up_rows(rng):
    labels = jnp.asarray([2, 0, 2])
    y, variables = Embed(3, 5).init_with_output(jax.random.key(0), labels)
    np.testing.assert_allclose(y, np.asarray(variables["params"]["embedding"])[[2, 0, 2]], rtol=1e-6)


@pytest.mark.parametrize("layer", [Dense(3, dtype=jnp.bfloat16), Embed(4, 3, dtype=jnp.bfloat16)])
def test_dtype_is_that_of_the_output(layer):
    x = jnp.ones((2, 4)) if isinstance(layer, Dense) else jnp.asarray([0, 1])
    y, variables = layer.init_with_output(jax.random.key(0), x)
    assert y.dtype == jnp.bfloat16
    assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype(jnp.float32)}


def test_dense_follows_its_input():
    y, _ = Dense(3).init_with_output(jax.random.key(0), jnp.ones((2, 4), jnp.bfloat16))
    assert y.dtype == jnp.bfloat16


def test_gradients(rng, check_gradients):
    params = {"kernel": rng.normal(size=(3, 2)), "bias": rng.normal(size=2)}
    check_gradients(lambda x, params: Dense(2).apply({"params": params}, x) ** 2, rng.normal(size=(2, 3)), params)
    labels = np.asarray([1, 0, 1])
    f = lambda table: Embed(2, 3).apply({"params": {"embedding": table}}, jnp.asarray(labels)) ** 2
    check_gradients(f, rng.normal(size=(2, 3)))
