"""stylegan2-pytorch's networks with the same weights, here and there; its widths divided by 16."""

import importlib

import numpy as np
import pytest

from gan_jax.foreign.stylegan2_pytorch import convert_discriminator, convert_generator

CASES = {"16": (16, 2), "64": (64, 1)}  # size, channel_multiplier
CLASSES = ("ConstantInput", "ModulatedConv2d", "EqualConv2d", "FusedLeakyReLU")
FILTER = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64


def state_of(references, shapes):
    filters = {"blur.kernel": 4 * FILTER, "upsample.kernel": 4 * FILTER, ".0.kernel": FILTER}
    return references.unit(shapes, {**filters, "style.": 100.0})


def as_module(imported):
    settings = dict(imported.settings)
    module, _, name = settings.pop("type").rpartition(".")
    return getattr(importlib.import_module(f"gan_jax.architectures.{module}"), name)(imported.image_shape, **settings)


def computed(references, state, size):
    if "conv1.conv.weight" in state:
        imported = convert_generator(state)
        x, _ = references.inputs((imported.latent_dim,), 0)
        assert imported.image_shape == (size, size, 3)
        return np.asarray(references.synthesized(as_module(imported), imported.variables, x))
    imported = convert_discriminator(state)
    x, _ = references.inputs((size, size, 3), 0)
    return np.asarray(references.run(as_module(imported), imported.variables, x, None, False)[0].logits)


def theirs(net, references, size):
    import torch

    with torch.no_grad():
        if not hasattr(net, "to_rgb1"):
            x, _ = references.inputs((size, size, 3), 0)
            return net(torch.from_numpy(np.moveaxis(x, -1, 1).copy()))[:, 0].numpy()
        x, _ = references.inputs((net.style_dim,), 0)
        sides = [4 << (i + 1) // 2 for i in range(net.num_layers)]
        noise = [torch.from_numpy(references.noise(side)).permute(0, 3, 1, 2) for side in sides]
        return net([torch.from_numpy(x)], noise=noise)[0].numpy().transpose(0, 2, 3, 1)


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore")
def test_small_networks_agree_and_are_kept(references, peer):
    import torch

    model = peer("stylegan2-pytorch", "model", *CLASSES)
    whole, cases = model.EqualLinear, {}
    for case, (size, multiplier) in CASES.items():
        made = {"g": model.Generator(size, 6, 2, multiplier)}
        with pytest.MonkeyPatch.context() as patch:  # of the discriminator's alone: styles have few numbers
            patch.setattr(model, "EqualLinear", lambda i, o, **kw: whole(i // 16, o // 16 + o % 16, **kw))
            made["d"] = model.Discriminator(size, multiplier)
        made["d"].final_linear[1] = whole(32, 1)
        for player, net in made.items():
            shapes = {name: list(tensor.shape) for name, tensor in net.state_dict().items()}
            state = state_of(references, shapes)
            net.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})
            expected = theirs(net, references, size)
            error = references.error(computed(references, state, size), expected)
            print(case, player, f"{error:.0e}")
            assert error < 1e-4
            cases[f"{case}_{player}"] = (shapes, {"out": references.thinned(expected) if player == "g" else expected})
    references.settle("stylegan2_pytorch", cases)


@pytest.mark.parametrize("player", "gd")
def test_small_networks_give_the_golden_outputs(references, player, case="64"):
    shapes, expected = references.golden("stylegan2_pytorch", f"{case}_{player}")
    out = computed(references, state_of(references, shapes), CASES[case][0])
    assert references.error(references.thinned(out) if player == "g" else out, expected["out"]) < 1e-4


def example_state(references, case):
    return state_of(references, references.golden("stylegan2_pytorch", case)[0])


def test_settings_are_read_off_the_shapes(references):
    imported = convert_generator(example_state(references, "64_g"))
    widths = {"channel_base": 1024, "channel_max": 32}
    mapping = {"w_dim": 6, "mapping_layers": 2, "mapping_rate": 0.01}
    assert imported.settings == {"type": "stylegan2.Generator", **widths, **mapping}
    assert (imported.latent_dim, imported.num_classes, imported.image_shape) == (6, 0, (64, 64, 3))
    discriminator = convert_discriminator(example_state(references, "64_d"))
    assert discriminator.settings == {"type": "stylegan2.Discriminator", **widths}


def test_average_of_w_is_that_of_many_latents(references):
    state = example_state(references, "16_g")
    x = np.random.default_rng(0).normal(size=(20_000, 6))
    x /= np.sqrt(np.mean(x**2, 1, keepdims=True) + 1e-8)
    for i in (1, 2):
        y = 0.01 * (x @ state[f"style.{i}.weight"].T / 6**0.5 + state[f"style.{i}.bias"])
        x = 2**0.5 * np.where(y > 0, y, 0.2 * y)
    average = convert_generator(state).variables["averages"]["w"]
    np.testing.assert_allclose(average, x.mean(0), atol=0.05 * x.std())


def test_what_does_not_fit_is_listed_and_nothing_imported(references):
    state, of_d = example_state(references, "16_g"), example_state(references, "16_d")
    without = lambda state, name: {key: array for key, array in state.items() if key != name}
    for name in ("convs.1.noise.weight", "to_rgbs.1.bias", "noises.noise_4", "convs.2.conv.blur.kernel"):
        with pytest.raises(ValueError, match=f"stylegan2-pytorch's generator: 1 entries differ.*{name} is missing"):
            convert_generator(without(state, name))
    for name in ("convs.1.skip.1.weight", "final_linear.1.bias", "convs.2.conv2.0.kernel"):
        with pytest.raises(ValueError, match=f"discriminator: 1 entries differ.*{name} is missing"):
            convert_discriminator(without(of_d, name))
    with pytest.raises(ValueError, match=r"conv1.activate.bias is \(7,\), not \(32,\)"):
        convert_generator(state | {"conv1.activate.bias": np.zeros(7, np.float32)})
    with pytest.raises(ValueError, match="extra is not known"):
        convert_generator(state | {"extra": np.zeros(1)})
    with pytest.raises(ValueError, match="conv1.conv.modulation.weight is missing"):
        convert_generator(of_d)
    with pytest.raises(ValueError, match="convs.0.0.weight is missing"):
        convert_discriminator(state)


def test_networks_that_ours_are_not_are_refused(references):
    state = example_state(references, "16_g")
    flat = {"to_rgbs.0.upsample.kernel": np.full((4, 4), 0.25, np.float32)}
    with pytest.raises(ValueError, match=r"to_rgbs.0.upsample.kernel is not the filter \[1, 3, 3, 1\]"):
        convert_generator(state | flat)
    narrow = example_state(references, "64_g")
    odd = narrow["convs.2.conv.weight"][:, :9]
    with pytest.raises(ValueError, match=r"widths of the levels are \[32, 32, 9, 32, 16\].*channel_base / size"):
        convert_generator(narrow | {"convs.2.conv.weight": odd})
