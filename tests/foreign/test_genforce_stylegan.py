"""genforce's StyleGAN with the same weights, here and there; narrow, with and without classes."""

import numpy as np
import pytest

from gan_jax.architectures import stylegan
from gan_jax.foreign.genforce_stylegan import convert_discriminator, convert_generator

CASES = {
    "16": (16, 2),
    "128": (128, 0),
}  # size, classes; from 128 on it has transposed and strided convolutions instead
WIDTHS = {"fmaps_base": 256, "fmaps_max": 16}
BLUR = np.outer([1, 2, 1], [1, 2, 1]) / 16


def state_of(references, shapes):
    state = references.unit(shapes, {"blur.kernel": BLUR, "lod": np.zeros(()), "mapping.dense": 100.0})
    noises = {name: shape for name, shape in shapes.items() if name.endswith("apply_noise.noise")}
    return state | {name: np.moveaxis(references.noise(shape[-1]), -1, 1) for name, shape in noises.items()}


def computed(references, state):
    of_g = "synthesis.lod" in state
    imported = (convert_generator if of_g else convert_discriminator)(state)
    settings = {key: value for key, value in imported.settings.items() if key != "type"}
    module = stylegan.Generator if of_g else stylegan.Discriminator
    module = module(imported.image_shape, num_classes=imported.num_classes, **settings)
    x, label = references.inputs((imported.latent_dim,) if of_g else imported.image_shape, imported.num_classes)
    if of_g:
        return np.asarray(references.synthesized(module, imported.variables, x, label))
    return np.asarray(references.run(module, imported.variables, x, label, False)[0].logits)


def theirs(net, references):
    import torch

    of_g, side = hasattr(net, "synthesis"), net.resolution
    x, label = references.inputs((net.z_space_dim,) if of_g else (side, side, 3), net.label_size)
    label = None if label is None else torch.nn.functional.one_hot(torch.from_numpy(label), net.label_size).float()
    x = x if of_g else np.moveaxis(x, -1, 1).copy()
    with torch.no_grad():
        out = net(torch.from_numpy(x), label)
    return out["image"].numpy().transpose(0, 2, 3, 1) if of_g else out[:, 0].numpy()


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore")
def test_small_networks_agree_and_are_kept(references, peer):
    import torch

    generator = peer("genforce", "models.stylegan_generator")
    discriminator, cases = peer("genforce", "models.stylegan_discriminator"), {}
    for case, (size, classes) in CASES.items():
        common = {"label_size": classes, **WIDTHS}
        styled = {"z_space_dim": 5, "w_space_dim": 6, "mapping_layers": 2, "mapping_fmaps": 6}
        nets = {
            "g": generator.StyleGANGenerator(size, **styled, **common),
            "d": discriminator.StyleGANDiscriminator(size, **common),
        }
        for player, net in nets.items():
            net.eval()
            shapes = {name: list(tensor.shape) for name, tensor in net.state_dict().items()}
            state = state_of(references, shapes)
            net.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})
            expected = theirs(net, references)
            error = references.error(computed(references, state), expected)
            print(case, player, f"{error:.0e}")
            assert error < 1e-4
            out = references.thinned(expected) if player == "g" else expected
            cases[f"{case}_{player}"] = (shapes, {"out": out})
    references.settle("genforce_stylegan", cases)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("player", "gd")
def test_small_networks_give_the_golden_outputs(references, case, player):
    shapes, expected = references.golden("genforce_stylegan", f"{case}_{player}")
    out = computed(references, state_of(references, shapes))
    assert references.error(references.thinned(out) if player == "g" else out, expected["out"]) < 1e-4


def example_state(references, case):
    return state_of(references, references.golden("genforce_stylegan", case)[0])


def test_settings_are_read_off_the_shapes(references):
    state = example_state(references, "16_g")
    imported = convert_generator(state)
    widths = {"channel_base": 256, "channel_max": 16}
    assert imported.settings == {"type": "stylegan.Generator", **widths, "w_dim": 6, "mapping_layers": 2}
    assert (imported.latent_dim, imported.num_classes, imported.image_shape) == (5, 2, (16, 16, 3))
    np.testing.assert_array_equal(imported.variables["averages"]["w"], state["truncation.w_avg"])
    plain = convert_discriminator(example_state(references, "128_d"))
    assert plain.settings == {"type": "stylegan.Discriminator", **widths} and plain.num_classes == 0


def test_what_does_not_fit_is_listed_and_nothing_imported(references):
    of_g, of_d = example_state(references, "16_g"), example_state(references, "16_d")
    without = lambda state, name: {key: array for key, array in state.items() if key != name}
    for name in ("truncation.w_avg", "synthesis.layer2.style.bias", "synthesis.layer0.const", "synthesis.lod"):
        with pytest.raises(ValueError, match=f"genforce's StyleGAN generator: 1 entries differ.*{name} is missing"):
            convert_generator(without(of_g, name))
    with pytest.raises(ValueError, match="StyleGAN discriminator: 1 entries differ.*layer5.bias is missing"):
        convert_discriminator(without(of_d, "layer5.bias"))
    with pytest.raises(ValueError, match=r"truncation.w_avg is \(36,\), not \(6,\)"):  # repeat_w=False
        convert_generator(of_g | {"truncation.w_avg": np.zeros(36, np.float32)})
    with pytest.raises(ValueError, match="extra is not known"):
        convert_generator(of_g | {"extra": np.zeros(1)})
    with pytest.raises(ValueError, match="synthesis.layer1.weight is missing"):
        convert_generator(of_d)
    with pytest.raises(ValueError, match="lod is 1.5: the network was still growing"):
        convert_discriminator(of_d | {"lod": np.float32(1.5)})
