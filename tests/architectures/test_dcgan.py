"""DCGAN: counted at full size, and computed once more in plain numpy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.architectures.dcgan import Discriminator, Generator

SHAPE = (8, 12, 2)


def test_parameter_counts_at_64(count):
    """5 x 5 kernels; no bias where a norm with its own (2 numbers a channel) follows."""
    shape = (64, 64, 3)
    generator = 101 * 4 * 4 * 1024 + 2 * 1024
    generator += sum(25 * i * o + 2 * o for i, o in ((1024, 512), (512, 256), (256, 128)))
    generator += 25 * 128 * 3 + 3
    assert count(Generator(shape), jnp.zeros((1, 100))) == generator
    discriminator = 25 * 3 * 128 + 128
    discriminator += sum(25 * i * o + 2 * o for i, o in ((128, 256), (256, 512), (512, 1024)))
    discriminator += 4 * 4 * 1024 + 1
    assert count(Discriminator(shape), jnp.zeros((1, *shape))) == discriminator


def test_parameter_counts_without_norm(count):
    """WGAN-GP's critic: every convolution has its bias."""
    shape, widths = (64, 64, 3), (3, 128, 256, 512, 1024)
    critic = sum(25 * i * o + o for i, o in zip(widths, widths[1:], strict=False)) + 4 * 4 * 1024 + 1
    assert count(Discriminator(shape, norm="none"), jnp.zeros((1, *shape))) == critic


def test_parameter_counts_of_wgans_code_at_64(count):
    """4 x 4 kernels, no bias at all but those of BatchNorm; the last 4 x 4 convolution is a linear layer on the flat map."""
    shape, settings = (64, 64, 3), {"kernel": 4, "use_bias": False}
    generator = 100 * 4 * 4 * 512 + 2 * 512 + 16 * 64 * 3
    generator += sum(16 * i * o + 2 * o for i, o in ((512, 256), (256, 128), (128, 64)))
    assert count(Generator(shape, (512, 256, 128, 64), **settings), jnp.zeros((1, 100))) == generator
    critic = 16 * 3 * 64 + sum(16 * i * o + 2 * o for i, o in ((64, 128), (128, 256), (256, 512))) + 4 * 4 * 512
    assert count(Discriminator(shape, (64, 128, 256, 512), **settings), jnp.zeros((1, *shape))) == critic


def test_parameter_counts_of_wgan_gp_at_32(count):
    """The generator's first norm has a scale and a bias for each of 4 x 4 x 512 units."""
    shape, settings = (32, 32, 3), {"stem_norm": "units", "initialization": "glorot"}
    generator = 129 * 8192 + 2 * 8192 + 25 * 128 * 3 + 3
    generator += sum(25 * i * o + 2 * o for i, o in ((512, 256), (256, 128)))
    assert count(Generator(shape, (512, 256, 128), **settings), jnp.zeros((1, 128))) == generator
    critic = sum(25 * i * o + o for i, o in ((3, 128), (128, 256), (256, 512))) + 8192 + 1
    net = Discriminator(shape, (128, 256, 512), norm="none", initialization="glorot")
    assert count(net, jnp.zeros((1, *shape))) == critic


def test_units_have_a_norm_of_their_own(layers, filled, compiled):
    module = Generator(SHAPE, (4, 3), norm="batch", stem_norm="units")
    z = np.random.default_rng(1).normal(size=(4, 6)).astype(np.float32)
    variables = filled(module, z)
    _, state = compiled(
        lambda v, z: module.apply(v, z, train=True, capture_intermediates=True, mutable=["intermediates"])
    )(variables, z)
    first = state["intermediates"]["stem_norm"]["__call__"][0]
    flat = layers(variables, True).dense("stem/Dense_0", z)
    normed = (flat - flat.mean(0)) / np.sqrt(flat.var(0) + 1e-5)
    own = {name: np.asarray(leaf) for name, leaf in variables["params"]["stem_norm"].items()}
    np.testing.assert_allclose(first, normed * own["scale"] + own["bias"], atol=1e-4)


def test_wgan_gps_weights_begin_as_its_code_has_them():
    """Uniform of variance 4 / (fan in + fan out), where 4 of 16 x 16 outputs, or inputs, are one pixel's."""
    shape, settings = (16, 16, 8), {"initialization": "glorot"}
    made = Generator(shape, (64, 48), kernel=4, **settings).init(jax.random.key(0), jnp.zeros((1, 32)))["params"]
    judge = Discriminator(shape, (48, 64), kernel=4, norm="none", **settings)
    judged = judge.init(jax.random.key(0), jnp.zeros((1, *shape)))["params"]
    variances = {
        "deconv0": (made["deconv0"], 4 / (16 * 64 / 4 + 16 * 48)),
        "stem": (made["stem"]["Dense_0"], 2 / (32 + 4 * 4 * 64)),
        "conv1": (judged["conv1"], 4 / (16 * 48 + 16 * 64 / 4)),
        "head": (judged["head"], 2 / (4 * 4 * 64 + 1)),
    }
    for name, (layer, variance) in variances.items():
        kernel = np.asarray(layer["kernel"], np.float64)
        np.testing.assert_allclose(np.mean(kernel**2), variance, rtol=0.12, err_msg=name)
        assert np.abs(kernel).max() <= np.sqrt(3 * variance)


@pytest.mark.parametrize("kernel, norm, train", [(5, "batch", True), (5, "batch", False), (4, "none", False)])
def test_generator_by_numpy(layers, filled, compiled, kernel, norm, train):
    module = Generator(SHAPE, (4, 3), kernel, norm)
    z = np.random.default_rng(1).normal(size=(4, 6)).astype(np.float32)
    variables = filled(module, z)
    made = compiled(lambda v, z: module.apply(v, z, train=train))(variables, z)

    net = layers(variables, train)
    normalize = net.norm if norm == "batch" else lambda name, x: x
    x = net.relu(normalize("stem_norm", net.dense("stem/Dense_0", z).reshape(4, 2, 3, 4)))
    x = net.relu(normalize("norm0", net.deconv("deconv0", x)))
    assert ("bias" in variables["params"]["deconv0"]) == (norm == "none")
    expected = np.tanh(net.deconv("to_image", x))
    np.testing.assert_allclose(made, expected, atol=1e-4)
    assert np.ptp(expected) > 0.5


@pytest.mark.parametrize(
    "norm, scheme, train", [("batch", None, True), ("batch", None, False), ("none", "spectral", True)]
)
def test_discriminator_by_numpy(layers, filled, compiled, norm, scheme, train):
    module = Discriminator(SHAPE, (3, 4), norm=norm, scheme=scheme)
    images = np.random.default_rng(2).uniform(-1, 1, (4, *SHAPE)).astype(np.float32)
    variables = filled(module, images)
    verdict = compiled(lambda v, x: module.apply(v, x, train=train))(variables, images)

    net = layers(variables, train)
    x = net.leaky(net.conv("conv0", images.astype(np.float64), 2), 0.2)
    np.testing.assert_allclose(verdict.features["conv0"], x, atol=1e-4)
    x = net.conv("conv1", x, 2)
    x = net.leaky(net.norm("norm1", x) if norm == "batch" else x, 0.2).reshape(4, -1)
    np.testing.assert_allclose(verdict.features["pooled"], x, atol=1e-4)
    np.testing.assert_allclose(verdict.logits, net.dense("head", x)[:, 0], atol=1e-4)


@pytest.mark.parametrize(
    "module, message",
    [
        (Discriminator((8, 8, 3), (4, 4), norm="layer"), "'batch' or 'none', not 'layer'"),
        (Discriminator((8, 10, 3), (4, 4)), "8 x 10 cannot come from 2 doublings"),
        (Generator((10, 8, 3), (4, 4)), "10 x 8 cannot come from 2 doublings"),
    ],
)
def test_what_is_refused(module, message):
    x = jnp.zeros((1, 8)) if isinstance(module, Generator) else jnp.zeros((1, *module.image_shape))
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(lambda: module.init(jax.random.key(0), x))
