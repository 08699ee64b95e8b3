"""The fully connected networks in plain numpy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.architectures.mlp import Discriminator, Generator

LABEL = np.array([2, 0, 1])


@pytest.mark.parametrize("classes, shape", [(0, (2,)), (3, (2, 3, 1))])
def test_generator_by_numpy(layers, filled, classes, shape):
    module = Generator(shape, (5, 4), classes)
    z = np.random.default_rng(1).normal(size=(3, 6)).astype(np.float32)
    label = LABEL if classes else None
    variables = filled(module, z, label)
    net = layers(variables)
    x = z if label is None else np.concatenate([z, np.eye(3)[label]], 1)
    x = net.relu(net.dense("hidden1", net.relu(net.dense("hidden0", x))))
    expected = net.dense("output", x).reshape(3, *shape)
    np.testing.assert_allclose(module.apply(variables, z, label), expected, atol=1e-5)


@pytest.mark.parametrize("classes, scheme", [(0, None), (3, "spectral")])
def test_discriminator_by_numpy(layers, filled, classes, scheme):
    module = Discriminator((2, 2, 1), (5, 4), scheme, classes)
    images = np.random.default_rng(2).normal(size=(3, 2, 2, 1)).astype(np.float32)
    label = LABEL if classes else None
    variables = filled(module, images, label)
    verdict = module.apply(variables, images, label)
    net = layers(variables)
    first = net.leaky(net.dense("hidden0", images.reshape(3, 4)), 0.2)
    x = net.leaky(net.dense("hidden1", first), 0.2)
    logits = net.dense("head", x)[:, 0]
    if classes:
        logits += np.sum(net.embed("projection", label) * x, -1)
    np.testing.assert_allclose(verdict.logits, logits, atol=1e-5)
    np.testing.assert_allclose(verdict.features["hidden0"], first, atol=1e-5)
    np.testing.assert_allclose(verdict.features["pooled"], x, atol=1e-5)


def test_parameter_counts(count):
    """8 -> 128 -> 128 -> 128 -> 2, and 2 -> 128 -> 128 -> 128 -> 1, with biases."""
    assert count(Generator((2,)), jnp.zeros((1, 8))) == 9 * 128 + 2 * 129 * 128 + 129 * 2
    assert count(Discriminator((2,)), jnp.zeros((1, 2))) == 3 * 128 + 2 * 129 * 128 + 129


def test_one_family_is_unbounded():
    """Points in the plane have no range: unlike images, they pass no tanh."""
    module = Generator((2,), (4,))
    z = 1e3 * jax.random.normal(jax.random.key(0), (8, 3))
    assert jnp.max(jnp.abs(module.apply(module.init(jax.random.key(1), z), z))) > 10
