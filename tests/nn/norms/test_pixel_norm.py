import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.nn.norms.pixel_norm import pixel_norm


@pytest.mark.parametrize("shape", [(3, 16), (2, 3, 4, 16)])
def test_every_vector_has_unit_rms_and_keeps_its_direction(rng, shape):
    x = rng.normal(size=shape).astype(np.float32)
    y = np.asarray(pixel_norm(jnp.asarray(x)))
    np.testing.assert_allclose(np.sqrt(np.mean(y**2, -1)), np.ones(shape[:-1]), rtol=1e-5)
    np.testing.assert_allclose(y, x / np.sqrt(np.mean(x**2, -1, keepdims=True) + 1e-8), rtol=1e-5)


def test_zeros_stay_zeros_and_bfloat16_stays_bfloat16():
    y = pixel_norm(jnp.zeros((2, 4), jnp.bfloat16))
    assert y.dtype == jnp.bfloat16 and not y.any()


def test_gradients(rng, check_gradients):
    check_gradients(pixel_norm, rng.normal(size=(2, 2, 3)))
