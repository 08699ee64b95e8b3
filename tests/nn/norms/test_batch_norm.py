import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.nn.norms.batch_norm import BatchNorm, batch_moments, normalize

SHAPE = (4, 3, 2, 5)


def by_hand(x, groups=1, epsilon=1e-5):
    slices = np.split(np.asarray(x, np.float64), groups)
    axes = tuple(range(x.ndim - 1))
    return np.concatenate([(s - s.mean(axes)) / np.sqrt(s.var(axes) + epsilon) for s in slices])


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_moments_are_those_of_each_slice(rng, groups):
    x = rng.normal(2, 3, SHAPE).astype(np.float32)
    mean, variance = batch_moments(jnp.asarray(x), groups)
    slices = np.split(x, groups)
    np.testing.assert_allclose(mean, [s.mean((0, 1, 2)) for s in slices], rtol=1e-5)
    np.testing.assert_allclose(variance, [s.var((0, 1, 2)) for s in slices], rtol=1e-5)
    np.testing.assert_allclose(normalize(jnp.asarray(x), mean, variance), by_hand(x, groups), atol=1e-5)


def test_variance_survives_a_large_mean(rng):
    x = (4096 + rng.normal(size=(64, 64, 1))).astype(np.float32)
    np.testing.assert_allclose(batch_moments(jnp.asarray(x))[1].item(), x.astype(np.float64).var(), rtol=1e-4)


@pytest.mark.parametrize("shape", [SHAPE, (4, 5), (4, 2, 2, 3, 5)])
def test_training_normalizes_by_the_batch(rng, shape):
    x = jnp.asarray(rng.normal(2, 3, shape), jnp.float32)
    scale, bias = jnp.arange(1.0, 6), jnp.arange(5.0)
    y = BatchNorm().apply({"params": {"scale": scale, "bias": bias}}, x, train=True)
    np.testing.assert_allclose(y, by_hand(x) * np.asarray(scale) + np.asarray(bias), atol=1e-4)


@pytest.mark.parametrize("groups", [1, 2])
def test_running_statistics_by_hand(rng, groups):
    x = rng.normal(2, 3, SHAPE).astype(np.float32)
    norm = BatchNorm(decay=0.7, groups=groups)
    variables = norm.init(jax.random.key(0), jnp.asarray(x), train=True)
    assert (
        variables["batch_stats"]["mean"].tolist() == [0] * 5
        and variables["batch_stats"]["variance"].tolist() == [1] * 5
    )
    slices = np.split(x, groups)
    mean = np.mean([s.mean((0, 1, 2)) for s in slices], 0)
    variance = np.mean([s.var((0, 1, 2), ddof=1) for s in slices], 0)  # unbiased
    expected_mean, expected_variance = np.zeros(5), np.ones(5)
    for _ in range(2):
        _, moved = norm.apply(variables, jnp.asarray(x), train=True, mutable=["batch_stats"])
        variables = {**variables, **moved}
        expected_mean = 0.7 * expected_mean + 0.3 * mean
        expected_variance = 0.7 * expected_variance + 0.3 * variance
    np.testing.assert_allclose(variables["batch_stats"]["mean"], expected_mean, rtol=1e-5)
    np.testing.assert_allclose(variables["batch_stats"]["variance"], expected_variance, rtol=1e-5)

    y, moved = norm.apply(variables, jnp.asarray(x), train=False, mutable=["batch_stats"])
    np.testing.assert_allclose(y, (x - expected_mean) / np.sqrt(expected_variance + 1e-5), rtol=1e-4, atol=1e-5)
    for old, new in zip(jax.tree.leaves(variables["batch_stats"]), jax.tree.leaves(moved), strict=True):
        np.testing.assert_array_equal(old, new)


def test_nothing_is_stored_or_needed_where_statistics_are_not_mutable(rng):
    x = jnp.asarray(rng.normal(size=SHAPE), jnp.float32)
    norm = BatchNorm(use_scale=False, use_bias=False)
    np.testing.assert_allclose(norm.apply({}, x, train=True), by_hand(x), atol=1e-5)
    assert set(norm.init(jax.random.key(0), x, train=True)) == {"batch_stats"}


def test_a_condition_changes_nothing(rng):
    x = jnp.asarray(rng.normal(size=SHAPE), jnp.float32)
    variables = BatchNorm().init(jax.random.key(0), x, train=True)
    y = BatchNorm().apply(variables, x, jnp.zeros(4, jnp.int32), train=True)
    np.testing.assert_array_equal(y, BatchNorm().apply(variables, x, train=True))


@pytest.mark.parametrize("dtype", [None, jnp.float32])
def test_bfloat16_keeps_float32_statistics(rng, dtype):
    x = jnp.asarray(rng.normal(100, 1, SHAPE), jnp.bfloat16)
    norm = BatchNorm(dtype=dtype)
    y, variables = norm.init_with_output(jax.random.key(0), x, train=True)
    _, moved = norm.apply(variables, x, train=True, mutable=["batch_stats"])
    assert y.dtype == (dtype or jnp.bfloat16)
    assert {leaf.dtype for leaf in jax.tree.leaves((variables, moved))} == {jnp.dtype(jnp.float32)}
    np.testing.assert_allclose(y.astype(jnp.float32), by_hand(x.astype(jnp.float32)), atol=2e-2)


def test_groups_that_do_not_divide_the_batch_are_refused():
    with pytest.raises(ValueError, match="3 groups"):
        batch_moments(jnp.zeros((4, 2)), 3)


@pytest.mark.parametrize("train", [True, False])
def test_gradients(rng, check_gradients, train):
    variables = {"scale": rng.normal(size=2), "bias": rng.normal(size=2)}
    stats = {"mean": rng.normal(size=2), "variance": rng.uniform(1, 2, 2)}

    def f(x, params, stats):
        return BatchNorm(groups=2).apply({"params": params, "batch_stats": stats}, x, train=train)

    check_gradients(f, rng.normal(size=(4, 2, 1, 2)), variables, stats)
