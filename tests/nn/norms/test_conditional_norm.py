import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.nn.norms.batch_norm import BatchNorm
from gan_jax.nn.norms.conditional_norm import ConditionalBatchNorm, SelfModulatedBatchNorm

SHAPE = (4, 2, 3, 5)
PLAIN = BatchNorm(use_scale=False, use_bias=False)


@pytest.fixture
def x(rng):
    return jnp.asarray(rng.normal(2, 3, SHAPE), jnp.float32)


@pytest.fixture
def vectors(rng):
    return jnp.asarray(rng.normal(size=(4, 3)), jnp.float32)


def initial(norm, x, condition):
    return jax.jit(functools.partial(norm.init, train=True))(jax.random.key(0), x, condition)


def modulated(x, scale, bias):
    """By hand: scale and bias [B, C]."""
    plain = np.asarray(PLAIN.apply({}, x, train=True))
    return plain * np.asarray(scale)[:, None, None, :] + np.asarray(bias)[:, None, None, :]


def test_every_class_has_its_own_scale_and_bias(rng, x):
    norm, labels = ConditionalBatchNorm(num_classes=3), jnp.asarray([2, 0, 2, 1])
    variables = initial(norm, x, labels)
    np.testing.assert_allclose(norm.apply(variables, x, labels, train=True), PLAIN.apply({}, x, train=True), atol=1e-6)

    tables = jax.tree.map(lambda leaf: jnp.asarray(rng.normal(size=leaf.shape), jnp.float32), variables["params"])
    scale, bias = (np.asarray(*jax.tree.leaves(tables[name])) for name in ("scale", "bias"))
    assert scale.shape == bias.shape == (3, 5)
    y = norm.apply({"params": tables}, x, labels, train=True)
    np.testing.assert_allclose(y, modulated(x, scale[[2, 0, 2, 1]], bias[[2, 0, 2, 1]]), atol=1e-5)


def test_vectors_are_mapped_linearly(x, vectors):
    norm = ConditionalBatchNorm()
    variables = initial(norm, x, vectors)
    params = variables["params"]
    assert jax.tree.map(jnp.shape, params) == {"scale": {"kernel": (3, 5)}, "bias": {"kernel": (3, 5)}}
    expected = modulated(x, 1 + vectors @ params["scale"]["kernel"], vectors @ params["bias"]["kernel"])
    np.testing.assert_allclose(norm.apply(variables, x, vectors, train=True), expected, atol=1e-5)


def test_the_linear_maps_may_be_spectrally_normalized(x, vectors):
    norm = ConditionalBatchNorm(scheme="spectral")
    variables = initial(norm, x, vectors)
    unit = lambda kernel: np.asarray(kernel) / np.linalg.norm(kernel, 2)
    scale, bias = (np.asarray(vectors) @ unit(variables["params"][name]["kernel"]) for name in ("scale", "bias"))
    np.testing.assert_allclose(norm.apply(variables, x, vectors, train=True), modulated(x, 1 + scale, bias), atol=1e-2)


def test_self_modulation_by_hand(x, vectors):
    norm = SelfModulatedBatchNorm(hidden=7)
    variables = initial(norm, x, vectors)
    p = variables["params"]
    h = np.maximum(vectors @ p["hidden"]["kernel"] + p["hidden"]["bias"].reshape(1, -1), 0)
    assert h.shape == (4, 7)
    scale, bias = (h @ p[name]["kernel"] + p[name]["bias"].reshape(1, -1) for name in ("scale", "bias"))
    np.testing.assert_allclose(norm.apply(variables, x, vectors, train=True), modulated(x, scale, bias), atol=1e-5)


def test_self_modulation_starts_as_plain_batch_norm(x, vectors):
    norm, plain = SelfModulatedBatchNorm(), PLAIN.apply({}, x, train=True)
    variables = initial(norm, x, vectors)
    np.testing.assert_allclose(norm.apply(variables, x, vectors, train=True), plain, atol=0.02)  # small random kernels
    np.testing.assert_allclose(norm.apply(variables, x, 0 * vectors, train=True), plain, atol=1e-6)  # biases alone


@pytest.mark.parametrize("norm", [ConditionalBatchNorm(), SelfModulatedBatchNorm()])
def test_statistics_are_those_of_batch_norm(x, vectors, norm):
    variables = initial(norm, x, vectors)
    _, moved = norm.apply(variables, x, vectors, train=True, mutable=["batch_stats"])
    _, plain = PLAIN.apply({}, x, train=True, mutable=["batch_stats"])
    for name in ("mean", "variance"):
        np.testing.assert_allclose(moved["batch_stats"]["norm"][name], plain["batch_stats"][name])
    after = norm.apply({**variables, **moved}, x, 0 * vectors, train=False)
    np.testing.assert_allclose(after, PLAIN.apply(plain, x, train=False), atol=1e-6)


@pytest.mark.parametrize("norm", [ConditionalBatchNorm(), SelfModulatedBatchNorm()])
def test_bfloat16_in_bfloat16_out(x, vectors, norm):
    initialize = functools.partial(norm.init_with_output, train=True)
    y, variables = jax.eval_shape(initialize, jax.random.key(0), x.astype(jnp.bfloat16), vectors)
    assert y.dtype == jnp.bfloat16
    assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype(jnp.float32)}


@pytest.mark.parametrize(
    ("norm", "condition", "message"),
    [
        (ConditionalBatchNorm(3), None, "needs a condition"),
        (SelfModulatedBatchNorm(), None, "needs a condition"),
        (ConditionalBatchNorm(3), np.zeros(2, np.int32), "each of 4 images"),
        (ConditionalBatchNorm(3), np.zeros((4, 3), np.float32), "integer labels"),
        (ConditionalBatchNorm(3), np.zeros(4, np.float32), "integer labels"),
        (ConditionalBatchNorm(), np.zeros(4, np.int32), "vectors"),
        (ConditionalBatchNorm(3, scheme="spectral"), np.zeros(4, np.int32), "a vector"),
    ],
)
def test_wrong_conditions_are_refused(x, norm, condition, message):
    with pytest.raises(ValueError, match=message):
        norm.init(jax.random.key(0), x, None if condition is None else jnp.asarray(condition), train=True)


@pytest.mark.parametrize(
    ("norm", "condition"),
    [
        (ConditionalBatchNorm(), None),
        (SelfModulatedBatchNorm(hidden=3), None),
        (ConditionalBatchNorm(num_classes=2), np.asarray([1, 0, 1])),
    ],
)
def test_gradients(rng, check_gradients, norm, condition):
    x, y = rng.normal(size=(3, 2, 1, 2)), rng.normal(size=(3, 2))

    def f(x, y, params):
        return norm.apply({"params": params}, x, y if condition is None else jnp.asarray(condition), train=True)

    initialize = functools.partial(norm.init, train=True)
    params = jax.eval_shape(initialize, jax.random.key(0), jnp.asarray(x), y if condition is None else condition)
    check_gradients(f, x, y, jax.tree.map(lambda leaf: rng.normal(size=leaf.shape), params["params"]))
