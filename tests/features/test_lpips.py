import functools
import pathlib
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.features import lpips as lpips_module
from gan_jax.features.convert_torch import convert_lpips_heads, read_state_dict
from gan_jax.features.lpips import HEADS, lpips, lpips_distance
from gan_jax.features.vgg import random_variables
from gan_jax.features.weights import Weights, weights_hash

# [3]: the distances that lpips 0.1.4 gives for `pairs((33, 47))` with `random_variables(0)` and `random_heads()`.
# `test_distances_are_those_of_lpips` makes this file where it is missing, and else checks it.
GOLDEN = pathlib.Path(__file__).parent / "golden" / "lpips.npz"
PLACES = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]  # of torchvision's convolutions, in the order of ours


@pytest.fixture(scope="module")
def vgg():
    return random_variables(0, dense=False)


def random_heads():
    rng = np.random.Generator(np.random.PCG64(1))
    return {"heads": {tap: rng.random(width, np.float32) for tap, width in HEADS.items()}}


def state_dict(heads):
    return {f"lin{i}.model.1.weight": head.reshape(1, -1, 1, 1) for i, head in enumerate(heads["heads"].values())}


def pairs(size):
    """Three pairs in [-1, 1]: two of noise, and one of nearly equal images."""
    rng = np.random.Generator(np.random.PCG64(2))
    x, y = (2 * rng.random((2, 3, *size, 3), np.float32) - 1).astype(np.float32)
    y[2] = 0.99 * x[2]
    return x, y


def test_distances_against_golden_ones(vgg):
    distance = lpips_distance(vgg, random_heads())
    measured = jax.jit(lambda distance, x, y: distance(x, y))(distance, *pairs((33, 47)))
    assert measured.dtype == jnp.float32
    with np.load(GOLDEN) as golden:
        np.testing.assert_allclose(
            measured, golden["distances"], rtol=1e-4
        )  # the third is a difference of nearly equal numbers


def test_the_equation(monkeypatch):
    """Against numpy, with a network that gives the images themselves, in two sizes, as its activations."""

    class Echo:
        def __init__(self, taps):
            self.taps = taps

        def apply(self, variables, x):
            return {tap: jnp.maximum(x[:, :: i + 1], 0) for i, tap in enumerate(self.taps)}

    monkeypatch.setattr(lpips_module, "VGG16", Echo)
    heads = {tap: np.random.default_rng(i).random(3).astype(np.float32) for i, tap in enumerate(HEADS)}
    x, y = pairs((16, 17))
    scaled = [(z - np.array([-0.030, -0.088, -0.188])) / np.array([0.458, 0.448, 0.450]) for z in (x, y)]
    expected = 0
    for i, head in enumerate(heads.values()):
        maps = [np.maximum(z[:, :: i + 1], 0) for z in scaled]
        unit = [m / (np.sqrt((m**2).sum(-1, keepdims=True)) + 1e-10) for m in maps]
        expected += (((unit[0] - unit[1]) ** 2) * head).sum(-1).mean((1, 2))
    np.testing.assert_allclose(lpips({"vgg16": {}, "heads": heads}, x, y), expected, rtol=1e-5)


def test_it_is_a_symmetric_distance_with_gradients(monkeypatch):
    monkeypatch.setattr("gan_jax.features.vgg.WIDTHS", ((2, 2), (2, 3), (3, 3, 4), (4, 4, 4), (5, 5, 5)))
    heads = {tap: jnp.ones(width) for tap, width in zip(HEADS, (2, 3, 4, 4, 5), strict=True)}
    x, y = map(jnp.asarray, pairs((16, 16)))
    variables = {"vgg16": random_variables(0, dense=False), "heads": heads}

    @functools.partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})
    def value_and_slope(x, y):
        value = lpips(variables, x, y)
        return value, jax.grad(lambda x: lpips(variables, x, y).sum())(x)

    (there, slope), (back, _), (none, flat) = (value_and_slope(*pair) for pair in ((x, y), (y, x), (x, x)))
    np.testing.assert_allclose(there, back, rtol=1e-4)
    assert (there[:2] > 1e-3).all() and there[2] > 0 and not none.any()
    assert np.isfinite(slope).all() and np.abs(slope).max() > 0 and np.isfinite(flat).all()
    with np.errstate(all="raise"):
        black = jax.grad(lambda x: lpips_module._of_length_one(x).sum())(jnp.zeros((1, 1, 1, 3)))
    assert np.isfinite(black).all()


def test_what_it_is_made_of(vgg):
    heads, dense = random_heads(), {"params": {**vgg["params"], "fc1": {"kernel": np.zeros((2, 3), np.float32)}}}
    distance = lpips_distance(Weights(dense, {}, "a"), Weights(heads, {}, "b"))
    assert distance.name == "lpips_vgg16" and len(distance.variables["vgg16"]["params"]) == 13
    assert distance.weights == weights_hash({"vgg16": vgg, "heads": heads["heads"]})
    grey = jax.ShapeDtypeStruct((2, 32, 32, 1), jnp.float32)
    assert jax.eval_shape(distance, grey, grey).shape == (2,)


@pytest.mark.parametrize("shapes", [((2, 32, 32, 3), (1, 32, 32, 3)), ((2, 15, 32, 3),) * 2, ((32, 32, 3),) * 2])
def test_pairs_that_do_not_fit_are_refused(vgg, shapes):
    x, y = (jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes)
    with pytest.raises(ValueError, match="of one shape, at least 16 pixels a side"):
        jax.eval_shape(lambda x, y: lpips({}, x, y), x, y)


def test_pytorchs_names_are_converted():
    heads = random_heads()
    assert weights_hash(convert_lpips_heads(state_dict(heads))) == weights_hash(heads)
    alex = {**state_dict(heads), "lin1.model.1.weight": np.zeros((1, 192, 1, 1), np.float32)}
    with pytest.raises(ValueError, match=r"lin1.model.1.weight is \(1, 192, 1, 1\), not \(1, 128, 1, 1\)"):
        convert_lpips_heads(alex)


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore")
def test_distances_are_those_of_lpips(torch_package, vgg):
    """With the authors' own heads: relative error under 1e-4."""
    package = torch_package("lpips")
    import torch
    import torchvision

    backbone = torchvision.models.vgg16
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torchvision.models, "vgg16", lambda **_: backbone(init_weights=False))
        reference = package.LPIPS(net="vgg", pnet_rand=True, verbose=False)
    convolutions = {}
    for place, (_, layer) in zip(PLACES, sorted(vgg["params"].items()), strict=True):
        convolutions[f"features.{place}.weight"] = torch.from_numpy(np.einsum("hwio->oihw", layer["kernel"]).copy())
        convolutions[f"features.{place}.bias"] = torch.from_numpy(layer["bias"])
    names = reference.net.state_dict()
    reference.net.load_state_dict({name: convolutions[re.sub(r"slice\d", "features", name)] for name in names})

    def theirs(x, y):
        with torch.no_grad():
            planes = [torch.from_numpy(np.moveaxis(z, -1, 1).copy()) for z in (x, y)]
            return reference(*planes).numpy().ravel()

    heads = convert_lpips_heads(read_state_dict(pathlib.Path(package.__file__).parent / "weights/v0.1/vgg.pth"))
    distance = lpips_distance(vgg, heads)
    for size in ((32, 32), (33, 47), (128, 128)):
        measured, expected = (
            jax.jit(lambda distance, x, y: distance(x, y))(distance, *pairs(size)),
            theirs(*pairs(size)),
        )
        print(size, [f"{error:.1e}" for error in np.abs(measured / expected - 1)])
        np.testing.assert_allclose(measured, expected, rtol=1e-4)
    others = {name: torch.from_numpy(head) for name, head in state_dict(random_heads()).items()}
    reference.load_state_dict(others, strict=False)
    fresh = theirs(*pairs((33, 47)))
    if not GOLDEN.exists():
        np.savez(GOLDEN, distances=fresh)
    with np.load(GOLDEN) as golden:
        np.testing.assert_allclose(golden["distances"], fresh, rtol=1e-5)
