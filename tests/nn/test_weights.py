import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.nn.conv.convolution import Conv
from gan_jax.nn.dense import Dense
from gan_jax.nn.weights import glorot, normal, orthogonal


def test_initializers_have_the_papers_spread():
    keys, shape = jax.random.split(jax.random.key(0), 3), (3, 3, 16, 32)
    assert np.std(normal()(keys[0], shape)) == pytest.approx(0.02, rel=0.05)
    limit = np.sqrt(2) * np.sqrt(6 / (9 * (16 + 32)))
    kernel = np.asarray(glorot(np.sqrt(2))(keys[1], shape))
    assert 0.98 * limit < np.abs(kernel).max() <= limit
    assert kernel.std() == pytest.approx(limit / np.sqrt(3), rel=0.05)
    columns = np.asarray(jax.jit(orthogonal(), static_argnums=1)(keys[2], shape)).reshape(-1, 32)
    np.testing.assert_allclose(columns.T @ columns, np.eye(32), atol=1e-5)


@pytest.mark.parametrize(
    ("layer", "shape", "fan_in"), [(Dense(64), (2, 50), 50), (Conv(64, (3, 3)), (1, 4, 4, 8), 3 * 3 * 8)]
)
def test_equalized_weights_are_stored_with_unit_variance_and_scaled_in_use(rng, layer, shape, fan_in):
    x = jnp.asarray(rng.normal(size=shape), jnp.float32)
    equalized = layer.clone(scheme="equalized")
    variables = jax.jit(equalized.init)(jax.random.key(0), x)
    kernel = variables["params"]["kernel"]
    assert np.std(kernel) == pytest.approx(1, rel=0.05)
    expected = layer.apply({"params": {**variables["params"], "kernel": kernel * np.sqrt(2 / fan_in)}}, x)
    np.testing.assert_allclose(equalized.apply(variables, x), expected, rtol=1e-4, atol=1e-5)


def test_unknown_schemes_are_refused_and_the_known_named():
    with pytest.raises(ValueError, match=r"'spectrum'; known: None, 'spectral', 'equalized'"):
        Dense(2, scheme="spectrum").init(jax.random.key(0), jnp.ones((1, 2)))
