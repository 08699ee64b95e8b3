"""U-Net, PatchGAN and CycleGAN's translator: sizes, receptive fields, and what they refuse."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.architectures import patchgan, resnet_translator, unet
from gan_jax.nn.conv.reflect import reflect


def parameters(module, shape):
    made = jax.eval_shape(lambda: module.init(jax.random.key(0), jnp.zeros((1, *shape))))
    return sum(leaf.size for leaf in jax.tree.leaves(made["params"]))


@pytest.mark.parametrize(
    ("module", "shape", "count"),
    [
        (unet.Generator((256, 256, 3)), (256, 256, 3), 54_413_955),
        (unet.Generator((128, 128, 3)), (128, 128, 3), 41_828_995),
        (resnet_translator.Generator((128, 128, 3), blocks=6), (128, 128, 3), 7_837_699),
        (patchgan.Discriminator((256, 256, 3)), (256, 256, 6), 2_768_705),
        (patchgan.Discriminator((256, 256, 3), norm="instance"), (256, 256, 3), 2_764_737),
        # Printed by the authors' PyTorch port, in its issue 1152: 54.408 M, 29.238 M, 2.765 M and 0.662 M.
        (unet.Generator((256, 256, 1)), (256, 256, 1), 54_407_809),
        (unet.Generator((64, 64, 1)), (64, 64, 1), 29_237_889),
        (patchgan.Discriminator((256, 256, 1)), (256, 256, 2), 2_764_609),
        (patchgan.Discriminator((64, 64, 1), layers=2), (64, 64, 2), 662_337),
        # In its issue 45: 11,388,675 with a scale and a shift for each of 64 + 128 + 256 + 18 * 256 + 128 + 64 channels.
        (resnet_translator.Generator((256, 256, 3)), (256, 256, 3), 11_388_675 - 2 * 5248),
    ],
)
def test_parameters_of_full_size_networks(module, shape, count):
    assert parameters(module, shape) == count


def run(module, images, **options):
    made = jax.eval_shape(
        lambda x: module.init_with_output({"params": jax.random.key(0), "noise": jax.random.key(1)}, x, **options),
        jax.ShapeDtypeStruct(images, jnp.float32),
    )
    return made[0]


@pytest.mark.parametrize("upsampling", ["transposed", "resize"])
@pytest.mark.parametrize("module", [unet, resnet_translator])
def test_translators_make_images_of_the_size_that_comes(module, upsampling):
    net = module.Generator((32, 16, 3), width=2, channels=1, upsampling=upsampling)
    assert net.divisor == (16 if module is unet else 4)
    for side in (net.divisor, 3 * net.divisor):
        side = max(side, 8)
        assert run(net, (2, side, 2 * side, 3), train=True).shape == (2, side, 2 * side, 1)


def test_a_unet_goes_down_to_one_pixel_and_keeps_skips():
    net = unet.Generator((16, 16, 1), width=2)
    taps = jax.eval_shape(
        lambda x: net.init_with_output(jax.random.key(0), x, mutable=["params", "taps", "batch_stats"])[1],
        jnp.zeros((1, 16, 16, 1)),
    )
    shapes = {name: values[0].shape[1:] for name, values in taps["taps"].items()}
    assert shapes["map3"] == (1, 1, 16) and shapes["map0"] == (8, 8, 2) and shapes["back2"] == (8, 8, 2)
    assert taps["params"]["up3"]["kernel"].shape == (4, 4, 4, 1)  # of the first map and the way back, joined
    assert {"down_norm1", "down_norm2", "up_norm0", "up_norm2"} <= taps["params"].keys()
    assert not {"down_norm0", "down_norm3", "up_norm3"} & taps["params"].keys()
    wide = unet.Generator((256, 256, 3), width=1)
    made = jax.eval_shape(lambda: wide.init(jax.random.key(0), jnp.zeros((1, 256, 256, 3))))["params"]
    assert [made[f"down{i}"]["kernel"].shape[-1] for i in range(8)] == [1, 2, 4, 8, 8, 8, 8, 8]


@pytest.mark.parametrize(("layers", "differs"), [((), False), ((2,), True), (None, False)])
def test_dropout_is_after_the_layers_that_are_named(layers, differs, compiled):
    """The rest of the network is the same function, so outputs differ where, and only where, a layer drops."""
    net = unet.Generator((16, 16, 1), width=2, norm="none", dropout_layers=layers)

    def outputs(key, x):
        variables = net.init(key, x)
        of = lambda noise: net.apply(variables, x, dropout=True, rngs={"noise": jax.random.key(noise)})
        return of(0), of(1), net.apply(variables, x)

    on, other, off = compiled(outputs)(jax.random.key(0), jax.random.normal(jax.random.key(2), (1, 16, 16, 1)))
    assert bool(jnp.any(on != other)) == bool(jnp.any(on != off)) == differs


def test_where_dropout_may_be():
    assert unet.Generator((64, 64, 3)).depth == 6  # where the default drops after layer 1 alone
    with pytest.raises(ValueError, match=r"dropout_layers are from 0 to 3"):
        unet.Generator((32, 32, 1), dropout_layers=(4,))


@pytest.mark.parametrize("layers", range(4))
def test_a_logit_sees_its_patch_and_no_more(layers, compiled):
    side = patchgan.receptive_field(layers)
    assert [patchgan.receptive_field(n) for n in range(7)] == [1, 16, 34, 70, 142, 286, 574]
    size = 104 if layers == 3 else 56
    net = patchgan.Discriminator((size, size, 1), width=1, layers=layers, norm="none")

    def gradient(x):
        variables = jax.tree.map(jnp.abs, net.init(jax.random.key(0), x))  # no weight is zero, no unit dead
        middle = size // 2 ** (layers + 1)
        return jax.grad(lambda x: net.apply(variables, x).logits[0, middle, middle])(x)[0, :, :, 0]

    seen = compiled(gradient)(jax.random.uniform(jax.random.key(1), (1, size, size, 1)))
    rows = np.flatnonzero(np.any(np.asarray(seen) != 0, axis=1))
    assert rows[-1] - rows[0] + 1 == len(rows) == side


def test_patches_of_the_papers_image():
    net = patchgan.Discriminator((256, 256, 6))
    assert run(net, (2, 256, 256, 6)).logits.shape == (2, 30, 30)
    assert run(patchgan.Discriminator((256, 256, 3), padding=2), (1, 256, 256, 3)).logits.shape == (1, 35, 35)
    found = run(patchgan.Discriminator((8, 8, 3), layers=0, width=4), (2, 8, 8, 3))
    assert found.logits.shape == (2, 8, 8) and found.features["pooled"].shape == (2, 8)


def test_reflection():
    x = jnp.arange(6.0).reshape(1, 2, 3, 1)
    np.testing.assert_array_equal(
        reflect(x, 1)[0, :, :, 0], [[4, 3, 4, 5, 4], [1, 0, 1, 2, 1], [4, 3, 4, 5, 4], [1, 0, 1, 2, 1]]
    )
    with pytest.raises(ValueError, match="a reflection of 2 pixels"):
        reflect(x, 2)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (
            lambda: unet.Generator((64, 50, 3), halvings=6),
            r"64 x 50 .* 50 can be halved 1 time, the nearest that fit: 64$",
        ),
        (lambda: unet.Generator((100, 100, 3), halvings=3), r"100 can be halved 2 times, .*: 96 or 104$"),
        (lambda: run(unet.Generator((32, 32, 3)), (1, 48, 32, 3)), r"48 can be halved 4 times, .* 32 or 64"),
        (lambda: resnet_translator.Generator((10, 8, 3)), "halves each side 2 times: 10 can be halved 1 time"),
        (lambda: resnet_translator.Generator((4, 8, 3)), "from 8 pixels a side on"),
        (lambda: run(patchgan.Discriminator((16, 16, 3)), (1, 16, 16, 3)), "too small for a PatchGAN of 3 layers"),
        (lambda: unet.Generator((32, 32, 3), norm="layer"), "norm 'layer' is not known"),
        (lambda: resnet_translator.Generator((32, 32, 3), upsampling="up"), "upsampling 'up'"),
        (lambda: patchgan.Discriminator((32, 32, 3), layers=-1), "layers must be a whole number"),
    ],
)
def test_what_does_not_fit_is_told(make, says):
    with pytest.raises(ValueError, match=says):
        make()
