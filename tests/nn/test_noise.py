import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.nn.noise import NoiseInjection

X = jnp.zeros((2, 16, 16, 3))
PARAMS = {"params": {"noise_scale": jnp.asarray([0.0, 1.0, 2.0])}}


def test_it_starts_as_the_identity():
    keys = {"params": jax.random.key(0), "noise": jax.random.key(1)}
    y, variables = NoiseInjection().init_with_output(keys, X)
    assert variables["params"]["noise_scale"].tolist() == [0, 0, 0]
    np.testing.assert_array_equal(y, X)


def test_drawn_noise_is_one_map_an_image_scaled_for_each_channel():
    y = np.asarray(NoiseInjection().apply(PARAMS, X, rngs={"noise": jax.random.key(1)}))
    assert not y[..., 0].any()
    np.testing.assert_allclose(y[..., 2], 2 * y[..., 1])
    assert abs(y[..., 1].mean()) < 0.2 and abs(y[..., 1].std() - 1) < 0.1
    assert abs(np.corrcoef(y[0, ..., 1].ravel(), y[1, ..., 1].ravel())[0, 1]) < 0.3


@pytest.mark.parametrize("images", [1, 2])
def test_given_noise_is_used(rng, images):
    noise = jnp.asarray(rng.normal(size=(images, 16, 16, 1)), jnp.float32)
    y = NoiseInjection().apply(PARAMS, X + 1, noise)
    np.testing.assert_allclose(y, 1 + np.asarray(noise) * np.broadcast_to([0.0, 1.0, 2.0], X.shape), rtol=1e-6)


def test_noise_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="noise for"):
        NoiseInjection().apply(PARAMS, X, jnp.zeros((2, 16, 16, 3)))


def test_bfloat16_in_bfloat16_out():
    y = NoiseInjection().apply(PARAMS, X.astype(jnp.bfloat16), rngs={"noise": jax.random.key(1)})
    assert y.dtype == jnp.bfloat16
