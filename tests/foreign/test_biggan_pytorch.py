"""BigGAN-PyTorch's networks with the same weights, here and there: BigGAN and BigGAN-deep, conditional."""

import contextlib
import importlib
import io

import numpy as np
import pytest

from gan_jax.foreign.biggan_pytorch import convert_discriminator, convert_generator

# ch, latents and BigGAN-PyTorch's options; "per class" is its CIFAR-10 script's, without shared embedding.
OPTIONS = {
    "biggan32": {"resolution": 32, "dim_z": 8, "hier": True, "G_shared": True, "shared_dim": 5},
    "biggan32_per_class": {"resolution": 32, "dim_z": 6},
    "biggan32_shared": {"resolution": 32, "dim_z": 6, "G_shared": True, "shared_dim": 5, "G_attn": "16"},
    "biggan64": {"resolution": 64, "dim_z": 10, "hier": True, "G_shared": True, "shared_dim": 5},
    "biggan128": {"resolution": 128, "dim_z": 12, "hier": True, "G_shared": True, "shared_dim": 5},
    "deep64": {"resolution": 64, "dim_z": 6, "hier": True, "G_shared": True, "shared_dim": 5},
    "deep128": {"resolution": 128, "dim_z": 6, "hier": True, "G_shared": True, "shared_dim": 5},
}
FULL = {  # resolution: ch, latents
    "biggan32": (64, 128),
    "biggan32_per_class": (64, 128),
    "biggan64": (96, 100),
    "biggan128": (96, 120),
    "deep128": (128, 128),
}
SMALL = {32: 2, 64: 4, 128: 8}  # ch


def networks(biggan_pytorch, case, ch, **more):
    options = {"hier": False, "G_shared": False, "G_attn": "64"} | OPTIONS[case] | more
    module = biggan_pytorch["deep" in case]
    options |= {"n_classes": 2, "G_ch": ch, "D_ch": ch, "D_attn": "8" if case == "biggan32_shared" else "64"}
    with contextlib.redirect_stdout(io.StringIO()):
        return module.Generator(**options, no_optim=True), module.Discriminator(**options)


def as_module(imported):
    settings = dict(imported.settings)
    module, _, name = settings.pop("type").rpartition(".")
    made = getattr(importlib.import_module(f"gan_jax.architectures.{module}"), name)
    return made(imported.image_shape, num_classes=imported.num_classes, **settings)


def computed(references, state, side, train):
    """What our networks compute with a state dict, under the names of the golden files."""
    if "output_layer.2.weight" in state:
        imported = convert_generator(state)
        x, label = references.inputs((imported.latent_dim,), imported.num_classes)
        images, moved = references.run(as_module(imported), imported.variables, x, label, train)
        assert imported.image_shape == (side, side, 3)
        out = {"images": np.asarray(images)}
        if train:
            moments = moved["batch_stats"]["block1_norm2"]["norm"]
            out |= {name: np.asarray(moments[name]) for name in ("mean", "variance")}
        return out
    imported = convert_discriminator(state)
    x, label = references.inputs((side, side, 3), imported.num_classes)
    return {"logits": np.asarray(references.run(as_module(imported), imported.variables, x, label, False)[0].logits)}


def theirs(net, references, train):
    import torch

    generates, side = hasattr(net, "shared"), net.resolution
    x, label = references.inputs((net.dim_z,) if generates else (side, side, 3), 2)
    label = torch.from_numpy(label)
    net.train(train)
    with torch.no_grad():
        if not generates:
            return {"logits": net(torch.from_numpy(np.moveaxis(x, -1, 1).copy()), label)[:, 0].numpy()}
        out = {"images": net(torch.from_numpy(x), net.shared(label)).numpy().transpose(0, 2, 3, 1)}
    if train:
        norm = net.blocks[1][0].bn2
        out |= {"mean": norm.stored_mean.numpy().copy(), "variance": norm.stored_var.numpy().copy()}
    return out


def load(net, state):
    import torch

    net.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})


def golden_mode(case, player):
    """Of the two modes the one that the golden file holds: each is a compilation."""
    return "train" if player == "g" and case in ("biggan32", "biggan32_shared", "biggan64") else "eval"


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore")
def test_small_networks_agree_and_are_kept(references, biggan_pytorch):
    cases = {}
    for case, options in OPTIONS.items():
        for player, net in zip("gd", networks(biggan_pytorch, case, SMALL[options["resolution"]]), strict=True):
            shapes = {name: list(tensor.shape) for name, tensor in net.state_dict().items()}
            state, outputs = references.seeded(shapes, steps=3), {}
            for train in (False, True) if player == "g" else (False,):
                load(net, state)
                expected = theirs(net, references, train)
                ours = computed(references, state, options["resolution"], train)
                for name in ours:
                    error = references.error(ours[name], expected[name])
                    print(case, player, train, name, f"{error:.0e}")
                    assert error < 1e-4, (case, player, train, name)
                if ("train" if train else "eval") == golden_mode(case, player):
                    outputs = expected | {k: references.thinned(v) for k, v in expected.items() if k == "images"}
            cases[f"{case}_{player}"] = (shapes, outputs)
    references.settle("biggan_pytorch", cases)


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", FULL)
def test_networks_of_full_width_agree(references, biggan_pytorch, case):
    """Orthogonal weights, vectors of power iteration that have not converged, and gains of attention that are not 0."""
    ch, latents = FULL[case]
    more = {"shared_dim": 128} if OPTIONS[case].get("G_shared") else {}
    errors = {}
    for player, net in zip("GD", networks(biggan_pytorch, case, ch, dim_z=latents, **more), strict=True):
        import torch

        for name, parameter in net.named_parameters():
            if name.endswith("gamma"):
                torch.nn.init.constant_(parameter, 0.7)
        arrays = lambda net=net: {name: tensor.numpy().copy() for name, tensor in net.state_dict().items()}
        for train in (True, False) if player == "G" else (False,):
            before = arrays()
            expected = theirs(net, references, train)
            ours = computed(references, before, net.resolution, train)
            for name in ours:
                mode = "train" if train else "eval"
                errors[f"{player} {mode} {name}"] = references.error(ours[name], expected[name])
    print(case, {name: f"{error:.0e}" for name, error in errors.items()})
    assert max(errors.values()) < 1e-4


@pytest.mark.parametrize("case", OPTIONS)
@pytest.mark.parametrize("player", "gd")
def test_small_networks_give_the_golden_outputs(references, case, player):
    """In evaluation, or a generator in training, with the statistics that it leaves behind."""
    shapes, expected = references.golden("biggan_pytorch", f"{case}_{player}")
    train = golden_mode(case, player) == "train"
    outputs = computed(references, references.seeded(shapes, steps=3), OPTIONS[case]["resolution"], train)
    for name, value in outputs.items():
        assert references.error(references.thinned(value) if name == "images" else value, expected[name]) < 1e-4


def example_state(references, case):
    return references.seeded(references.golden("biggan_pytorch", case)[0], steps=3)


def test_settings_are_read_off_the_shapes(references):
    imported = convert_generator(example_state(references, "biggan128_g"), epsilon=1e-4)
    assert imported.settings == {
        "type": "biggan.Generator",
        "ch": 8,
        "attention": 64,
        "embedding_dim": 5,
        "epsilon": 1e-4,
        "hierarchical": True,
    }
    assert (imported.latent_dim, imported.num_classes, imported.image_shape) == (12, 2, (128, 128, 3))
    per_class = convert_generator(example_state(references, "biggan32_per_class_g")).settings
    assert (per_class["hierarchical"], per_class["embedding_dim"], per_class["attention"]) == (False, 0, 0)
    deep = convert_discriminator(example_state(references, "deep128_d"))
    assert deep.settings == {"type": "biggan_deep.Discriminator", "ch": 8, "attention": 64}


def test_a_discriminator_of_32_pixels_may_attend_after_every_block(references):
    """Their table has all four blocks at 16 pixels, so that D_attn=16 puts attention behind each."""
    shapes = dict(references.golden("biggan_pytorch", "biggan32_d")[0])
    plain = references.seeded(shapes, steps=3)
    for i in range(4):
        for part, (outputs, inputs) in {"theta": (1, 8), "phi": (1, 8), "g": (4, 8), "o": (8, 4)}.items():
            at = f"blocks.{i}.1.{part}"
            shapes |= {f"{at}.weight": (outputs, inputs, 1, 1), f"{at}.u0": (1, outputs), f"{at}.sv0": (1,)}
        shapes[f"blocks.{i}.1.gamma"] = ()
    state = references.seeded(shapes, steps=3)
    imported = convert_discriminator(state)
    assert imported.settings["attention"] == 0 and imported.settings["attention_blocks"] == (0, 1, 2, 3)
    for i in range(4):
        ours = imported.variables["params"][f"block{i}_attention"]
        theirs = state[f"blocks.{i}.1.theta.weight"]
        np.testing.assert_array_equal(ours["theta"]["kernel"], theirs.transpose(2, 3, 1, 0))
        assert ours["gain"] == state[f"blocks.{i}.1.gamma"]
    logits = lambda state: computed(references, state, 32, False)
    silent = state | {f"blocks.{i}.1.gamma": np.zeros((), np.float32) for i in range(4)}
    for name, value in logits(plain).items():  # without a gain attention adds nothing
        np.testing.assert_allclose(logits(silent)[name], value, rtol=1e-5, atol=1e-5)
    assert any(np.abs(logits(state)[name] - value).max() > 1e-3 for name, value in logits(plain).items())
    with pytest.raises(ValueError, match="blocks.2.1.gamma is missing"):
        convert_discriminator({name: array for name, array in state.items() if name != "blocks.2.1.gamma"})


def test_what_does_not_fit_is_listed_and_nothing_imported(references):
    state = example_state(references, "biggan32_g")
    for name in ("linear.u0", "blocks.1.0.bn2.stored_var", "shared.weight", "blocks.2.0.conv_sc.bias"):
        with pytest.raises(ValueError, match="not the weights of BigGAN-PyTorch's generator.*differ"):
            convert_generator({key: array for key, array in state.items() if key != name})
    with pytest.raises(ValueError, match="blocks.1.1.theta.u0 is missing; blocks.1.1.phi.weight is missing"):
        convert_generator(state | {"blocks.1.1.theta.weight": np.zeros((1, 8, 1, 1), np.float32)})
    with pytest.raises(ValueError, match=r"output_layer.2.bias is \(4,\), not \(3,\)"):
        convert_generator(state | {"output_layer.2.bias": np.zeros(4, np.float32)})
    with pytest.raises(ValueError, match="generator: .*blocks.0.0.conv1.weight is missing"):
        convert_generator({"weight": np.zeros(3)})
    with pytest.raises(ValueError, match="discriminator: .*blocks.0.0.conv2.weight is missing"):
        convert_discriminator({"weight": np.zeros(3)})
