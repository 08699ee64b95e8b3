"""AdaIN style transfer: its two losses by hand, its round beside PyTorch, and what its sampler promises."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax.architectures.adain import Decoder
from gan_jax.features.vgg19 import Encoder
from gan_jax.game import Edit, Phase, Stretch
from gan_jax.methods.style_transfer import StyleTransfer, content_loss, last, style_loss
from gan_jax.optim import adam
from gan_jax.setup.config_files import ConfigError, load_config
from gan_jax.setup.setup import Setup
from gan_jax.types import ByImages

SHAPE, WIDTH = (16, 16, 3), 2
PHASE = Phase(SHAPE, 2)


FAST = {"xla_backend_optimization_level": 0}  # programs that run for less time than they compile
RATE = 3e-3


@functools.cache
def made():
    """(method, state, a round): the style's weight is 10 before the first image, and 5 from the third on.

    The reconstruction's is 3 before the first image, and 0 from the third on.
    """
    method = StyleTransfer(
        decoder=Decoder(SHAPE, WIDTH),
        encoder=Encoder(width=WIDTH),
        optimizers={"decoder": adam(RATE, b1=0.9)},
        stretches=(Stretch(PHASE, 0, 1000),),
        style_weight=ByImages(optax.linear_schedule(10.0, 5.0, 0.002)),
        reconstruction_weight=ByImages(optax.linear_schedule(3.0, 0.0, 0.002)),
    )
    step = jax.jit(lambda s, b: method.step(s, b, PHASE), compiler_options=FAST)
    return method, jax.jit(method.init, compiler_options=FAST)(jax.random.key(0)), step


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    draw = lambda: jnp.asarray(rng.uniform(-1, 1, (1, 2, *SHAPE)), jnp.float32)
    return {"content": draw(), "style": draw()}


def test_the_losses_by_hand():
    """Deviations are those of n - 1, and 1e-5 is added to variances; means are over images and channels."""
    seen = jnp.asarray([0.0, 2.0, 4.0, 6.0]).reshape(1, 2, 2, 1)
    target = jnp.asarray([0.0, 1.0, 4.0, 9.0]).reshape(1, 2, 2, 1)
    assert float(content_loss(seen, target)) == (0 + 1 + 0 + 9) / 4
    # means 3 and 3.5; sums of squares about them 20 and 49
    expected = 0.5**2 + (np.sqrt(20 / 3 + 1e-5) - np.sqrt(49 / 3 + 1e-5)) ** 2
    np.testing.assert_allclose(style_loss({"x": seen}, {"x": target}), expected, rtol=1e-5)
    two = {"x": seen, "y": jnp.concatenate([seen, seen + 1], -1)}  # a second tap: channels of moments 3, 4
    to = {"x": target, "y": jnp.concatenate([seen + 2, seen + 1], -1)}  # ... and 5, 4: (4 + 0) / 2
    np.testing.assert_allclose(style_loss(two, to), expected + 2, rtol=1e-5)


def test_a_round_trains_the_decoder_alone(batch):
    method, state, step = made()
    after, metrics = step(state, batch)
    jax.tree.map(np.testing.assert_array_equal, after.frozen, state.frozen)
    moved = jax.tree.map(lambda a, b: bool(jnp.any(a != b)), after.networks, state.networks)
    assert any(jax.tree.leaves(moved)) and int(after.step) == 1
    told = {name: float(metrics[f"decoder/{name}"]) for name in ("content", "style", "reconstruction", "total")}
    expected = told["content"] + 10 * told["style"] + 3 * told["reconstruction"]
    np.testing.assert_allclose(told["total"], expected, rtol=1e-5)
    given = {name: leaf[0] for name, leaf in batch.items()}
    every = jnp.concatenate([given["content"], given["style"]])
    sampler = method.samplers(state, PHASE)["stylized"].replace(alpha=0.0)
    rebuilt = sampler.synthesize(sampler.map({"content": every, "style": every}))[0]
    np.testing.assert_allclose(told["reconstruction"], jnp.mean(jnp.square(rebuilt - every)), rtol=1e-4)
    measured = jax.jit(
        lambda state, given: {k: m(jax.random.key(0), given) for k, m in method.measures(state, PHASE).items()},
        compiler_options=FAST,
    )(state, given)
    assert measured.keys() == {"content_loss", "style_loss"}
    for name in ("content", "style"):
        np.testing.assert_allclose(measured[f"{name}_loss"], metrics[f"decoder/{name}"], rtol=1e-4)
    observed = jax.eval_shape(method.observers(state, PHASE)["encoder"], given["style"])
    assert tuple(observed) == method.encoder.taps
    _, later = step(after, batch)  # weights may be schedules
    np.testing.assert_allclose(later["decoder/total"], later["decoder/content"] + 5 * later["decoder/style"], rtol=1e-5)


def test_it_learns(batch):
    _, state, step = made()
    terms = []
    for _ in range(100):
        state, metrics = step(state, batch)
        terms.append(float(metrics["decoder/content"] + metrics["decoder/style"]))
    assert terms[-1] < 0.6 * terms[0], (terms[0], terms[-1])


def test_alpha_goes_from_the_content_to_the_style_and_moments_are_exactly_the_styles(batch):
    method, state, _ = made()
    sampler = method.samplers(state, PHASE)["stylized"]
    given = {name: leaf[0] for name, leaf in batch.items()}
    assert sampler.given == ("content", "style") and sampler.target == "style" and sampler.num_classes == 0
    codes = sampler.map(sampler.starts(jax.random.key(0), jnp.arange(2), given))
    decode = lambda x: method.decoder.apply(sampler.variables["decoder"], x)
    seen = last(method.encoder.apply(sampler.variables["encoder"], given["content"]))
    none, whole = (sampler.replace(alpha=alpha).synthesize(codes)[0] for alpha in (0.0, 1.0))
    assert whole.shape == (2, *SHAPE)
    np.testing.assert_allclose(none, decode(seen), atol=1e-5)
    own = sampler.map({"content": given["content"], "style": given["content"]})
    np.testing.assert_allclose(sampler.synthesize(own)[0], none, atol=1e-4)
    mixed = sampler.replace(alpha=0.25).synthesize(codes, taps=("relu4_1",))[1]
    assert mixed["relu4_1"].shape == (2, 2, 2, 4 * WIDTH)
    with pytest.raises(ValueError, match="was given none"):
        sampler.starts(jax.random.key(0), jnp.arange(2))


def test_layers_are_read_and_edited_by_name(batch):
    method, state, _ = made()
    sampler = method.samplers(state, PHASE)["stylized"]
    codes = sampler.map({name: leaf[0] for name, leaf in batch.items()})
    plain, kept = sampler.synthesize(codes, taps=("relu2_1",))
    assert kept["relu2_1"].shape == (2, 8, 8, WIDTH)
    off = Edit(jnp.ones((1, 1, 1, 1)), jnp.zeros(WIDTH), jnp.zeros(WIDTH))
    edited, kept = sampler.synthesize(codes, taps=("relu2_1",), edits={"relu2_1": off})
    assert not np.any(kept["relu2_1"]) and np.any(np.asarray(edited) != plain)
    with pytest.raises(ValueError, match="no tap relu5_1"):
        sampler.synthesize(codes, taps=("relu5_1",))


def test_the_decoder_has_the_published_size():
    features = jax.ShapeDtypeStruct((2, 5, 7, 512), jnp.float32)
    images, variables = jax.eval_shape(Decoder((256, 256, 3)).init_with_output, jax.random.key(0), features)
    assert images.shape == (2, 40, 56, 3)
    assert sum(leaf.size for leaf in jax.tree.leaves(variables["params"])) == 3_505_219


@pytest.mark.parametrize(
    ("shape", "settings", "says"),
    [
        ((20, 16, 3), {}, r"multiples of 8 from 16 on, and the config's are \(20, 16, 3\)"),
        ((8, 16, 3), {}, "multiples of 8 from 16 on"),
        ((16, 16, 4), {}, "images .H, W, 1 or 3."),
        ((2,), {}, "images .H, W, 1 or 3."),
        (SHAPE, {"style_weight": -1.0}, "style_weight must be 0 or more, got -1"),
        (SHAPE, {"content_weight": math.nan}, "content_weight must be 0 or more"),
    ],
)
def test_what_cannot_be_trained_is_said(shape, settings, says):
    with pytest.raises(ValueError, match=says):
        StyleTransfer(Decoder(SHAPE, WIDTH), Encoder(width=WIDTH), {}, (Stretch(Phase(shape, 2), 0, 1),), **settings)


def test_a_frozen_network_is_a_type_of_what_looks():
    config = load_config("adain_emoji")
    assert isinstance(Setup.of(config).method.encoder, Encoder)
    config.encoder.type = "vgg19.Encodr"
    with pytest.raises(ConfigError, match=r"encoder: unknown type 'vgg19.Encodr' \(did you mean 'vgg19.Encoder'\?\)"):
        Setup.of(config)


@pytest.mark.parity
def test_a_round_beside_pytorch(batch):
    """Losses, gradient and the weights after a step of Adam, of networks that PyTorch builds from its own layers."""
    torch = pytest.importorskip("torch")
    nn, functional = torch.nn, torch.nn.functional
    _, state, step = made()
    after, metrics = step(state, batch)
    tensor = lambda x: torch.from_numpy(np.array(x))
    encoder, decoder = state.frozen["encoder"]["params"], state.networks["decoder"].params

    def conv(layer):
        made = nn.Conv2d(*layer["kernel"].shape[2:], layer["kernel"].shape[0])
        made.weight.data = tensor(jnp.transpose(layer["kernel"], (3, 2, 0, 1)))
        made.bias.data = tensor(layer["bias"])
        return made

    see = [(name, conv(layer)) for name, layer in sorted(encoder.items()) if name != "colour"]
    colour = conv(encoder["colour"])
    order = ["conv4_1", "conv3_4", "conv3_3", "conv3_2", "conv3_1", "conv2_2", "conv2_1", "conv1_2", "conv1_1"]
    paint = {name: conv(decoder[name]) for name in order}

    def encode(x):
        x, found = colour((x + 1) / 2), []
        for name, layer in see:
            x = functional.max_pool2d(x, 2, ceil_mode=True) if name in ("conv2_1", "conv3_1", "conv4_1") else x
            x = functional.relu(layer(functional.pad(x, (1, 1, 1, 1), mode="reflect")))
            found += [x] if name.endswith("_1") else []
        return found

    def decode(x):
        for name in order:
            x = functional.interpolate(x, scale_factor=2) if name in ("conv3_4", "conv2_2", "conv1_2") else x
            x = paint[name](functional.pad(x, (1, 1, 1, 1), mode="reflect"))
            x = x if name == "conv1_1" else functional.relu(x)
        return x

    moments = lambda x: (x.mean((2, 3), keepdim=True), (x.var((2, 3), keepdim=True) + 1e-5).sqrt())
    content, style = (tensor(jnp.transpose(batch[name][0], (0, 3, 1, 2))) for name in ("content", "style"))
    with torch.no_grad():
        of_style, of_content = encode(style), encode(content)[-1]
        (mean, deviation), (mean_s, deviation_s) = moments(of_content), moments(of_style[-1])
        target = (of_content - mean) / deviation * deviation_s + mean_s
    seen = encode(decode(target))
    content_term = functional.mse_loss(seen[-1], target)
    pairs = [(a, b) for x, y in zip(seen, of_style, strict=True) for a, b in zip(moments(x), moments(y), strict=True)]
    style_term = sum(functional.mse_loss(a, b) for a, b in pairs)
    parameters = [parameter for layer in paint.values() for parameter in layer.parameters()]
    optimizer = torch.optim.Adam(parameters, RATE)
    rebuilt = functional.mse_loss(decode(torch.cat([of_style[-1], of_content])), torch.cat([style, content]))
    (content_term + 10 * style_term + 3 * rebuilt).backward()
    norm = np.sqrt(sum(float((parameter.grad**2).sum()) for parameter in parameters))
    optimizer.step()
    theirs = {"content": content_term.item(), "style": style_term.item(), "reconstruction": rebuilt.item()}
    theirs["gradient_norm"] = norm
    for name, value in theirs.items():
        np.testing.assert_allclose(metrics[f"decoder/{name}"], value, rtol=5e-4, err_msg=name)
    for name, layer in paint.items():
        ours = after.networks["decoder"].params[name]
        for kind, value in (("kernel", layer.weight.permute(2, 3, 1, 0)), ("bias", layer.bias)):
            # Adam's first step is the rate times the gradient's sign: where that is nearly 0, either may come out.
            close = np.abs(np.asarray(ours[kind]) - value.detach().numpy()) < 1e-3 * RATE
            assert close.mean() > 0.99, (name, kind)
