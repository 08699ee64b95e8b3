"""A generator with codes w that compiles in no time."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import struct

LAYERS, DIM = 3, 5
_OF_Z, _OF_W = (np.random.default_rng(i).normal(size=s).astype(np.float32) for i, s in ((0, (4, DIM)), (1, (DIM, 64))))


class Mapped(struct.PyTreeNode):
    """z [n, 4] -> w [n, 3, 5] -> images [n, 8, 8, 1] in [-1, 1]."""

    given = ()
    target = "image"
    num_classes = 0

    def starts(self, key, indices, given=None):
        return {"z": jax.vmap(lambda i: jax.random.normal(jax.random.fold_in(key, i), (4,)))(indices)}

    def map(self, starts):
        w = jnp.tanh(starts["z"] @ _OF_Z)
        return {**starts, "w": jnp.broadcast_to(w[:, None], (len(w), LAYERS, DIM))}

    def synthesize(self, codes, taps=(), edits=None):
        return jnp.tanh(jnp.mean(codes["w"], 1) @ _OF_W).reshape(-1, 8, 8, 1), {}


@pytest.fixture(scope="session")
def mapped():
    return Mapped()
