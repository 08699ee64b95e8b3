import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen

from gan_jax.nn.conv.convolution import Conv
from gan_jax.nn.dense import Dense, Embed
from gan_jax.nn.spectral import as_matrix, iterate, normalize_once, power_iteration, spectral_norm


@pytest.fixture
def matrix(rng):
    return rng.normal(size=(6, 4)).astype(np.float32)


def converged(matrix):
    u = jnp.ones(matrix.shape[1])
    for _ in range(200):
        u, v = power_iteration(jnp.asarray(matrix), u)
    return u, v


def test_one_round_of_power_iteration_by_hand(rng, matrix):
    u = rng.normal(size=4).astype(np.float32)
    v = matrix @ u / np.linalg.norm(matrix @ u)
    new = matrix.T @ v / np.linalg.norm(matrix.T @ v)
    for got, expected in zip(power_iteration(jnp.asarray(matrix), jnp.asarray(u)), (new, v), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def test_sigma_is_the_first_singular_value(matrix):
    u, v = converged(matrix)
    sigma = spectral_norm(jnp.asarray(matrix), u, v)
    np.testing.assert_allclose(sigma, np.linalg.svd(matrix)[1][0], rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(matrix / sigma, 2), 1, rtol=1e-5)


def test_the_gradient_of_sigma_is_that_of_the_singular_value(matrix):
    u, v = converged(matrix)
    gradient = jax.grad(spectral_norm)(jnp.asarray(matrix), u, v)
    left, _, right = np.linalg.svd(matrix)
    np.testing.assert_allclose(gradient, np.outer(left[:, 0], right[0]), atol=1e-4)
    assert not any(g.any() for g in jax.grad(spectral_norm, (1, 2))(jnp.asarray(matrix), u, v))


def test_the_gradient_of_the_normalized_weight(rng, matrix):
    """d/dW <G, W / sigma> = G / sigma - <G, W> / sigma^2 v u^T: Eq. (12), arXiv:1802.05957."""
    u, v = power_iteration(jnp.asarray(matrix), jnp.asarray(rng.normal(size=4), jnp.float32))  # not converged
    g, x = rng.normal(size=(6, 4)).astype(np.float32), jnp.eye(6)
    variables = {"params": {"kernel": jnp.asarray(matrix)}, "spectral": {"kernel": {"u": u, "v": v}}}
    layer = Dense(4, use_bias=False, scheme="spectral")

    def loss(params):
        return jnp.vdot(g, layer.apply({**variables, "params": params}, x))

    sigma = np.asarray(v @ matrix @ u)
    expected = g / sigma - np.vdot(g, matrix) / sigma**2 * np.outer(v, u)
    np.testing.assert_allclose(jax.grad(loss)(variables["params"])["kernel"], expected, rtol=1e-3, atol=1e-4)


def test_gradients(rng, check_gradients):
    kernel, (u, v) = rng.normal(size=(3, 2)), (rng.normal(size=n) for n in (2, 3))
    layer = Dense(2, use_bias=False, scheme="spectral")

    def f(x, kernel):
        spectral = {"kernel": {"u": jnp.asarray(u), "v": jnp.asarray(v)}}
        return layer.apply({"params": {"kernel": kernel}, "spectral": spectral}, x)

    check_gradients(f, rng.normal(size=(2, 3)), kernel)


class Net(linen.Module):
    @linen.compact
    def __call__(self, x, labels):
        h = Conv(5, (3, 3), scheme="spectral", name="conv")(x)
        h = h.mean((1, 2)) + Embed(7, 5, scheme="spectral", name="embed")(labels)
        return Dense(3, scheme="spectral", name="dense")(Dense(5, name="plain")(h))


@pytest.fixture(scope="module")
def variables():
    return jax.jit(Net().init)(jax.random.key(0), jnp.ones((2, 4, 4, 2)), jnp.zeros(2, jnp.int32))


WEIGHTS = {"conv": "kernel", "embed": "embedding", "dense": "kernel"}


def test_vectors_stand_at_the_path_of_their_weight_and_start_converged(variables):
    assert {name: list(entry) for name, entry in variables["spectral"].items()} == {n: [w] for n, w in WEIGHTS.items()}
    for name, weight in WEIGHTS.items():
        matrix, vectors = as_matrix(variables["params"][name][weight]), variables["spectral"][name][weight]
        assert (vectors["v"].shape, vectors["u"].shape) == ((matrix.shape[0],), (matrix.shape[1],))
        np.testing.assert_allclose(spectral_norm(matrix, **vectors), np.linalg.norm(matrix, 2), rtol=0.02)
    assert as_matrix(variables["params"]["conv"]["kernel"]).shape == (3 * 3 * 2, 5)


def test_iterate_follows_a_moving_weight_and_forward_passes_do_not(rng, variables):
    move = lambda leaf: jnp.asarray(rng.normal(size=leaf.shape), jnp.float32)
    params = jax.tree.map(move, variables["params"])
    spectral = jax.jit(iterate, static_argnums=2)(params, variables["spectral"], 1)
    for name, weight in WEIGHTS.items():
        u, v = power_iteration(as_matrix(params[name][weight]), variables["spectral"][name][weight]["u"])
        np.testing.assert_allclose(spectral[name][weight]["u"], u, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(spectral[name][weight]["v"], v, rtol=1e-4, atol=1e-6)
    for _ in range(60):
        spectral = jax.jit(iterate, static_argnums=2)(params, spectral, 2)
    for name, weight in WEIGHTS.items():
        matrix = as_matrix(params[name][weight])
        np.testing.assert_allclose(
            spectral_norm(matrix, **spectral[name][weight]), np.linalg.norm(matrix, 2), rtol=1e-3
        )

    inputs = jnp.ones((2, 4, 4, 2)), jnp.zeros(2, jnp.int32)
    _, after = Net().apply({"params": params, "spectral": spectral}, *inputs, mutable=["spectral"])
    jax.tree.map(np.testing.assert_array_equal, after.get("spectral", spectral), spectral)


def test_nothing_to_iterate():
    assert iterate({"kernel": jnp.ones((2, 2))}, {}) == {}


def test_normalized_convolution_divides_by_sigma(rng, variables):
    params, vectors = variables["params"]["conv"], variables["spectral"]["conv"]
    x = jnp.asarray(rng.normal(size=(1, 4, 4, 2)), jnp.float32)
    y = Conv(5, scheme="spectral").apply({"params": params, "spectral": vectors}, x)
    sigma = spectral_norm(as_matrix(params["kernel"]), **vectors["kernel"])
    np.testing.assert_allclose(y, Conv(5).apply({"params": params}, x) / sigma, rtol=1e-4, atol=1e-5)


def test_bfloat16_activations_leave_float32_vectors():
    y, variables = Dense(3, scheme="spectral").init_with_output(jax.random.key(0), jnp.ones((2, 4), jnp.bfloat16))
    assert y.dtype == jnp.bfloat16
    assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype(jnp.float32)}


def test_normalizing_once_for_several_passes_changes_nothing(rng, variables):
    """Neither the output nor the gradient of two passes with the same weights."""
    x, labels = jnp.asarray(rng.normal(size=(2, 2, 4, 4, 2)), jnp.float32), jnp.array([1, 6])
    params = jax.tree.map(lambda p: p + 0.1, variables["params"])  # whose gradient by sigma is not 0

    def loss(prepare, params):
        prepared = prepare({**variables, "params": params})
        return sum(jnp.sum(Net().apply(prepared, each, labels) ** 2) for each in x)

    once, each_time = (jax.jit(jax.value_and_grad(lambda p, f=f: loss(f, p))) for f in (normalize_once, lambda v: v))
    for got, expected in zip(*(jax.tree.leaves(f(params)) for f in (once, each_time)), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)
    assert normalize_once({"params": params}) == {"params": params}
