"""WGAN-GP's residual critic: counted at full size, and computed once more in plain numpy; and sngan's nets in its widths."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.architectures import sngan
from gan_jax.architectures.wgangp import Discriminator


def test_parameter_counts_at_64(count):
    """No bias in a block's first convolution; a scale and a bias a channel in each of its two norms."""
    shape = (64, 64, 3)
    critic = 27 * 64 + 64 + 4 * 4 * 512 + 1
    for i, o in ((64, 128), (128, 256), (256, 512), (512, 512)):
        critic += 2 * 2 * i + 9 * i * i + 9 * i * o + o + i * o + o
    assert count(Discriminator(shape), jnp.zeros((1, *shape))) == critic
    generator = 129 * 4 * 4 * 512 + 2 * 64 + 27 * 64 + 3
    for i, o in ((512, 512), (512, 256), (256, 128), (128, 64)):
        generator += 2 * i + 9 * i * o + o + 2 * o + 9 * o * o + o + i * o + o
    assert count(sngan.Generator(shape, (512, 512, 256, 128, 64)), jnp.zeros((1, 128))) == generator


def test_parameter_counts_of_its_cifar_nets(count):
    shape = (32, 32, 3)
    block, shortcut = 2 * (9 * 128 * 128 + 128), 128 * 128 + 128
    generator = 129 * 2048 + 3 * (block + shortcut + 4 * 128) + 2 * 128 + 27 * 128 + 3
    assert count(sngan.Generator(shape, (128,) * 4), jnp.zeros((1, 128))) == generator
    first = 27 * 128 + 128 + 9 * 128 * 128 + 128 + 3 * 128 + 128
    critic = first + 3 * block + shortcut + 128 + 1
    net = sngan.Discriminator(shape, (128,) * 4, 2, scheme=None, pooling="mean")
    assert count(net, jnp.zeros((1, *shape))) == critic


@pytest.mark.parametrize("norm", ["layer", "none"])
def test_critic_by_numpy(layers, filled, compiled, norm):
    module = Discriminator((4, 8, 2), (3, 4), norm)
    images = np.random.default_rng(2).uniform(-1, 1, (3, 4, 8, 2)).astype(np.float32)
    variables = filled(module, images)
    verdict = compiled(lambda v, x: module.apply(v, x, train=True))(variables, images)

    net = layers(variables)

    def normed(name, x):
        if norm == "none":
            return x
        own = variables["params"][name]
        mean, variance = x.mean((1, 2, 3), keepdims=True), x.var((1, 2, 3), keepdims=True)
        return (x - mean) / np.sqrt(variance + 1e-5) * np.asarray(own["scale"]) + np.asarray(own["bias"])

    pooled = lambda x: x.reshape(3, x.shape[1] // 2, 2, x.shape[2] // 2, 2, -1).mean((2, 4))
    x = net.conv("from_image", images.astype(np.float64))
    h = net.conv("block0_conv1", net.relu(normed("block0_norm1", x)))
    assert "bias" not in variables["params"]["block0_conv1"]
    h = pooled(net.conv("block0_conv2", net.relu(normed("block0_norm2", h))))
    x = h + net.conv("block0_shortcut", pooled(x))
    np.testing.assert_allclose(verdict.features["block0"], x, atol=1e-4)
    np.testing.assert_allclose(verdict.logits, net.dense("head", x.reshape(3, -1))[:, 0], atol=1e-4)


def test_what_is_refused():
    with pytest.raises(ValueError, match="'layer' or 'none', not 'batch'"):
        Discriminator((8, 8, 3), norm="batch")
    with pytest.raises(ValueError, match="6 x 8 cannot come from 2 doublings"):
        jax.eval_shape(Discriminator((6, 8, 3), (4, 4, 4)).init, jax.random.key(0), jnp.zeros((1, 6, 8, 3)))
