"""A generator whose latents are truths: where its blob is, how large, and how light the ground."""

import jax
import jax.numpy as jnp
import pytest
from flax import struct

from gan_jax.latents import normal

SIDE = 16


class Blobs(struct.PyTreeNode):
    """z [n, 4]: the blob's place to the right and down, as shares of the side; ln of its size; the ground's lightness."""

    given = ()
    target = "image"
    num_classes = 0
    latents = normal(4)

    def starts(self, key, indices, given=None):
        one = lambda i: 0.1 * jax.random.normal(jax.random.fold_in(key, i), (4,))
        return {"z": jax.vmap(one)(indices)}

    def map(self, starts):
        return starts

    def synthesize(self, codes, taps=(), edits=None):
        right, down, size, light = codes["z"].T.reshape(4, -1, 1, 1)
        places = jnp.arange(SIDE) + 0.5
        x, y = places.reshape(1, 1, -1) - SIDE * (0.5 + right), places.reshape(1, -1, 1) - SIDE * (0.5 + down)
        blob = jnp.exp(-(x**2 + y**2) / (2 * (1.5 * jnp.exp(size)) ** 2))
        return jnp.clip(blob - 0.5 + 2 * light, -1, 1)[..., None], {}


class Undifferentiable(Blobs):
    """The same, drawn out of JAX's sight."""

    def synthesize(self, codes, taps=(), edits=None):
        shape = jax.ShapeDtypeStruct((len(codes["z"]), SIDE, SIDE, 1), jnp.float32)
        return jax.pure_callback(lambda z: z[:, :1, None, None] + jnp.zeros(shape.shape), shape, codes["z"]), {}


@pytest.fixture(scope="session")
def blobs():
    return Blobs()


@pytest.fixture(scope="session")
def undifferentiable():
    return Undifferentiable()
