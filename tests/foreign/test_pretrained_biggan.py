"""pytorch-pretrained-biggan's BigGAN-deep with the same weights, here and there."""

import json
import sys
import types

import numpy as np
import pytest

from gan_jax.architectures import biggan_deep
from gan_jax.foreign.pretrained_biggan import convert_generator

WIDTHS = {  # of its three configs: (doubles, width before, width after) of every block
    128: [(16, 16), (16, 8), (8, 4), (4, 2), (2, 1)],
    256: [(16, 16), (16, 8), (8, 8), (8, 4), (4, 2), (2, 1)],
    512: [(16, 16), (16, 8), (8, 8), (8, 4), (4, 2), (2, 1), (1, 1)],
}


def network(modules, size, ch, latents):
    """BigGAN of the package; its downloads are out of reach here."""
    import torch

    downloads = types.ModuleType("pytorch_pretrained_biggan.file_utils")
    downloads.cached_path = None
    sys.modules[downloads.__name__] = downloads
    config, model = modules("pytorch_pretrained_biggan", "config", "model")
    layers = [layer for i, o in WIDTHS[size] for layer in ((False, i, i), (True, i, o))]
    torch.manual_seed(0)
    more = {} if latents == 128 else {"class_embed_dim": latents, "z_dim": latents, "num_classes": 2, "n_stats": 6}
    made = config.BigGANConfig(output_dim=size, layers=layers, channel_width=ch, **more)
    return model.BigGAN(made).eval()


def as_module(imported):
    settings = {key: value for key, value in imported.settings.items() if key != "type"}
    return biggan_deep.Generator(imported.image_shape, num_classes=imported.num_classes, **settings)


def computed(references, state, truncation):
    imported = convert_generator(state, truncation)
    x, label = references.inputs((imported.latent_dim,), imported.num_classes)
    return np.asarray(references.run(as_module(imported), imported.variables, x, label, False)[0])


def theirs(net, references, truncation):
    import torch

    x, label = references.inputs((net.config.z_dim,), net.config.num_classes)
    one_hot = torch.nn.functional.one_hot(torch.from_numpy(label), net.config.num_classes).float()
    with torch.no_grad():
        return net(torch.from_numpy(x), one_hot, truncation).numpy().transpose(0, 2, 3, 1)


def load(net, state):
    import torch

    net.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore")
def test_small_networks_agree_and_are_kept(references, modules):
    cases = {}
    for size in (128, 256):
        net = network(modules, size, 8, 6)
        shapes = {name: list(tensor.shape) for name, tensor in net.state_dict().items()}
        state, outputs = references.seeded(shapes), {}
        load(net, state)
        for truncation in (0.4, 1.0):
            expected = theirs(net, references, truncation)
            error = references.error(computed(references, state, truncation), expected)
            print(size, truncation, f"{error:.0e}")
            assert error < 1e-4
            outputs[f"truncation{truncation}"] = references.thinned(expected)
        cases[str(size)] = (shapes, outputs)
    references.settle("pretrained_biggan", cases)


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("size, count", [(128, 50388609), (256, 55880833)])
def test_networks_of_full_width_agree(references, modules, size, count):
    net = network(modules, size, 128, 128)
    assert sum(p.numel() for p in net.parameters()) == count
    shapes = {name: list(tensor.shape) for name, tensor in net.state_dict().items()}
    state = references.seeded(shapes, steps=5)
    load(net, state)
    error = references.error(computed(references, state, 1.0), theirs(net, references, 1.0))
    print(size, f"{error:.0e}")
    assert error < 1e-4


@pytest.mark.parametrize("size, truncation", [(128, 0.4), (256, 1.0)])
def test_small_networks_give_the_golden_outputs(references, size, truncation):
    shapes, expected = references.golden("pretrained_biggan", str(size))
    images = computed(references, references.seeded(shapes), truncation)
    assert references.error(references.thinned(images), expected[f"truncation{truncation}"]) < 1e-4


def test_settings_are_read_off_the_shapes(references):
    imported = convert_generator(references.seeded(references.golden("pretrained_biggan", "256")[0]))
    assert imported.settings == {
        "type": "biggan_deep.Generator",
        "ch": 8,
        "attention": 64,
        "embedding_dim": 6,
        "output_width": 8,
        "epsilon": 1e-4,
    }
    assert (imported.latent_dim, imported.num_classes, imported.image_shape) == (6, 2, (256, 256, 3))
    json.dumps(imported.settings)


def test_what_does_not_fit_is_listed_and_nothing_imported(references):
    state = references.seeded(references.golden("pretrained_biggan", "128")[0])
    without = lambda name: {key: array for key, array in state.items() if key != name}
    for name in ("generator.layers.3.bn_2.running_vars", "generator.layers.8.gamma", "generator.conv_to_rgb.bias"):
        with pytest.raises(ValueError, match=f"biggan's generator: 1 entries differ.*{name} is missing"):
            convert_generator(without(name))
    for name in ("embeddings.weight", "generator.layers.0.conv_3.weight_orig", "generator.layers.8.gamma"):
        with pytest.raises(ValueError, match="missing"):
            convert_generator(without(name))
    with pytest.raises(ValueError, match="extra is not known"):
        convert_generator(state | {"extra": np.zeros(1)})
    with pytest.raises(ValueError, match="tabulated for truncations from 0.2 to 1 in steps of 0.2, not for 0.5"):
        convert_generator(state, truncation=0.5)
    with pytest.raises(ValueError, match="not for 0"):
        convert_generator(state, truncation=0.0)
