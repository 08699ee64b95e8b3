"""pro_gan_pytorch's networks with the same weights, here and there; its widths a 32nd."""

import os
import sys
import types

import numpy as np
import pytest

from gan_jax.architectures import progan
from gan_jax.foreign.pro_gan_pytorch import convert_discriminator, convert_generator

DEPTHS = {"8": 3, "64": 6}  # by size
WIDEST = 16


def computed(references, state):
    of_g = "rgb_converters.0.weight" in state
    imported = (convert_generator if of_g else convert_discriminator)(state)
    settings = {key: value for key, value in imported.settings.items() if key != "type"}
    module = (progan.Generator if of_g else progan.Discriminator)(imported.image_shape, **settings)
    x, _ = references.inputs((imported.latent_dim,) if of_g else imported.image_shape, 0)
    out = references.run(module, imported.variables, x, None, False)[0]
    return np.asarray(out if of_g else out.logits)


def theirs(net, references):
    import torch

    of_g = hasattr(net, "rgb_converters")
    side = 1 << net.depth
    x, _ = references.inputs((net.latent_size,) if of_g else (side, side, 3), 0)
    with torch.no_grad():
        if of_g:
            return net(torch.from_numpy(x)).numpy().transpose(0, 2, 3, 1)
        return net(torch.from_numpy(np.moveaxis(x, -1, 1).copy()), net.depth, 1.0).numpy()


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore")
def test_small_networks_agree_and_are_kept(references, peer, monkeypatch):
    import torch

    bare = types.ModuleType("pro_gan_pytorch")  # its __init__ imports all that training needs
    bare.__path__ = [os.path.join(os.environ.get("FOREIGN_CHECKOUTS", ""), "pro_gan_pytorch", "pro_gan_pytorch")]
    monkeypatch.setitem(sys.modules, "pro_gan_pytorch", bare)
    monkeypatch.setattr("builtins.Tuple", tuple, raising=False)  # a name that its module forgot to import
    module, cases = peer("pro_gan_pytorch", "pro_gan_pytorch.networks"), {}
    transposed = sys.modules["pro_gan_pytorch.custom_layers"].EqualizedConvTranspose2d
    monkeypatch.setattr(transposed, "_output_padding", lambda *args: (0, 0))  # whose arguments were fewer once
    whole = module.nf
    monkeypatch.setattr(module, "nf", lambda stage: max(whole(stage) // 32, 1))
    for case, depth in DEPTHS.items():
        nets = {"g": module.Generator(depth, latent_size=5), "d": module.Discriminator(depth, latent_size=WIDEST)}
        for player, net in nets.items():
            shapes = {name: list(tensor.shape) for name, tensor in net.state_dict().items()}
            state = references.unit(shapes)
            net.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})
            expected = theirs(net, references)
            error = references.error(computed(references, state), expected)
            print(case, player, f"{error:.0e}")
            assert error < 1e-4
            out = references.thinned(expected) if player == "g" else expected
            cases[f"{case}_{player}"] = (shapes, {"out": out})
    references.settle("pro_gan_pytorch", cases)


@pytest.mark.parametrize("player", "gd")
def test_small_networks_give_the_golden_outputs(references, player, case="64"):
    shapes, expected = references.golden("pro_gan_pytorch", f"{case}_{player}")
    out = computed(references, references.unit(shapes))
    assert references.error(references.thinned(out) if player == "g" else out, expected["out"]) < 1e-4


def example_state(references, case):
    return references.unit(references.golden("pro_gan_pytorch", case)[0])


def test_settings_are_read_off_the_shapes(references):
    imported = convert_generator(example_state(references, "64_g"))
    widths = {"channel_base": 1024, "channel_max": WIDEST}
    assert imported.settings == {"type": "progan.Generator", **widths, "stem_norm": False}
    assert (imported.latent_dim, imported.num_classes, imported.image_shape) == (5, 0, (64, 64, 3))
    discriminator = convert_discriminator(example_state(references, "64_d")).settings
    assert discriminator == {"type": "progan.Discriminator", **widths, "rectified": "before"}


def test_what_does_not_fit_is_listed_and_nothing_imported(references):
    of_g, of_d = example_state(references, "8_g"), example_state(references, "8_d")
    without = lambda state, name: {key: array for key, array in state.items() if key != name}
    with pytest.raises(
        ValueError, match="pro_gan_pytorch's generator: 1 entries differ.*layers.1.conv_1.bias is missing"
    ):
        convert_generator(without(of_g, "layers.1.conv_1.bias"))
    with pytest.raises(ValueError, match="discriminator: 1 entries differ.*layers.1.conv_3.bias is missing"):
        convert_discriminator(without(of_d, "layers.1.conv_3.bias"))
    with pytest.raises(ValueError, match=r"layers.0.conv_1.weight is \(5, 16, 3, 3\), not \(5, 16, 4, 4\)"):
        convert_generator(of_g | {"layers.0.conv_1.weight": np.zeros((5, 16, 3, 3), np.float32)})
    with pytest.raises(ValueError, match="extra is not known"):
        convert_generator(of_g | {"extra": np.zeros(1)})
    with pytest.raises(ValueError, match="layers.0.conv_1.weight|rgb_converters.0.weight is missing"):
        convert_generator(of_d)
    with pytest.raises(ValueError, match="adds a projection of classes to a rectified score; ours does not"):
        convert_discriminator(of_d | {"layers.1.label_embedder.weight": np.zeros((2, 16), np.float32)})
