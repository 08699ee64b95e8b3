"""What the tests of the analysis share: samplers of tiny networks with and without codes w."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

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
