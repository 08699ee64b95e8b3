import math
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import traverse_util

from gan_jax.features.resnet import CifarResNet, ResNet50

GOLDEN = Path(__file__).parent / "golden" / "resnet.npz"
# Thin nets whose outputs under PyTorch lie in the golden file, and the side of their images.
THIN = {"cifar": (CifarResNet(3, depth=14, width=4), 9), "bottleneck": (ResNet50(3, blocks=(1, 2, 1), width=4), 33)}


def shapes(module, side):
    init = lambda: module.init(jax.random.key(0), jnp.zeros((2, side, side, 3)))
    return traverse_util.flatten_dict(jax.eval_shape(init), sep="/")


def numbers(module, side, seed=0):
    """Variables and images drawn by NumPy, the same everywhere."""
    rng, flat = np.random.default_rng(seed), {}
    for name, leaf in sorted(shapes(module, side).items()):
        kind = name.rsplit("/", 1)[1]
        if kind == "kernel":
            value = rng.normal(0, math.sqrt(2 / math.prod(leaf.shape[:-1])), leaf.shape)
        elif kind in ("scale", "variance"):
            value = rng.uniform(0.5, 1.5, leaf.shape)
        else:
            value = rng.normal(0, 0.2, leaf.shape)
        flat[name] = value.astype(np.float32)
    return flat, rng.uniform(-1, 1, (2, side, side, 3)).astype(np.float32)


def outputs(module, flat, images):
    logits, features = jax.jit(module.apply)(traverse_util.unflatten_dict(flat, sep="/"), images)
    return np.asarray(logits), np.asarray(features["pooled"])


@pytest.mark.parametrize(
    "module, side, count, features",
    [
        # stem 464; stages of 18 convolutions: 42,048, 162,432 and 647,424; the head 650
        (CifarResNet(10, 56), 32, 853_018, 64),
        (CifarResNet(10, 20), 32, 269_722, 64),
        (ResNet50(1000), 224, 25_557_032, 2048),  # torchvision's count
    ],
)
def test_parameters_are_those_of_the_paper(module, side, count, features):
    assert sum(leaf.size for name, leaf in shapes(module, side).items() if name.startswith("params")) == count
    output = lambda: module.init_with_output(jax.random.key(0), jnp.zeros((2, side, side, 3)))[0]
    logits, taps = jax.eval_shape(output)
    assert logits.shape == (2, module.num_classes) and taps["pooled"].shape == (2, features)
    assert logits.dtype == taps["pooled"].dtype == jnp.float32


def test_half_precision_leaves_outputs_and_parameters_in_float32():
    module = CifarResNet(3, 8, 4, dtype=jnp.bfloat16)
    (logits, taps), variables = jax.eval_shape(
        lambda: module.init_with_output(jax.random.key(0), jnp.zeros((2, 8, 8, 3)))
    )
    assert {leaf.dtype for leaf in jax.tree.leaves((logits, taps, variables))} == {jnp.dtype("float32")}


@pytest.mark.parametrize("depth", [2, 9, 51])
def test_a_depth_that_is_not_6n_plus_2_is_refused(depth):
    with pytest.raises(ValueError, match=f"6 n \\+ 2 .* not {depth}"):
        jax.eval_shape(CifarResNet(10, depth).init, jax.random.key(0), jnp.zeros((1, 8, 8, 3)))


def test_shortcuts_without_their_residuals_pick_every_second_pixel_and_add_zeros():
    module = CifarResNet(3, depth=8, width=4)
    flat, images = numbers(module, 9)
    silent = {
        name: np.zeros_like(value) if "conv2_norm" in name and name.startswith("params") else value
        for name, value in flat.items()
    }
    _, pooled = outputs(module, silent, images)
    kernel = flat["params/stem/kernel"]
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    stem = sum(padded[:, i : i + 9, j : j + 9] @ kernel[i, j] for i in range(3) for j in range(3))
    norm = lambda kind: flat[f"{'params' if kind in ('scale', 'bias') else 'batch_stats'}/stem_norm/{kind}"]
    along = lambda kind: norm(kind).reshape(1, 1, 1, -1)
    stem = (stem - along("mean")) / np.sqrt(along("variance") + 1e-5) * along("scale") + along("bias")
    expected = np.maximum(stem, 0)[:, ::4, ::4].mean((1, 2))  # two stages halve
    np.testing.assert_allclose(pooled[:, :4], expected, rtol=1e-5, atol=1e-6)
    assert not pooled[:, 4:].any()


@pytest.mark.parametrize("name", THIN)
def test_thin_nets_give_what_pytorch_gave(name):
    module, side = THIN[name]
    golden = np.load(GOLDEN)
    logits, pooled = outputs(module, *numbers(module, side))
    np.testing.assert_allclose(logits, golden[f"{name}_logits"], rtol=1e-4, atol=1e-4 * np.abs(logits).max())
    np.testing.assert_allclose(pooled, golden[f"{name}_pooled"], rtol=1e-4, atol=1e-4 * np.abs(pooled).max())


def in_torch(module, flat, images):
    """Both architectures once more, in PyTorch's functions: (logits, pooled)."""
    torch = pytest.importorskip("torch")
    F = torch.nn.functional
    weights = {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in flat.items()}

    def unit(name, x, stride=1):
        kernel = weights[f"params/{name}/kernel"].permute(3, 2, 0, 1)
        x = F.conv2d(x, kernel, stride=stride, padding=kernel.shape[-1] // 2)
        mean, variance = (weights[f"batch_stats/{name}_norm/{kind}"] for kind in ("mean", "variance"))
        return F.batch_norm(x, mean, variance, *(weights[f"params/{name}_norm/{kind}"] for kind in ("scale", "bias")))

    def block(name, x, stride):
        if isinstance(module, CifarResNet):
            h = unit(f"{name}_conv2", F.relu(unit(f"{name}_conv1", x, stride)))
            x = F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, 0, h.shape[1] - x.shape[1]))
        else:
            h = F.relu(unit(f"{name}_conv2", F.relu(unit(f"{name}_conv1", x)), stride))
            h = unit(f"{name}_conv3", h)
            x = unit(f"{name}_shortcut", x, stride) if f"params/{name}_shortcut/kernel" in weights else x
        return F.relu(h + x)

    small = isinstance(module, CifarResNet)
    x = F.relu(unit("stem", torch.from_numpy(images).permute(0, 3, 1, 2), 1 if small else 2))
    x = x if small else F.max_pool2d(x, 3, 2, 1)
    for stage, blocks in enumerate([(module.depth - 2) // 6] * 3 if small else module.blocks):
        for index in range(blocks):
            x = block(f"stage{stage}_block{index}", x, 2 if stage and not index else 1)
    pooled = x.mean((2, 3))
    return (pooled @ weights["params/logits/kernel"] + weights["params/logits/bias"]).numpy(), pooled.numpy()


def write_golden():
    """Makes the golden file anew; in this folder: python -c "import test_resnet; test_resnet.write_golden()"."""
    arrays = {}
    for name, (module, side) in THIN.items():
        arrays[f"{name}_logits"], arrays[f"{name}_pooled"] = in_torch(module, *numbers(module, side))
    np.savez_compressed(GOLDEN, **arrays)


@pytest.mark.parity
def test_the_golden_file_is_what_pytorch_gives():
    golden = np.load(GOLDEN)
    for name, (module, side) in THIN.items():
        for kind, value in zip(("logits", "pooled"), in_torch(module, *numbers(module, side)), strict=True):
            np.testing.assert_allclose(golden[f"{name}_{kind}"], value, rtol=1e-5, atol=1e-5)


@pytest.mark.parity
def test_resnet_56_agrees_with_pytorch():
    module = CifarResNet(10, 56)
    flat, images = numbers(module, 32)
    for mine, theirs in zip(outputs(module, flat, images), in_torch(module, flat, images), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-4 * np.abs(theirs).max())


@pytest.mark.parity
def test_resnet_50_agrees_with_torchvision():
    torch = pytest.importorskip("torch")
    resnet = pytest.importorskip("torchvision.models.resnet")
    module = ResNet50(1000)
    flat, images = numbers(module, 97)
    peer, state = resnet.resnet50().eval(), {}
    for name, value in flat.items():
        _, layer, kind = name.split("/")
        layer, normed = layer.removesuffix("_norm"), layer.endswith("_norm")
        if layer == "logits":
            where = "fc"
        elif layer == "stem":
            where = "bn1" if normed else "conv1"
        else:
            stage, block, part = layer.split("_")
            where = f"layer{int(stage[5:]) + 1}.{block[5:]}."
            if part == "shortcut":
                where += "downsample.1" if normed else "downsample.0"
            else:
                where += f"{'bn' if normed else 'conv'}{part[4:]}"
        told = {"kernel": "weight", "scale": "weight", "mean": "running_mean", "variance": "running_var"}
        value = value.transpose(3, 2, 0, 1) if value.ndim == 4 else value.T
        state[f"{where}.{told.get(kind, kind)}"] = torch.from_numpy(np.ascontiguousarray(value))
    missing = peer.load_state_dict(state, strict=False)
    assert not missing.unexpected_keys and all(key.endswith("num_batches_tracked") for key in missing.missing_keys)
    with torch.no_grad():
        theirs = peer(torch.from_numpy(images).permute(0, 3, 1, 2)).numpy()
    mine, _ = outputs(module, flat, images)
    np.testing.assert_allclose(mine, theirs, atol=1e-4 * np.abs(theirs).max())
