"""R3GAN's own networks with the same weights, here and there: small widths, with and without classes."""

import sys
import types

import numpy as np
import pytest

from gan_jax.architectures import r3gan
from gan_jax.foreign.r3gan_official import convert_discriminator, convert_generator

FILTER = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64
WIDTHS, GROUPS, BLOCKS = [24, 24, 16], [12, 12, 8], 2  # groups of 4
CLASSES = {"plain": 0, "classes": 2}


def state_of(references, shapes):
    state = references.seeded(shapes)
    return {name: FILTER.astype(np.float32) if name.endswith("Kernel") else array for name, array in state.items()}


def computed(references, state):
    of_g = any(name.endswith("AggregationLayer.Layer.weight") for name in state)
    imported = (convert_generator if of_g else convert_discriminator)(state)
    settings = {key: value for key, value in imported.settings.items() if key != "type"}
    made = r3gan.Generator if of_g else r3gan.Discriminator
    module = made(imported.image_shape, num_classes=imported.num_classes, **settings)
    x, label = references.inputs((imported.latent_dim,) if of_g else imported.image_shape, imported.num_classes)
    out = references.run(module, imported.variables, x, label, False)[0]
    return np.asarray(out if of_g else out.logits)


def networks(networks, classes):
    import torch

    made = {}
    for player in "gd":
        more = {"ConditionDimension": classes} if classes else {}
        order = slice(None, None, 1 if player == "g" else -1)
        common = {
            "WidthPerStage": WIDTHS[order],
            "CardinalityPerStage": GROUPS[order],
            "BlocksPerStage": [BLOCKS] * 3,
            "ExpansionFactor": 2,
        }
        if player == "g":
            net = networks.Generator(5, **common, **more, **({"ConditionEmbeddingDimension": 3} if classes else {}))
        else:
            net = networks.Discriminator(
                **common, **more, **({"ConditionEmbeddingDimension": WIDTHS[0]} if classes else {})
            )
        made[player] = torch.nn.ModuleDict({"Model": net})
    return made


def theirs(net, references, classes):
    import torch

    of_g = hasattr(net, "AggregationLayer")
    side = 4 << (len(WIDTHS) - 1)
    x, label = references.inputs((5,) if of_g else (side, side, 3), classes)
    one_hot = torch.nn.functional.one_hot(torch.from_numpy(label), classes).float() if classes else None
    x = x if of_g else np.moveaxis(x, -1, 1).copy()
    with torch.no_grad():
        out = net(torch.from_numpy(x), one_hot).numpy()
    return out.transpose(0, 2, 3, 1) if of_g else out


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore")
def test_small_networks_agree_and_are_kept(references, peer, monkeypatch):
    """With the layers that its authors wrote for reference, so that nothing of the CUDA extensions is loaded."""
    import torch

    for name in ("torch_utils", "torch_utils.ops"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    sys.modules["torch_utils.ops"].upfirdn2d = sys.modules["torch_utils.ops"].bias_act = None
    module, cases = peer("R3GAN", "R3GAN.Networks"), {}
    resamplers = sys.modules["R3GAN.Resamplers"]
    monkeypatch.setattr(module, "InterpolativeUpsampler", resamplers.InterpolativeUpsamplerReference)
    monkeypatch.setattr(module, "InterpolativeDownsampler", resamplers.InterpolativeDownsamplerReference)
    monkeypatch.setattr(module, "BiasedActivation", sys.modules["R3GAN.FusedOperators"].BiasedActivationReference)
    for case, classes in CLASSES.items():
        for player, net in networks(module, classes).items():
            shapes = {name: list(tensor.shape) for name, tensor in net.state_dict().items()}
            state = state_of(references, shapes)
            net.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})
            expected = theirs(net["Model"], references, classes)
            error = references.error(computed(references, state), expected)
            print(case, player, f"{error:.0e}")
            assert error < 1e-4
            out = references.thinned(expected) if player == "g" else expected
            cases[f"{case}_{player}"] = (shapes, {"out": out})
    references.settle("r3gan_official", cases)


@pytest.mark.parametrize(("case", "player"), [("classes", "g"), ("classes", "d"), ("plain", "d")])
def test_small_networks_give_the_golden_outputs(references, case, player):
    shapes, expected = references.golden("r3gan_official", f"{case}_{player}")
    out = computed(references, state_of(references, shapes))
    assert references.error(references.thinned(out) if player == "g" else out, expected["out"]) < 1e-4


def example_state(references, case):
    return state_of(references, references.golden("r3gan_official", case)[0])


def test_settings_are_read_off_the_shapes(references):
    imported = convert_generator(example_state(references, "classes_g"))
    common = {"widths": (24, 24, 16), "blocks": 2, "group_width": 4, "expansion": 2}
    assert imported.settings == {"type": "r3gan.Generator", **common, "embedding": 3}
    assert (imported.latent_dim, imported.num_classes, imported.image_shape) == (5, 2, (16, 16, 3))
    bare = {
        name.removeprefix("Model."): array for name, array in example_state(references, "plain_d").items()
    }  # without the wrapper that its training script puts around
    assert convert_discriminator(bare).settings == {"type": "r3gan.Discriminator", **common}


def test_what_does_not_fit_is_listed_and_nothing_imported(references):
    of_g, of_d = example_state(references, "classes_g"), example_state(references, "classes_d")
    without = lambda state, name: {key: array for key, array in state.items() if key != f"Model.{name}"}
    for name in ("MainLayers.1.Layers.2.NonLinearity2.Bias", "AggregationLayer.Layer.weight"):
        with pytest.raises(ValueError, match=f"R3GAN's generator: 1 entries differ.*{name} is missing"):
            convert_generator(without(of_g, name))
    for name in ("MainLayers.2.Layers.2.Basis.weight", "MainLayers.0.Layers.2.LinearLayer.Layer.weight"):
        with pytest.raises(ValueError, match=f"R3GAN's discriminator: 1 entries differ.*{name} is missing"):
            convert_discriminator(without(of_d, name))
    basis = "Model.MainLayers.0.Layers.0.Basis"
    with pytest.raises(ValueError, match=r"Layers.0.Basis is \(24, 8, 8\), not \(24, 4, 4\)"):
        convert_generator(of_g | {basis: np.zeros((24, 8, 8), np.float32)})
    with pytest.raises(ValueError, match="extra is not known"):
        convert_generator(of_g | {"extra": np.zeros(1)})
    with pytest.raises(ValueError, match="ExtractionLayer.Layer.weight is missing"):
        convert_discriminator(of_g)
    other = {"Model.MainLayers.1.Layers.0.Resampler.Kernel": np.full((4, 4), 1 / 16, np.float32)}
    with pytest.raises(ValueError, match=r"Resampler.Kernel is not the filter \[1, 3, 3, 1\]"):
        convert_generator(of_g | other)
    fewer = {key: array for key, array in of_g.items() if "MainLayers.2.Layers.2." not in key}
    with pytest.raises(ValueError, match=r"the stages have \[2, 2, 1\] blocks, and ours have as many each"):
        convert_generator(fewer)
