"""SNGAN's residual networks: counted at the paper's sizes, and computed once more in plain numpy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.architectures.sngan import Discriminator, Generator

SHAPE = (8, 12, 2)
LABEL = np.array([2, 0, 1, 2])


def conv(window, i, o):
    return window * window * i * o + o


def generator_count(base, first, widths, channels=3, z=128):
    """Dense stem; per block two norms (scale and bias), two 3 x 3 and a 1 x 1 convolution; a norm and a convolution."""
    total, i = (z + 1) * base[0] * base[1] * first, first
    for o in widths:
        total, i = total + 2 * i + conv(3, i, o) + 2 * o + conv(3, o, o) + conv(1, i, o), o
    return total + 2 * i + conv(3, i, channels)


def discriminator_count(widths, halvings, channels=3, classes=0):
    """The first block's hidden width is its output's, the others' their input's; 1 x 1 where size or width changes."""
    total = conv(3, channels, widths[0]) + conv(3, widths[0], widths[0]) + conv(1, channels, widths[0])
    for block, (i, o) in enumerate(zip(widths, widths[1:], strict=False), start=1):
        total += conv(3, i, i) + conv(3, i, o) + (conv(1, i, o) if i != o or block < halvings else 0)
    return total + widths[-1] + 1 + classes * widths[-1]


@pytest.mark.parametrize(
    "side, base, first, g_widths, d_widths, halvings",
    [
        (32, 4, 256, (256, 256, 256), (128, 128, 128, 128), 2),
        (48, 6, 512, (256, 128, 64), (64, 128, 256, 512, 1024), 4),
        (64, 4, 1024, (512, 256, 128, 64), (64, 128, 256, 512, 1024), 5),
        (128, 4, 1024, (1024, 512, 256, 128, 64), (64, 128, 256, 512, 1024, 1024), 5),
    ],
)
def test_parameter_counts_of_the_papers_tables(count, side, base, first, g_widths, d_widths, halvings):
    shape, z, image = (side, side, 3), jnp.zeros((1, 128)), jnp.zeros((1, side, side, 3))
    assert count(Generator(shape), z) == generator_count((base, base), first, g_widths)
    assert count(Discriminator(shape), image) == discriminator_count(d_widths, halvings)
    label = jnp.zeros(1, jnp.int32)
    projection = Discriminator(shape, num_classes=1000)
    assert count(projection, image, label) == discriminator_count(d_widths, halvings, classes=1000)


def test_parameter_count_written_out():
    """At 32: 528,384 the stem, 3 x 1,246,976 the blocks, 512 and 6,915 the end."""
    assert generator_count((4, 4), 256, (256, 256, 256)) == 528_384 + 3 * 1_246_976 + 512 + 6_915
    # 151,680 the first block, 311,680 the second (with its 1 x 1), twice 295,168, 129 the score.
    assert discriminator_count((128,) * 4, 2) == 151_680 + 311_680 + 2 * 295_168 + 129


def generator_by_hand(net, z, widths, base, normalize, double=None):
    double = double or net.double
    x = net.dense("stem/Dense_0", z).reshape(-1, *base, widths[0])
    for i in range(len(widths) - 1):
        h = double(net.relu(normalize(f"block{i}_norm1", x)))
        h = net.conv(f"block{i}_conv1", h)
        h = net.conv(f"block{i}_conv2", net.relu(normalize(f"block{i}_norm2", h)))
        x = h + net.conv(f"block{i}_shortcut", double(x))
    return x


@pytest.mark.parametrize(
    "norm, train",
    [
        ("none", True),
        *((norm, t) for norm in ("batch", "conditional_batch") for t in (True, False)),
        ("self_modulated", True),
    ],
)
def test_generator_by_numpy(layers, filled, compiled, norm, train):
    classes = 3 if norm == "conditional_batch" else 0
    module = Generator(SHAPE, widths=(4, 3, 5), norm=norm, num_classes=classes)
    z = np.random.default_rng(1).normal(size=(4, 6)).astype(np.float32)
    label = LABEL if classes else None
    variables = filled(module, z, label)
    made = compiled(lambda v, z, y: module.apply(v, z, y, train=train))(variables, z, label)

    net = layers(variables, train)
    normalize = {
        "none": lambda name, x: x,
        "batch": net.norm,
        "conditional_batch": lambda name, x: net.norm(name, x, None if name == "norm" else label),
        "self_modulated": lambda name, x: net.modulated_norm(name, x, z),
    }[norm]
    x = generator_by_hand(net, z, (4, 3, 5), (2, 3), normalize)
    expected = np.tanh(net.conv("to_image", net.relu(normalize("norm", x))))
    np.testing.assert_allclose(made, expected, atol=1e-4)
    assert np.ptp(expected) > 0.5


@pytest.mark.parametrize("train", [True, False])
def test_generator_that_upsamples_by_zeros_by_numpy(layers, filled, compiled, train):
    """As compare_gan: unpooled first, then convolved, in both branches; biases are added between the pixels too."""
    module = Generator(SHAPE, widths=(4, 3, 5), norm="self_modulated", upsample="zeros")
    z = np.random.default_rng(1).normal(size=(4, 6)).astype(np.float32)
    variables = filled(module, z)
    made = compiled(lambda v, z: module.apply(v, z, train=train))(variables, z)
    net = layers(variables, train)
    normalize = lambda name, x: net.modulated_norm(name, x, z)
    x = generator_by_hand(net, z, (4, 3, 5), (2, 3), normalize, net.unpool)
    expected = np.tanh(net.conv("to_image", net.relu(normalize("norm", x))))
    np.testing.assert_allclose(made, expected, atol=1e-3)
    assert np.ptp(expected) > 0.5


@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_initialization(player):
    """The paper's is Glorot's uniform, with a gain of sqrt(2) in the residual branches; compare_gan's is N(0, 0.02^2)."""
    made = {}
    for name in ("glorot", "normal"):
        if player == "generator":
            module, x = Generator((8, 8, 3), (32, 32), initialization=name), jnp.zeros((1, 8))
        else:
            module, x = Discriminator((8, 8, 3), (32, 32), 1, initialization=name), jnp.zeros((1, 8, 8, 3))
        params = jax.jit(module.init)(jax.random.key(0), x)["params"]
        block = "block0" if player == "generator" else "block1"  # 32 channels in and out
        made[name] = [
            np.std(params[f"{block}_{part}"]["kernel"]) for part in ("conv1", "conv2", *_shortcut(params, block))
        ]
    residual = np.sqrt(2 * 2 / (9 * 64))
    np.testing.assert_allclose(made["glorot"][:2], residual, rtol=0.05)
    np.testing.assert_allclose(made["glorot"][2:], np.sqrt(2 / 64), rtol=0.1)
    np.testing.assert_allclose(made["normal"], 0.02, rtol=0.1)


def _shortcut(params, block):
    return ["shortcut"] if f"{block}_shortcut" in params else []


@pytest.mark.parametrize(
    "scheme, pooling, classes, halvings", [("spectral", "sum", 3, 1), ("spectral", "mean", 0, 2), (None, "sum", 0, 1)]
)
def test_discriminator_by_numpy(layers, filled, compiled, scheme, pooling, classes, halvings):
    """Widths 4, 4, 6: the second block keeps the width, and with one halving the size too: its shortcut is none."""
    widths = (4, 4, 6)
    module = Discriminator(SHAPE, widths, halvings, scheme, pooling, classes)
    images = np.random.default_rng(2).uniform(-1, 1, (4, *SHAPE)).astype(np.float32)
    label = LABEL if classes else None
    variables = filled(module, images, label)
    verdict = compiled(module.apply)(variables, images, label)

    net = layers(variables)
    x = images.astype(np.float64)
    for i, width in enumerate(widths):
        pool = net.halve if i < halvings else lambda x: x
        h = net.conv(f"block{i}_conv1", net.relu(x) if i else x)
        h = pool(net.conv(f"block{i}_conv2", net.relu(h)))
        same = i > 0 and i >= halvings and width == x.shape[-1]
        assert same == (f"block{i}_shortcut" not in variables["params"])
        x = h + (x if same else pool(net.conv(f"block{i}_shortcut", x)))
        np.testing.assert_allclose(verdict.features[f"block{i}"], x, atol=1e-4)
    pooled = getattr(net.relu(x), pooling)((1, 2))
    logits = net.dense("head", pooled)[:, 0]
    if classes:
        logits += np.sum(net.embed("projection", label) * pooled, -1)
    np.testing.assert_allclose(verdict.features["pooled"], pooled, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(verdict.logits, logits, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "module, message",
    [
        (Generator((40, 40, 3)), "no widths for images 40 pixels high .*32, 48, 64, 128.*set widths"),
        (Discriminator((40, 40, 3)), "no widths for images 40 pixels high"),
        (Discriminator((32, 32, 3), widths=(4, 4)), "set halvings"),
        (Discriminator((32, 32, 3), (4, 4), 1, pooling="max"), "pooling is 'sum' or 'mean', not 'max'"),
        (Generator((32, 32, 3), upsample="cubic"), "upsample is one of nearest, linear, zeros, not 'cubic'"),
        (Generator((32, 32, 3), initialization="he"), "initialization is one of glorot, normal, not 'he'"),
        (Discriminator((32, 32, 3), initialization="he"), "initialization is one of glorot, normal, not 'he'"),
        (Generator((20, 32, 3), (4, 4, 4, 4)), "20 x 32 cannot come from 3 doublings.*multiple of 8"),
        (Discriminator((32, 20, 3), (4, 4, 4), 3), "32 x 20 cannot come from 3 doublings.*multiple of 8"),
    ],
)
def test_what_is_refused(module, message):
    x = jnp.zeros((1, 8)) if isinstance(module, Generator) else jnp.zeros((1, *module.image_shape))
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(lambda: module.init(jax.random.key(0), x))
