"""What the tests of the transforms share: images."""

import jax.numpy as jnp
import numpy as np
import pytest


@pytest.fixture(scope="session")
def make_images():
    """images(shape, seed) -> float32 in [-1, 1]."""

    def make(shape, seed=0):
        return jnp.asarray(np.random.default_rng(seed).uniform(-1, 1, shape), jnp.float32)

    return make
