"""The contract's own small functions."""

import jax
import jax.numpy as jnp
import numpy as np
import optax

from gan_jax.types import ByImages, Clock, named_key, over_data, weight_at

at = lambda round, kimg=0.0: Clock(jnp.int32(round), jnp.float32(kimg))


def test_a_weight_is_a_number_or_a_schedule():
    assert float(weight_at(0.2, at(7))) == np.float32(0.2)
    falls = optax.linear_schedule(0.2, 0.0, 10)
    np.testing.assert_allclose([weight_at(falls, at(t, 99.0)) for t in (0, 5, 10, 99)], [0.2, 0.1, 0, 0], atol=1e-7)
    by_images = [weight_at(ByImages(falls), at(99, kimg)) for kimg in (0, 2.5, 5, 10, 99)]
    np.testing.assert_allclose(by_images, [0.2, 0.15, 0.1, 0, 0], atol=1e-7)
    assert weight_at(1, at(0)).dtype == jnp.float32 and weight_at(1, at(0)).shape == ()


def test_named_keys_are_of_the_name_alone():
    """Written down: a change of these bits would change every resumed run."""
    key = jax.random.key(0)
    data = lambda name: jax.random.key_data(named_key(key, name)).tolist()
    assert data("latents") == jax.random.key_data(jax.random.fold_in(key, 0xD26E1E70)).tolist()
    assert len({tuple(data(name)) for name in ("latents", "label", "noise", "rotation", "init")}) == 5


def test_without_a_mesh_arrays_stay_as_they_are():
    tree = {"z": jnp.ones((3, 2)), "label": jnp.arange(3)}
    assert over_data(tree) is tree
