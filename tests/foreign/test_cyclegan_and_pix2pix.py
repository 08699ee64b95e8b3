"""pytorch-CycleGAN-and-pix2pix's networks, by the names that its files have; with PyTorch, the same outputs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.architectures import patchgan, resnet_translator, unet
from gan_jax.foreign.cyclegan_and_pix2pix import convert_discriminator, convert_generator
from gan_jax.setup.config_files import load_config
from gan_jax.verbs.import_weights import import_weights
from gan_jax.verbs.translate import of_run, translate

FAMILIES = {
    "unet": unet.Generator,
    "resnet_translator": resnet_translator.Generator,
    "patchgan": patchgan.Discriminator,
}


def layer(name, shape, bias):
    return {f"{name}.weight": shape, **({f"{name}.bias": bias} if bias else {})}


def norm(name, channels, kind):
    if kind == "instance":
        return {}
    moments = {f"{name}.{part}": (channels,) for part in ("weight", "bias", "running_mean", "running_var")}
    return {**moments, f"{name}.num_batches_tracked": ()}


def unet_shapes(width=2, depth=4, kind="batch", inputs=3, outputs=1):
    """Blocks around blocks: a convolution, what is inside, a transposed convolution."""
    widths = [width * min(2**i, 8) for i in range(depth)]
    shapes, prefix = {}, "model.model."
    biased = lambda channels: (channels,) if kind == "instance" else None
    for i, channels in enumerate(widths):
        outer, innermost = (widths[i - 1] if i else inputs), i == depth - 1
        down, up = (0, 3) if i == 0 else (1, 3 if innermost else 5)
        out = outer if i else outputs
        shapes |= layer(f"{prefix}{down}", (channels, outer, 4, 4), biased(channels))
        shapes |= layer(f"{prefix}{up}", (channels * (2 - innermost), out, 4, 4), biased(out) if i else (out,))
        if 0 < i < depth - 1:
            shapes |= norm(f"{prefix}2", channels, kind)
        if i:
            shapes |= norm(f"{prefix}{up + 1}", out, kind)
        prefix += "1.model." if i == 0 else "3.model."
    return shapes


def resnet_shapes(width=2, blocks=2, kind="instance", dropout=False):
    biased = lambda channels: (channels,) if kind == "instance" else None
    plain = lambda name, out, inputs, k: layer(name, (out, inputs, k, k), biased(out)) | norm(_next(name), out, kind)
    shapes = (
        plain("model.1", width, 3, 7)
        | plain("model.4", 2 * width, width, 3)
        | plain("model.7", 4 * width, 2 * width, 3)
    )
    for i in range(blocks):
        for place in (1, 6 if dropout else 5):
            shapes |= plain(f"model.{10 + i}.conv_block.{place}", 4 * width, 4 * width, 3)
    for i, channels in enumerate((2 * width, width)):
        name = f"model.{10 + blocks + 3 * i}"
        shapes |= layer(name, (2 * channels, channels, 3, 3), biased(channels)) | norm(_next(name), channels, kind)
    return shapes | layer(f"model.{17 + blocks}", (3, width, 7, 7), (3,))


def _next(name):
    before, _, number = name.rpartition(".")
    return f"{before}.{int(number) + 1}"


def patch_shapes(width=2, layers=2, kind="batch", inputs=6):
    shapes, before = layer("model.0", (width, inputs, 4, 4), (width,)), width
    for i in range(1, layers + 1):
        channels = width * min(2**i, 8)
        bias = (channels,) if kind == "instance" else None
        shapes |= layer(f"model.{3 * i - 1}", (channels, before, 4, 4), bias) | norm(f"model.{3 * i}", channels, kind)
        before = channels
    return shapes | layer(f"model.{3 * layers + 2}", (1, before, 4, 4), (1,))


CASES = {
    "unet": (unet_shapes(), {"width": 2, "halvings": 4, "channels": 1, "norm": "batch"}),
    "unet_instance": (unet_shapes(kind="instance"), {"width": 2, "halvings": 4, "channels": 1, "norm": "instance"}),
    "resnet": (resnet_shapes(), {"width": 2, "blocks": 2, "channels": 3, "norm": "instance"}),
    "resnet_dropout": (
        resnet_shapes(kind="batch", dropout=True),
        {"width": 2, "blocks": 2, "channels": 3, "norm": "batch", "dropout": 0.5},
    ),
    "patches": (patch_shapes(), {"width": 2, "layers": 2, "norm": "batch"}),
    "patches_instance": (
        patch_shapes(layers=1, kind="instance", inputs=3),
        {"width": 2, "layers": 1, "norm": "instance"},
    ),
}


def converted(references, case):
    state = references.seeded(CASES[case][0])
    return state, (convert_discriminator if "patches" in case else convert_generator)(state, size=16)


@pytest.mark.parametrize("case", CASES)
def test_settings_are_read_off_the_shapes_and_every_number_has_its_place(case, references):
    state, imported = converted(references, case)
    family = imported.settings["type"].partition(".")[0]
    assert {key: value for key, value in imported.settings.items() if key != "type"} == CASES[case][1]
    assert imported.image_shape[:2] == (16, 16)
    settings = {key: value for key, value in imported.settings.items() if key != "type"}
    module = FAMILIES[family](imported.image_shape, **settings)
    made = jax.eval_shape(lambda: module.init(jax.random.key(0), jnp.zeros((1, *imported.image_shape))))
    shapes = lambda tree: jax.tree.map(lambda leaf: leaf.shape, tree)
    assert shapes(dict(imported.variables)) == shapes({name: made[name] for name in made if name != "taps"})
    kept = {name: array for name, array in state.items() if not name.endswith("num_batches_tracked")}
    numbers = lambda arrays: np.sort(np.concatenate([np.ravel(each) for each in arrays]))
    np.testing.assert_array_equal(numbers(jax.tree.leaves(imported.variables)), numbers(kept.values()))


@pytest.mark.parity
@pytest.mark.parametrize("case", CASES)
def test_outputs_agree_with_the_layers_in_that_order(case, references):
    """The files' layers one after the other, by PyTorch, as their numbers say."""
    torch = pytest.importorskip("torch")
    from torch.nn import functional as f

    state, imported = converted(references, case)
    t = {name: torch.tensor(array, dtype=torch.float64) for name, array in state.items()}
    x, _ = references.inputs(imported.image_shape, 0)

    def conv(name, x, **options):
        return f.conv2d(x, t[f"{name}.weight"], t.get(f"{name}.bias"), **options)

    def deconv(name, x, **options):
        return f.conv_transpose2d(x, t[f"{name}.weight"], t.get(f"{name}.bias"), 2, 1, **options)

    def normed(name, x):
        if f"{name}.running_mean" not in t:
            return f.instance_norm(x, eps=1e-5)
        of = lambda part: t[f"{name}.{part}"]
        return f.batch_norm(x, of("running_mean"), of("running_var"), of("weight"), of("bias"), eps=1e-5)

    def block(prefix, x, depth):
        """Of a U-Net, from the second on, with its skip."""
        y = conv(f"{prefix}1", f.leaky_relu(x, 0.2), stride=2, padding=1)
        if depth == 1:
            y = normed(f"{prefix}4", deconv(f"{prefix}3", f.relu(y)))
        else:
            y = block(f"{prefix}3.model.", normed(f"{prefix}2", y), depth - 1)
            y = normed(f"{prefix}6", deconv(f"{prefix}5", f.relu(y)))
        return torch.cat([x, y], 1)

    given = torch.tensor(np.moveaxis(x, -1, 1), dtype=torch.float64)
    if "unet" in case:
        y = block("model.model.1.model.", conv("model.model.0", given, stride=2, padding=1), 3)
        y = torch.tanh(deconv("model.model.3", f.relu(y)))
    elif "resnet" in case:
        mirrored = lambda x, n: f.pad(x, (n,) * 4, mode="reflect")
        y = f.relu(normed("model.2", conv("model.1", mirrored(given, 3))))
        for i in (4, 7):
            y = f.relu(normed(f"model.{i + 1}", conv(f"model.{i}", y, stride=2, padding=1)))
        second = 6 if "dropout" in case else 5
        for i in (10, 11):
            inner = f"model.{i}.conv_block"
            z = f.relu(normed(f"{inner}.2", conv(f"{inner}.1", mirrored(y, 1))))
            y = y + normed(f"{inner}.{second + 1}", conv(f"{inner}.{second}", mirrored(z, 1)))
        for i in (12, 15):
            y = f.relu(normed(f"model.{i + 1}", deconv(f"model.{i}", y, output_padding=1)))
        y = torch.tanh(conv("model.19", mirrored(y, 3)))
    else:
        y = f.leaky_relu(conv("model.0", given, stride=2, padding=1), 0.2)
        for i in range(1, CASES[case][1]["layers"] + 1):
            stride = 1 if i == CASES[case][1]["layers"] else 2
            y = f.leaky_relu(normed(f"model.{3 * i}", conv(f"model.{3 * i - 1}", y, stride=stride, padding=1)), 0.2)
        y = conv(f"model.{3 * i + 2}", y, padding=1)
    settings = {key: value for key, value in imported.settings.items() if key != "type"}
    module = FAMILIES[imported.settings["type"].partition(".")[0]](imported.image_shape, **settings)
    out = jax.jit(lambda v, x: module.apply(v, x))(imported.variables, x)
    wanted = np.moveaxis(y.numpy(), 1, -1)
    assert references.error(out if "patches" not in case else out.logits[..., None], wanted) < 1e-4


def test_what_does_not_fit_is_listed(references):
    of_g, _ = converted(references, "unet")
    with pytest.raises(ValueError, match=r"U-Net: 1 entries differ.*model.model.1.model.2.bias is missing"):
        convert_generator({name: array for name, array in of_g.items() if name != "model.model.1.model.2.bias"}, 16)
    with pytest.raises(ValueError, match="ResNet: 1 entries differ.*model.1.weight is missing"):
        convert_generator(converted(references, "patches")[0], 16)
    with pytest.raises(ValueError, match="16 can be halved 4 times"):
        convert_generator(references.seeded(unet_shapes(depth=5)), 16)
    old = converted(references, "resnet")[0] | {"model.2.running_mean": np.zeros(2, np.float32)}
    assert convert_generator(old, 16).settings["norm"] == "instance"  # older files have moments that nobody uses


def test_a_model_of_theirs_translates_here(references, tmp_path):
    for name, shapes in (("G", resnet_shapes()), ("D", patch_shapes())):
        np.savez(tmp_path / f"{name}.npz", **references.seeded(shapes))
    config = load_config("configs/pix2pix_maps.py")
    config.data.shape, config.data.oversize = (32, 32, 3), 1.0
    files = {"generator": tmp_path / "G.npz", "discriminator": tmp_path / "D.npz"}
    fitted = import_weights("cyclegan_and_pix2pix", config, tmp_path / "run", **files)
    assert fitted["generator"]["type"] == "resnet_translator.Generator" and "latents" not in fitted
    translate(of_run(tmp_path / "run"), tmp_path / "out", shown=2)
    assert len(list((tmp_path / "out").glob("*.png"))) == 240
