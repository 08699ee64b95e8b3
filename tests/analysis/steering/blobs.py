"""A generator whose latents are truths: where its blob is, how large and how light."""

import jax
import jax.numpy as jnp
from flax import struct

from gan_jax.latents import normal

SIDE = 16


class Blobs(struct.PyTreeNode):
    """z [n, 4]: the blob's place to the right and down, as shares of the side; ln of its size; the ground's lightness.

    unit: of a latent, in these units.
    """

    unit: float = 1.0
    given = ()
    target = "image"
    num_classes = 0
    latents = normal(4)

    def starts(self, key, indices, given=None):
        one = lambda i: 0.1 * jax.random.normal(jax.random.fold_in(key, i), (4,)) / self.unit
        return {"z": jax.vmap(one)(indices)}

    def map(self, starts):
        return starts

    def synthesize(self, codes, taps=(), edits=None):
        right, down, size, light = (codes["z"] * self.unit).T.reshape(4, -1, 1, 1)
        places = jnp.arange(SIDE) + 0.5
        x, y = places.reshape(1, 1, -1) - SIDE * (0.5 + right), places.reshape(1, -1, 1) - SIDE * (0.5 + down)
        blob = jnp.exp(-(x**2 + y**2) / (2 * (1.5 * jnp.exp(size)) ** 2))
        return (blob - 0.5 + 2 * light)[..., None], {}
