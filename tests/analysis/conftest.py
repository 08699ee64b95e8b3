"""What the tests of the analysis share: samplers of tiny networks with and without codes w, and one whose truth is known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import struct

from gan_jax.architectures import mlp, stylegan2
from gan_jax.latents import normal
from gan_jax.methods.samplers import GeneratorSampler
from gan_jax.nn.compiling import compiled

SHAPE = (8, 8, 1)


def filled(net, *args):
    keys = {"params": jax.random.key(0), "noise": jax.random.key(1)}
    variables = dict(compiled(net.init, quick=True)(keys, *args))
    rng = np.random.default_rng(0)
    fill = lambda x: x + 0.3 * rng.normal(size=x.shape).astype(np.float32)
    return {name: jax.tree.map(fill, tree) for name, tree in variables.items() if name in ("params", "averages")}


@pytest.fixture(scope="session")
def styled():
    """A StyleGAN2 of 4 layers, with noise."""
    net = stylegan2.Generator(SHAPE, channel_base=32, channel_max=6, w_dim=5, mapping_layers=1)
    return GeneratorSampler(net, filled(net, jnp.zeros((1, 4))), normal(4))


@pytest.fixture(scope="session")
def plain():
    """A generator without a mapping network, and without noise."""
    net = mlp.Generator(SHAPE, (6,), 0)
    return GeneratorSampler(net, filled(net, jnp.zeros((1, 4))), normal(4))


DIM, LAYERS = 5, 3
GLASSES, BEARD = np.array([1.0, 0, 0, 0, 0]), np.array([0.6, 0.8, 0, 0, 0])  # a cosine of 0.6


class LinearFaces(struct.PyTreeNode):
    """z [n, 5] N(0, 1), of which `used` make images; w = 2 z; layer 0 draws glasses, layer 1 a beard, layer 2 nothing.

    An image [1, 2, 1] is what is drawn: GLASSES . w0 / 8 and BEARD . w1 / 8. styled: whether there is w.
    """

    variables: dict
    styled: bool = struct.field(pytree_node=False, default=True)
    used: int = struct.field(pytree_node=False, default=DIM)
    given = ()
    target = "image"
    num_classes = 0
    latents = normal(DIM)

    @property
    def z_used(self):
        return self.used

    def starts(self, key, indices, given=None):
        return {"z": jax.vmap(lambda i: jax.random.normal(jax.random.fold_in(key, i), (DIM,)))(indices)}

    def map(self, starts):
        w = 2 * starts["z"] * (jnp.arange(DIM) < self.used).astype(float).reshape(1, -1)
        return {**starts, "w": jnp.repeat(w[:, None], LAYERS, 1)} if self.styled else starts

    def synthesize(self, codes, taps=(), edits=None):
        w = codes["w"] if self.styled else 2 * jnp.repeat(codes["z"][:, None], LAYERS, 1)
        drawn = jnp.stack(
            [w[:, 0] @ self.variables["params"]["glasses"], w[:, 1] @ self.variables["params"]["beard"]], -1
        )
        return (drawn / 8).reshape(-1, 1, 2, 1), dict.fromkeys(taps, drawn)


@pytest.fixture(scope="session")
def linear():
    """settings -> LinearFaces."""
    return lambda **settings: LinearFaces(
        {"params": {"glasses": jnp.asarray(GLASSES), "beard": jnp.asarray(BEARD)}}, **settings
    )


@pytest.fixture(scope="session")
def told():
    return pixels


def pixels(images):
    """Scores by name: the pixels, as logits."""
    return {"glasses": 8 * images[:, 0, 0, 0], "beard": 8 * images[:, 0, 1, 0]}
