import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.features import vgg
from gan_jax.features.convert_torch import convert_vgg16
from gan_jax.features.resize import tf1_bilinear
from gan_jax.features.vgg import TAPS, VGG16, random_variables, vgg16
from gan_jax.features.weights import Weights, weights_hash

# The places of torchvision's layers, in the order of ours.
PLACES = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]


@pytest.fixture
def narrow(monkeypatch):
    """A network of the same form with few channels."""
    monkeypatch.setattr(vgg, "WIDTHS", ((2, 2), (2, 3), (3, 3, 4), (4, 4, 4), (5, 5, 5)))
    return random_variables(0)


def state_dict(variables):
    """The variables under the names and in the shapes of PyTorch, with a last layer."""
    state = {"classifier.6.weight": np.zeros((1000, 4096), np.float32), "classifier.6.bias": np.zeros(1000, np.float32)}
    layers = [f"features.{place}" for place in PLACES] + ["classifier.0", "classifier.3"]
    for (name, layer), theirs in zip(sorted(variables["params"].items()), layers, strict=True):
        kernel = layer["kernel"]
        if name == "fc1":
            kernel = np.moveaxis(kernel.reshape(7, 7, -1, 4096), 2, 0).reshape(-1, 4096)
        state[f"{theirs}.weight"] = np.einsum("hwio->oihw", kernel) if kernel.ndim == 4 else kernel.T
        state[f"{theirs}.bias"] = layer["bias"]
    return state


def images(size, channels=3):
    x = np.random.Generator(np.random.PCG64(0)).integers(0, 256, (2, *size, channels), dtype=np.uint8)
    x[1] //= 3
    return x


def test_the_dense_layers_by_hand(narrow):
    """Images are resized to 224, normalised as ImageNet's; after five pools two dense layers with ReLU follow."""
    extractor, x = vgg16(narrow), images((30, 20))[:1]
    fc = jax.jit(lambda extractor, x: extractor(x))(extractor, x)["fc"]
    mean, deviation = np.array([123.675, 116.28, 103.53]), np.array([58.395, 57.12, 57.375])
    whole = (np.asarray(tf1_bilinear(x, 224, 224)) - mean) / deviation
    apply = jax.jit(lambda variables, x: VGG16(("relu5_3",)).apply(variables, x))
    maps = np.asarray(apply(narrow, whole.astype(np.float32))["relu5_3"])  # [1, 14, 14, 5]
    pooled = maps.reshape(1, 7, 2, 7, 2, 5).max((2, 4)).reshape(1, -1)
    for name in ("fc1", "fc2"):
        pooled = np.maximum(pooled @ narrow["params"][name]["kernel"] + narrow["params"][name]["bias"], 0)
    assert fc.shape == (1, 4096) and fc.dtype == jnp.float32 and pooled.std() > 0.01
    np.testing.assert_allclose(fc, pooled, rtol=1e-3, atol=1e-4)


def test_taps_and_layers():
    shapes = jax.eval_shape(
        VGG16().init_with_output, jax.random.key(0), jax.ShapeDtypeStruct((2, 224, 224, 3), jnp.float32)
    )
    expected = [(2, 224, 224, 64), (2, 112, 112, 128), (2, 56, 56, 256), (2, 28, 28, 512), (2, 14, 14, 512), (2, 4096)]
    assert {tap: leaf.shape for tap, leaf in shapes[0].items()} == dict(zip(TAPS, expected, strict=True))
    count = sum(np.prod(leaf.shape) for leaf in jax.tree.leaves(shapes[1]))
    assert count == 138_357_544 - 4097 * 1000  # torchvision's without its last layer
    few = jax.eval_shape(
        VGG16(("relu2_2",)).init_with_output, jax.random.key(0), jax.ShapeDtypeStruct((2, 17, 16, 3), jnp.float32)
    )
    assert few[0]["relu2_2"].shape == (2, 8, 8, 128) and len(few[1]["params"]) == 4
    with pytest.raises(ValueError, match="224 x 224"):
        jax.eval_shape(VGG16().init, jax.random.key(0), jax.ShapeDtypeStruct((2, 64, 64, 3), jnp.float32))


def test_pytorchs_names_are_converted(narrow):
    state = state_dict(narrow)
    assert weights_hash(convert_vgg16(state)) == weights_hash(narrow)
    state["features.0.weight"] = state["features.0.weight"][:, :1]
    del state["classifier.3.bias"]
    with pytest.raises(
        ValueError, match=r"weights of VGG-16: 2 entries.*classifier.3.bias is missing; features.0.weight"
    ):
        convert_vgg16(state)


def test_dense_layers_read_channels_in_our_order(narrow):
    """fc1 of PyTorch on [C, 7, 7] is fc1 of ours on [7, 7, C]."""
    maps = np.random.default_rng(0).normal(size=(7, 7, 5)).astype(np.float32)
    theirs = state_dict(narrow)["classifier.0.weight"] @ np.moveaxis(maps, -1, 0).ravel()
    ours = maps.ravel() @ convert_vgg16(state_dict(narrow))["params"]["fc1"]["kernel"]
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def test_extractors_say_what_they_are(narrow):
    extractor = vgg16(Weights(narrow, {}, "ab12"), "clean")
    assert (extractor.name, extractor.resize, extractor.weights) == ("vgg16", "clean", "ab12")
    assert extractor.apply is vgg16(narrow, "clean").apply is not vgg16(narrow).apply
    shapes = jax.eval_shape(extractor, jax.ShapeDtypeStruct((3, 32, 32, 1), jnp.uint8))
    assert {tap: leaf.shape for tap, leaf in shapes.items()} == {"fc": (3, 4096)}
    with pytest.raises(ValueError, match="1 channel"):
        jax.eval_shape(extractor, jax.ShapeDtypeStruct((1, 8, 8, 4), jnp.uint8))
    with pytest.raises(ValueError, match="not 'area'"):
        vgg16(narrow, "area")


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore")
def test_features_are_torch_fidelitys(torch_package):
    """Its "fc2_relu" at full width: relative error of the largest deviation under 1e-4."""
    module = torch_package("torch_fidelity.feature_extractor_vgg16")
    import torch
    import torchvision

    variables = random_variables(0)
    state = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in state_dict(variables).items()}
    reference = torchvision.models.vgg16(init_weights=False)
    reference.load_state_dict(state)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "torchvision_load_pretrained_vgg16", lambda **_: reference)
        network = module.FeatureExtractorVGG16("reference", ["fc2_relu"])
    x = images((40, 50))
    with torch.no_grad():
        (theirs,) = network(torch.from_numpy(np.moveaxis(x, -1, 1).copy()))
    fc = jax.jit(lambda extractor, x: extractor(x))(vgg16(convert_vgg16(state_dict(variables))), x)["fc"]
    error = np.abs(fc - theirs.numpy()).max() / theirs.numpy().max()
    print(f"fc: {error:.1e}")
    assert error < 1e-4
