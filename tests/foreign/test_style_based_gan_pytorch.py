"""style-based-gan-pytorch's networks with the same weights, here and there; its widths divided by 16."""

import numpy as np
import pytest

from gan_jax.architectures import stylegan
from gan_jax.foreign.style_based_gan_pytorch import convert_discriminator, convert_generator

SIZES = (16, 128)  # from 128 on it has transposed and strided convolutions instead
CLASSES = ("ConstantInput", "NoiseInjection", "EqualConv2d", "EqualLinear", "FusedUpsample", "FusedDownsample", "Blur")
BLUR = np.outer([1, 2, 1], [1, 2, 1]) / 16
NETWORKS = ("generator", "discriminator", "discriminator_linear")  # without the rectifier of what is made of pixels


def state_of(references, shapes):
    blurs = [name for name in shapes if name.endswith("weight_flip") or f"{name}_flip" in shapes]
    return references.unit(shapes, dict.fromkeys(blurs, BLUR))


def computed(references, state, size):
    settings = lambda imported: {key: value for key, value in imported.settings.items() if key != "type"}
    if "style.1.linear.bias" in state:
        imported = convert_generator(state, size)
        module = stylegan.Generator(imported.image_shape, **settings(imported))
        x, _ = references.inputs((imported.latent_dim,), 0)
        return np.asarray(references.synthesized(module, imported.variables, x))
    imported = convert_discriminator(state, size)
    module = stylegan.Discriminator(imported.image_shape, **settings(imported))
    x, _ = references.inputs((size, size, 3), 0)
    return np.asarray(references.run(module, imported.variables, x, None, False)[0].logits)


def theirs(net, references, size):
    import torch

    step = size.bit_length() - 3
    with torch.no_grad():
        if not hasattr(net, "style"):
            x, _ = references.inputs((size, size, 3), 0)
            return net(torch.from_numpy(np.moveaxis(x, -1, 1).copy()), step=step)[:, 0].numpy()
        x, _ = references.inputs((net.style[1].linear.in_features,), 0)
        noise = [torch.from_numpy(references.noise(4 << i)).permute(0, 3, 1, 2) for i in range(step + 1)]
        return net(torch.from_numpy(x), noise=noise, step=step).numpy().transpose(0, 2, 3, 1)


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore")
def test_small_networks_agree_and_are_kept(references, peer):
    import torch

    model = peer("style-based-gan-pytorch", "model", *CLASSES)
    nets = model.StyledGenerator(n_mlp=2), model.Discriminator(from_rgb_activate=True), model.Discriminator()
    cases = {}
    for name, net in zip(NETWORKS, nets, strict=True):
        shapes = {name: list(tensor.shape) for name, tensor in net.state_dict().items()}
        state, outputs = state_of(references, shapes), {}
        net.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})
        for size in SIZES:
            expected = theirs(net, references, size)
            error = references.error(computed(references, state, size), expected)
            print(name, size, f"{error:.0e}")
            assert error < 1e-4
            outputs[str(size)] = references.thinned(expected) if name == "generator" else expected
        cases[name] = (shapes, outputs)
    references.settle("style_based_gan_pytorch", cases)


@pytest.mark.parametrize(("case", "size"), [("generator", 128), ("discriminator", 128), ("discriminator_linear", 16)])
def test_small_networks_give_the_golden_outputs(references, case, size):
    shapes, expected = references.golden("style_based_gan_pytorch", case)
    out = computed(references, state_of(references, shapes), size)
    assert references.error(references.thinned(out) if case == "generator" else out, expected[str(size)]) < 1e-4


def example_state(references, case):
    return state_of(references, references.golden("style_based_gan_pytorch", case)[0])


def test_settings_are_read_off_the_shapes(references):
    imported = convert_generator(example_state(references, "generator"), 128)
    widths = {"channel_base": 1024, "channel_max": 32}
    assert imported.settings == {
        "type": "stylegan.Generator",
        **widths,
        "w_dim": 32,
        "mapping_layers": 2,
        "mapping_rate": 1.0,
        "epsilon": 1e-5,
        "bias": "before_blur",
    }
    assert (imported.latent_dim, imported.num_classes, imported.image_shape) == (32, 0, (128, 128, 3))
    assert np.any(imported.variables["averages"]["w"])
    linear = convert_discriminator(example_state(references, "discriminator_linear"), 128).settings
    fixed = {"type": "stylegan.Discriminator", "widened": "conv", "stddev_group": 65536}
    assert linear == {**fixed, **widths, "image_rectifier": False}


def test_what_does_not_fit_is_listed_and_nothing_imported(references):
    state, of_d = example_state(references, "generator"), example_state(references, "discriminator")
    without = lambda state, name: {key: array for key, array in state.items() if key != name}
    for name in ("generator.progression.1.noise2.weight_orig", "generator.to_rgb.2.conv.bias", "style.3.linear.bias"):
        with pytest.raises(
            ValueError, match=f"style-based-gan-pytorch's generator: 1 entries differ.*{name} is missing"
        ):
            convert_generator(without(state, name), 16)
    convert_generator(without(state, "generator.to_rgb.3.conv.bias"), 16)  # of 32 pixels: not looked at
    with pytest.raises(ValueError, match="discriminator: 1 entries differ.*progression.7.conv2.0.weight is missing"):
        convert_discriminator(without(of_d, "progression.7.conv2.0.weight"), 16)
    with pytest.raises(ValueError, match=r"style.1.linear.bias is \(7,\), not \(32,\)"):
        convert_generator(state | {"style.1.linear.bias": np.zeros(7, np.float32)}, 16)
    with pytest.raises(ValueError, match="extra is not known"):
        convert_discriminator(of_d | {"extra": np.zeros(1)}, 16)
    with pytest.raises(ValueError, match="generator.progression.0.adain1.style.linear.weight_orig is missing"):
        convert_generator(of_d)
    for size in (48, 2048):
        with pytest.raises(ValueError, match=f"makes images of 4, 8, 16, ... or 1024 pixels a side, not {size}"):
            convert_generator(state, size)
