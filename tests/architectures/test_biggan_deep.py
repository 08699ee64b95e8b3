"""BigGAN-deep: counted at full size, and what it refuses. tests/foreign compare it with both PyTorch packages."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.architectures.biggan_deep import Discriminator, Generator

SHAPE = (16, 16, 3)


@pytest.mark.parametrize(
    "side, of_g, published, of_d",
    [  # ch 128, 1000 classes: BigGAN-PyTorch's G and D, and pytorch-pretrained-biggan's G, whose last layer is wider
        (128, 50_244_484, 50_388_609, 34_590_210),
        (256, 55_736_708, 55_880_833, 38_247_426),
        (512, 56_019_780, 56_163_905, None),
    ],
)
def test_parameter_counts_are_the_published(count, side, of_g, published, of_d):
    label, shape, z = jnp.zeros(2, jnp.int32), (side, side, 3), jnp.zeros((2, 128))
    assert count(Generator(shape, num_classes=1000), z, label) == of_g
    assert count(Generator(shape, num_classes=1000, output_width=128), z, label) == published
    if of_d:
        assert count(Discriminator(shape, num_classes=1000), jnp.zeros((2, *shape)), label) == of_d


def test_unconditional_networks_take_the_latents_alone():
    generator = Generator(SHAPE, widths=(16, 16, 8), attention=0)
    params = jax.eval_shape(lambda: generator.init(jax.random.key(0), jnp.zeros((2, 5))))["params"]
    assert "embedding" not in params and params["block0_norm1"]["scale"]["kernel"].shape == (5, 16)
    discriminator = Discriminator(SHAPE, widths=(8, 16, 16), halvings=1, attention=0)
    params = jax.eval_shape(lambda: discriminator.init(jax.random.key(0), jnp.zeros((2, *SHAPE))))["params"]
    assert "projection" not in params
    assert params["block0_shortcut"]["kernel"].shape == (1, 1, 8, 8)  # the channels that are new
    assert "block1_shortcut" not in params and "block2_shortcut" not in params


def test_channels_that_are_never_seen_count_in_the_spectral_norm(filled, compiled):
    """A larger kernel for a fourth channel darkens the three of the image as much as it raises the singular value."""
    module = Generator(SHAPE, widths=(8, 8, 8), attention=0, output_width=4)
    z = np.random.default_rng(0).normal(size=(2, 5)).astype(np.float32)
    variables = filled(module, z)
    params, values, before_tanh = variables["params"], [], []
    for part in ("scale", "bias"):
        params["norm"][part] = 0.1 * params["norm"][part]  # so that tanh does not saturate
    params["to_image"]["bias"] = np.zeros(4, np.float32)
    run = compiled(lambda v: module.apply(v, z))
    for factor in (1, 10):
        kernel = params["to_image"]["kernel"] * np.array([1, 1, 1, factor], np.float32)
        left, singular, right = np.linalg.svd(kernel.reshape(-1, 4), full_matrices=False)
        variables["spectral"]["to_image"]["kernel"] = {"u": right[0], "v": left[:, 0]}
        images = run({**variables, "params": params | {"to_image": params["to_image"] | {"kernel": kernel}}})
        before_tanh.append(np.arctanh(np.asarray(images, np.float64)))
        values.append(singular[0])
    assert images.shape == (2, *SHAPE) and values[1] > 3 * values[0]
    np.testing.assert_allclose(before_tanh[1] * values[1], before_tanh[0] * values[0], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    "module, message",
    [
        (Generator((40, 40, 3)), "no widths for images 40 pixels high"),
        (Generator(SHAPE, widths=(8, 16), attention=0), "widths must not grow from 8 to 16"),
        (Generator(SHAPE, widths=(8, 8, 8), attention=12), "attention=12: .* their heights are 8, 16"),
        (Generator(SHAPE, widths=(8, 8), attention=0, num_classes=3), "needs labels"),
        (Discriminator(SHAPE, widths=(8, 16)), "set halvings"),
        (Discriminator(SHAPE, widths=(16, 8), halvings=1, attention=0), "widths must not fall from 16 to 8"),
        (Discriminator((512, 512, 3)), "no widths for images 512 pixels high"),
    ],
)
def test_what_is_refused(module, message):
    x = jnp.zeros((2, 5)) if isinstance(module, Generator) else jnp.zeros((2, *module.image_shape))
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(lambda: module.init(jax.random.key(0), x))
