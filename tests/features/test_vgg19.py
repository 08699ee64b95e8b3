import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.signal

from gan_jax.data import EightBit, Preprocessing, open_source
from gan_jax.features.convert_torch import convert_vgg19, convert_vgg19_normalised
from gan_jax.features.published import RELEASES
from gan_jax.features.vgg import DEVIATION, MEAN
from gan_jax.features.vgg19 import STYLE_TAPS, Encoder, encoder_weights, names

WIDTHS = {1: 1, 2: 2, 3: 4, 4: 8, 5: 8}  # of the blocks, in multiples of the first one's
# The places of the convolutions in the two networks of PyTorch, counted from their printed layers.
TORCHVISION = [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34]
NORMALISED = [2, 5, 9, 12, 16, 19, 22, 25, 29, 32, 35, 38, 42, 45, 48, 51]


def random_params(width, seed=0, layers=None):
    rng, inputs, params = np.random.default_rng(seed), 3, {}
    params["colour"] = {"kernel": rng.normal(size=(1, 1, 3, 3)), "bias": rng.normal(size=3)}
    for name in layers or names():
        outputs = width * WIDTHS[int(name[4])]
        kernel = rng.normal(size=(3, 3, inputs, outputs)) * np.sqrt(2 / (9 * inputs))
        params[name] = {"kernel": kernel, "bias": 0.1 * rng.normal(size=outputs)}
        inputs = outputs
    return jax.tree.map(lambda leaf: leaf.astype(np.float32), params)


def state_dict(params, places, prefix):
    """conv1_1 ... under PyTorch's names, kernels [O, I, 3, 3]."""
    state = {}
    for name, place in zip(names(), places, strict=True):
        state[f"{prefix}{place}.weight"] = np.einsum("hwio->oihw", params[name]["kernel"])
        state[f"{prefix}{place}.bias"] = params[name]["bias"]
    return state


def by_hand(params, images, last):
    """One image [H, W, 3] in [-1, 1], convolved by scipy in float64. -> {relu: [h, w, F]}."""
    x = (images.astype(np.float64) + 1) / 2 @ params["colour"]["kernel"][0, 0] + params["colour"]["bias"]
    found = {}
    for name in names():
        if name.endswith("_1") and name != "conv1_1":
            h, w, channels = x.shape
            x = np.pad(x, ((0, h % 2), (0, w % 2), (0, 0)), constant_values=-np.inf)
            x = x.reshape(x.shape[0] // 2, 2, x.shape[1] // 2, 2, channels).max((1, 3))
        padded, kernel = np.pad(x, ((1, 1), (1, 1), (0, 0)), mode="reflect"), params[name]["kernel"]
        outputs = [
            sum(scipy.signal.correlate(padded[..., i], kernel[..., i, o], "valid") for i in range(x.shape[-1]))
            for o in range(kernel.shape[-1])
        ]
        x = found[name.replace("conv", "relu")] = np.maximum(np.stack(outputs, -1) + params[name]["bias"], 0)
        if name.replace("conv", "relu") == last:
            return found
    raise AssertionError(last)


def test_reflection_at_the_borders_and_pools_that_keep_an_odd_row_by_hand():
    image = np.random.default_rng(1).uniform(-1, 1, (11, 18, 3)).astype(np.float32)
    params = random_params(2)
    expected = by_hand(params, image, "relu4_1")
    assert expected["relu4_1"].shape == (2, 3, 16)
    found = jax.jit(lambda x: Encoder(width=2).apply({"params": params}, x))(image[None])
    for tap in STYLE_TAPS:
        np.testing.assert_allclose(found[tap][0], expected[tap], rtol=1e-4, atol=1e-5)


def test_the_layout_is_vgg_19s():
    shapes = lambda **settings: jax.eval_shape(
        Encoder(**settings).init_with_output, jax.random.key(0), jax.ShapeDtypeStruct((2, 33, 40, 3), jnp.float32)
    )
    count = lambda variables: sum(leaf.size for leaf in jax.tree.leaves(variables))
    found, variables = shapes()
    expected = [(2, 33, 40, 64), (2, 17, 20, 128), (2, 9, 10, 256), (2, 5, 5, 512)]
    assert {tap: leaf.shape for tap, leaf in found.items()} == dict(zip(STYLE_TAPS, expected, strict=True))
    assert count(variables) == 3_505_728 + 12  # the first, 1 x 1 convolution
    assert count(shapes(taps=("relu5_4",))[1]) == 20_024_384 + 12  # torchvision's features


@pytest.mark.parametrize(
    ("places", "prefix", "convert", "release"),
    [
        (TORCHVISION, "features.", convert_vgg19, "vgg19"),
        (NORMALISED, "", convert_vgg19_normalised, "vgg19_normalised"),
    ],
)
def test_pytorchs_names_are_converted(places, prefix, convert, release):
    params = random_params(2)
    state = state_dict(params, places, prefix)
    if prefix:
        state |= {f"classifier.{i}.{kind}": np.zeros(1, np.float32) for i in (0, 3, 6) for kind in ("weight", "bias")}
    else:
        state |= {"0.weight": params["colour"]["kernel"].transpose(3, 2, 0, 1), "0.bias": params["colour"]["bias"]}
    converted = convert(state)["params"]
    for name in names() if prefix else params:
        jax.tree.map(np.testing.assert_array_equal, converted[name], params[name])
    assert RELEASES[release].convert is convert
    wrong = dict(state)
    del wrong[f"{prefix}{places[3]}.bias"]
    wrong["more"] = np.zeros(2)
    with pytest.raises(ValueError, match=rf"VGG-19: 2 entries differ.*{places[3]}.bias is missing; more is not known"):
        convert(wrong)


def test_torchvisions_colours_are_the_first_convolution():
    colour = convert_vgg19(state_dict(random_params(2), TORCHVISION, "features."))["params"]["colour"]
    image = np.random.default_rng(0).uniform(-1, 1, (5, 3)).astype(np.float32)
    ours = (image + 1) / 2 @ colour["kernel"][0, 0] + colour["bias"]
    np.testing.assert_allclose(ours, ((image + 1) / 2 - MEAN) / DEVIATION, rtol=1e-5, atol=1e-6)


def test_the_embedded_weights_are_what_their_facts_say():
    """Of the width that the configs name, a mean of 1 in every channel that is awake, and the accuracy stated."""
    weights, encoder = encoder_weights("vgg19_quarter"), Encoder("vgg19_quarter", width=16)
    variables = encoder.load()
    assert variables["params"].keys() == {"colour", *names()[:9]} and weights.facts["name"] == "vgg19_quarter"
    test = EightBit(open_source("emoji", split="test"), Preprocessing((32, 32, 3)), "test")
    images, labels = test.images(np.arange(len(test))), test.labels()
    maps = jax.jit(lambda x: encoder.apply(variables, x))(images / np.float32(127.5) - 1)
    head = jax.tree.map(lambda leaf: np.asarray(leaf, np.float32), weights.variables["head"])
    told = np.mean(np.asarray(maps["relu4_1"]), (1, 2)) @ head["kernel"] + head["bias"]
    accuracy = np.mean(told.argmax(1) == labels)  # emoji are the first of all classes
    assert abs(accuracy - weights.facts["accuracy"]["test"]["emoji"]) < 0.011
    for tap in STYLE_TAPS:
        assert 0.5 < np.median(np.mean(np.asarray(maps[tap]), (0, 1, 2))) < 2


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"weights": "vgg16"}, "weights of VGG-19 are vgg19_quarter, vgg19, vgg19_normalised"),
        ({"weights": "vgg19_quarter", "path": "x.npz"}, "are embedded: leave path out"),
        ({"taps": ("relu4_1", "relu6_1")}, "no tap relu6_1; it has relu1_1"),
    ],
)
def test_settings_that_mean_nothing(settings, says):
    with pytest.raises(ValueError, match=says):
        Encoder(**settings)


def test_weights_of_another_width_and_images_too_small():
    with pytest.raises(ValueError, match="'vgg19_quarter' have width 16: set the encoder's width"):
        Encoder("vgg19_quarter", width=8).load()
    with pytest.raises(ValueError, match="9 pixels a side or more"):
        jax.eval_shape(Encoder(width=2).init, jax.random.key(0), jnp.zeros((1, 8, 40, 3)))


def torch_encoder(torch, params):
    """The network of AdaIN's PyTorch port by the description of its layers, with these weights; images from 0 to 1."""
    nn, layers = torch.nn, []

    def conv(name, window):
        kernel = params[name]["kernel"]
        layer = nn.Conv2d(*kernel.shape[2:], window)
        layer.weight.data = torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy())
        layer.bias.data = torch.from_numpy(params[name]["bias"].copy())
        return layer

    layers.append(conv("colour", 1))
    for name in (name for name in params if name != "colour"):
        if name.endswith("_1") and name != "conv1_1":
            layers.append(nn.MaxPool2d(2, 2, 0, ceil_mode=True))
        layers += [nn.ReflectionPad2d(1), conv(name, 3), nn.ReLU()]
    return nn.Sequential(*layers)


@pytest.mark.parity
@pytest.mark.parametrize("size", [(64, 48), (37, 50)])
def test_whole_width_beside_pytorch(size):
    """relu4_1 and the gradient of its sum of squares by the image, within 1e-4 of the largest."""
    torch = pytest.importorskip("torch")
    params = random_params(64, layers=names()[:9])
    image = np.random.default_rng(2).uniform(-1, 1, (1, *size, 3)).astype(np.float32)
    theirs = torch.from_numpy(np.moveaxis(image, -1, 1).copy()).requires_grad_()
    out = torch_encoder(torch, params)((theirs + 1) / 2)
    (out**2).sum().backward()
    encoder = Encoder(taps=("relu4_1",))
    see = lambda x: encoder.apply({"params": params}, x)["relu4_1"]
    ours, gradient = jax.jit(lambda x: (see(x), jax.grad(lambda x: jnp.sum(see(x) ** 2))(x)))(image)
    for found, expected in ((ours, out.detach()), (gradient, theirs.grad)):
        expected = np.moveaxis(expected.numpy(), 1, -1)
        assert np.abs(np.asarray(found) - expected).max() < 1e-4 * np.abs(expected).max()
