"""SNDCGAN: counted at full size, and computed once more in plain numpy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen

from gan_jax.architectures.sndcgan import Discriminator, Generator

SHAPE = (16, 8, 1)


def conv(window, i, o):
    return window * window * i * o + o


def generator_count(side, z=128):
    """Dense to (side / 8)^2 x 512, then 4 x 4 to 256, 128, 64, each with a norm before its ReLU; 3 x 3 to the image."""
    total = (z + 1) * (side // 8) ** 2 * 512 + 2 * 512
    for i, o in ((512, 256), (256, 128), (128, 64)):
        total += conv(4, i, o) + 2 * o
    return total + conv(3, 64, 3)


def discriminator_count(side, widths):
    total, i = 0, 3
    for window, o in zip((3, 4, 3, 4, 3, 4, 3), widths, strict=True):
        total, i = total + conv(window, i, o), o
    return total + (side // 8) ** 2 * i + 1


@pytest.mark.parametrize("side", [32, 128])
@pytest.mark.parametrize(
    "name, widths",
    [("paper", (64, 64, 128, 128, 256, 256, 512)), ("compare_gan", (64, 128, 128, 256, 256, 512, 512))],
)
def test_parameter_counts_of_the_papers_tables(count, side, name, widths):
    shape, image = (side, side, 3), jnp.zeros((1, side, side, 3))
    assert count(Generator(shape), jnp.zeros((1, 128))) == generator_count(side)
    assert count(Discriminator(shape, name), image) == discriminator_count(side, widths)
    assert count(Discriminator(shape, widths), image) == discriminator_count(side, widths)


@pytest.mark.parametrize("side", [32, 128])
def test_parameter_counts_with_the_first_norm_over_units(count, side):
    """compare_gan normalises the dense layer's output before it is a map: a scale and a bias for each unit."""
    units = (side // 8) ** 2 * 512
    more = 2 * units - 2 * 512
    assert count(Generator((side, side, 3), stem_norm="units"), jnp.zeros((1, 128))) == generator_count(side) + more


def test_the_papers_widths_are_the_default():
    assert Discriminator((32, 32, 3)).widths == "paper" and Discriminator((32, 32, 3)).scheme == "spectral"


@pytest.mark.parametrize(
    "train, stem_norm", [(True, "channels"), (False, "channels"), (True, "units"), (False, "units")]
)
def test_generator_by_numpy(layers, filled, compiled, train, stem_norm):
    module = Generator(SHAPE, widths=(5, 4, 3, 2), stem_norm=stem_norm)
    z = np.random.default_rng(1).normal(size=(4, 6)).astype(np.float32)
    variables = filled(module, z)
    made = compiled(lambda v, z: module.apply(v, z, train=train))(variables, z)

    net = layers(variables, train)
    units = net.dense("stem/Dense_0", z).reshape((4, 2, 1, 5) if stem_norm == "channels" else (4, 1, 1, 10))
    x = net.relu(net.norm("stem_norm", units)).reshape(4, 2, 1, 5)
    for i in range(3):
        x = net.relu(net.norm(f"norm{i}", net.deconv(f"deconv{i}", x)))
    if stem_norm == "units":
        assert variables["params"]["stem_norm"]["scale"].shape == (10,)
    expected = np.tanh(net.conv("to_image", x))
    np.testing.assert_allclose(made, expected, atol=1e-4)
    assert np.ptp(expected) > 0.5


@pytest.mark.parametrize("scheme, classes", [("spectral", 0), (None, 3)])
def test_discriminator_by_numpy(layers, filled, compiled, scheme, classes):
    widths = (2, 3, 3, 4, 4, 5, 6)
    module = Discriminator(SHAPE, widths, scheme, classes)
    images = np.random.default_rng(2).uniform(-1, 1, (4, *SHAPE)).astype(np.float32)
    label = np.array([2, 0, 1, 2]) if classes else None
    variables = filled(module, images, label)
    verdict = compiled(module.apply)(variables, images, label)

    net = layers(variables)
    x = images.astype(np.float64)
    for i in range(7):
        x = net.leaky(net.conv(f"conv{i}", x, strides=1 + i % 2), 0.1)
        np.testing.assert_allclose(verdict.features[f"conv{i}"], x, atol=1e-4)
    flat = x.reshape(4, -1)
    logits = net.dense("head", flat)[:, 0]
    if classes:
        logits += np.sum(net.embed("projection", label) * flat, -1)
    np.testing.assert_allclose(verdict.features["pooled"], flat, atol=1e-4)
    np.testing.assert_allclose(verdict.logits, logits, atol=1e-4)


@pytest.mark.parametrize(
    "module, message",
    [
        (Discriminator((16, 16, 3), "papers"), "widths are 'paper', 'compare_gan' or numbers, not 'papers'"),
        (Discriminator((16, 16, 3), (4, 4)), "odd number of widths, got 2"),
        (lambda: Generator((16, 16, 3), stem_norm="pixels"), "stem_norm 'pixels' is not known. Known: channels, units"),
        (Discriminator((16, 20, 3)), "16 x 20 cannot come from 3 doublings.*multiple of 8"),
        (Generator((20, 16, 3)), "20 x 16 cannot come from 3 doublings.*multiple of 8"),
    ],
)
def test_what_is_refused(module, message):
    with pytest.raises(ValueError, match=message):
        module = module() if not isinstance(module, linen.Module) else module
        x = jnp.zeros((1, 8)) if isinstance(module, Generator) else jnp.zeros((1, *module.image_shape))
        jax.eval_shape(lambda: module.init(jax.random.key(0), x))
