"""R3GAN's networks: counted at the presets' sizes, computed once more in plain numpy, and as they begin."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.architectures import r3gan
from gan_jax.architectures.augmented import Augmented
from gan_jax.nn.weights import ready_for_passes

# preset: side, widths from the smallest image up, channels of a group, classes
PRESETS = {
    "CIFAR-10": (32, (768,) * 4, 16, 10, 20_781_952, 21_280_512),
    "CIFAR-10, unconditional": (32, (768,) * 4, 16, 0, 20_732_160, 20_683_776),
    "FFHQ-64": (64, (768,) * 4 + (384,), 16, 0, 22_429_824, 22_381_440),
    "FFHQ-256": (256, (768,) * 4 + (384, 192, 96), 16, 0, 23_057_952, 23_009_568),
    "ImageNet-32": (32, (1536,) * 4, 32, 1000, 82_914_304, 86_548_992),
    "ImageNet-64": (64, (1536,) * 5, 32, 1000, 103_570_432, 107_205_120),
}
SMALL = {"widths": (8, 8, 4), "blocks": 2, "group_width": 4}
SHAPE, Z = (12, 8, 2), 5
LABEL = np.array([2, 0])


def counts(widths, group, classes):
    """(G's, D's): the blocks, 1 x 1 where the width changes and at the image, a weight for each pixel of 4 x 4, and the ends."""
    block = lambda c: c * 2 * c + 2 * c + 9 * group * 2 * c + 2 * c + 2 * c * c
    shared = sum(2 * block(c) for c in widths) + 3 * widths[-1] + 16 * widths[0]
    shared += sum(a * b for a, b in zip(widths, widths[1:], strict=False) if a != b)
    first, embedding = widths[0], 64 if classes else 0
    of_g = shared + classes * embedding + (64 + embedding) * first
    return of_g, shared + (first * first + classes * first if classes else first)


@pytest.mark.parametrize("preset", PRESETS)
def test_parameter_counts_of_the_presets(count, preset):
    side, widths, group, classes, of_g, of_d = PRESETS[preset]
    settings = {"widths": widths, "group_width": group, "num_classes": classes}
    label, shape = jnp.zeros(1, jnp.int32), (side, side, 3)
    assert (of_g, of_d) == counts(widths, group, classes)
    assert count(r3gan.Generator(shape, **settings), jnp.zeros((1, 64)), label) == of_g
    assert count(r3gan.Discriminator(shape, **settings), jnp.zeros((1, *shape)), label) == of_d


def test_default_widths_are_the_papers(count):
    for side in (32, 64, 256):
        of_g = {32: 20_732_160, 64: 22_429_824, 256: 23_057_952}[side]
        assert count(r3gan.Generator((side, side, 3)), jnp.zeros((1, 64))) == of_g


# --- once more, in numpy


def conv(x, kernel, bias=0.0, groups=1):
    """x [B, H, W, I], kernel [k, k, I / groups, O] with odd k, zeros around."""
    k, (_, h, w, _) = kernel.shape[0], x.shape
    x = np.pad(x, [(0, 0), (k // 2, k // 2), (k // 2, k // 2), (0, 0)])
    each = kernel.shape[2], kernel.shape[3] // groups
    out = np.zeros((*x.shape[:1], h, w, kernel.shape[3]))
    for g in range(groups):
        i, o = (slice(g * n, (g + 1) * n) for n in each)
        for a, b in np.ndindex(k, k):
            out[..., o] += x[:, a : a + h, b : b + w, i] @ kernel[a, b, :, o]
    return out + bias


def interpolated(n):
    """[2n, n]: every pixel gives [1, 3, 3, 1] / 4 of itself to four of the doubled line, as far as they are there."""
    matrix = np.zeros((2 * n, n))
    for i in range(n):
        for j, weight in zip(range(2 * i - 1, 2 * i + 3), (1, 3, 3, 1), strict=True):
            if 0 <= j < 2 * n:
                matrix[j, i] = weight / 4
    return matrix


def up(x):
    return np.einsum("ij,kl,bjlc->bikc", interpolated(x.shape[1]), interpolated(x.shape[2]), x)


def down(x):
    return np.einsum("ji,lk,bjlc->bikc", *(interpolated(n // 2) / 2 for n in x.shape[1:3]), x)


def block(params, x, groups):
    leaky = lambda x: np.where(x > 0, x, 0.2 * x)
    h = leaky(conv(x, **params["conv1"]))
    return x + conv(leaky(conv(h, **params["conv2"], groups=groups)), **params["conv3"])


def in_float64(variables):
    return jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), variables["params"])


def generator_by_hand(p, z, label, widths, group):
    z = np.concatenate([z, p["embedding"]["embedding"][label]], -1)
    x = p["basis"] * (z @ p["stem"]["kernel"])[:, None, None]
    seen = []
    for i, width in enumerate(widths):
        if i:
            x = up(conv(x, p[f"to_stage{i}"]["kernel"]) if width != x.shape[-1] else x)
        for j in (2 * i, 2 * i + 1):
            x = block(p[f"block{j}_layers"], x, 2 * width // group)
            seen.append(x)
    return conv(x, p["to_image"]["kernel"]), seen


def discriminator_by_hand(p, x, label, widths, group):
    x, seen = conv(x, p["from_image"]["kernel"]), []
    for i, width in enumerate(widths[::-1]):
        x = down(x) if i else x
        x = conv(x, p[f"to_stage{i}"]["kernel"]) if width != x.shape[-1] else x
        for j in (2 * i, 2 * i + 1):
            x = block(p[f"block{j}_layers"], x, 2 * width // group)
            seen.append(x)
    pooled = np.sum(x * p["basis"], (1, 2))
    return np.sum((pooled @ p["head"]["kernel"]) * p["projection"]["embedding"][label], -1), pooled, seen


def test_generator_by_hand(filled, compiled):
    generator = r3gan.Generator(SHAPE, num_classes=3, embedding=4, **SMALL)
    z = np.random.default_rng(1).normal(size=(2, Z)).astype(np.float32)
    variables = filled(generator, z, LABEL)
    images, taps = compiled(lambda v, z: generator.apply(v, z, LABEL, mutable=["taps"]))(variables, z)
    expected, seen = generator_by_hand(in_float64(variables), z, LABEL, SMALL["widths"], SMALL["group_width"])
    np.testing.assert_allclose(images, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
    for i, of_block in enumerate(seen):
        (tap,) = taps["taps"][f"block{i}"]
        np.testing.assert_allclose(tap, of_block, rtol=1e-4, atol=1e-4 * np.abs(of_block).max())


def test_discriminator_by_hand(filled, compiled):
    discriminator = r3gan.Discriminator(SHAPE, num_classes=3, **SMALL)
    images = np.random.default_rng(1).uniform(-1, 1, (2, *SHAPE)).astype(np.float32)
    variables = filled(discriminator, images, LABEL)
    verdict = compiled(lambda v, x: discriminator.apply(v, x, LABEL))(variables, images)
    p = in_float64(variables)
    logits, pooled, seen = discriminator_by_hand(p, images, LABEL, SMALL["widths"], SMALL["group_width"])
    assert sorted(verdict.features) == sorted([f"block{i}" for i in range(6)] + ["pooled"])
    for got, expected in [(verdict.logits, logits), (verdict.features["pooled"], pooled)] + [
        (verdict.features[f"block{i}"], of_block) for i, of_block in enumerate(seen)
    ]:
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


# --- as they begin


def test_networks_begin_as_their_shortcuts(compiled):
    """Last convolutions are zero: every block is the identity, so D is linear and G's image is its basis, enlarged."""
    settings = {"widths": (8, 4), "blocks": 1, "group_width": 4}
    generator, discriminator = (net((4, 6, 2), **settings) for net in (r3gan.Generator, r3gan.Discriminator))
    z, x = jnp.ones((2, Z)), jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (2, 4, 6, 2)), jnp.float32)

    @compiled
    def run(key):
        of_g, of_d = generator.init(key, z), discriminator.init(key, x)
        judge = lambda x: discriminator.apply(of_d, x).logits
        return of_g["params"], generator.apply(of_g, z), of_d["params"], judge(x), judge(3 * x)

    p, image, q, once, thrice = run(jax.random.key(0))
    np.testing.assert_allclose(thrice, 3 * once, rtol=1e-4)
    p, q = (jax.tree.map(np.asarray, tree) for tree in (p, q))
    first = p["basis"] * (np.ones(Z) @ p["stem"]["kernel"])
    expected = conv(up(conv(first[None], p["to_stage1"]["kernel"])), p["to_image"]["kernel"])
    np.testing.assert_allclose(image[:1], expected, rtol=1e-4, atol=1e-4)
    for tree in (p, q):
        assert not any(tree[f"block{i}_layers"]["conv3"]["kernel"].any() for i in range(2))


def test_first_weights_have_the_papers_spread(compiled):
    """sqrt(2 / 1.04) fan_in^(-1/2) blocks^(-1/4) in blocks, fan_in^(-1/2) elsewhere; 1 the basis, (K F)^(-1/2) D's classes."""
    widths, group, classes = (64,), 16, 40
    settings = {"widths": widths, "group_width": group, "num_classes": classes}
    nets = r3gan.Generator((4, 4, 3), **settings), r3gan.Discriminator((4, 4, 3), **settings)
    label = jnp.zeros(2, jnp.int32)
    inputs = jnp.zeros((2, 64)), jnp.zeros((2, 4, 4, 3))
    make = lambda: [net.init(jax.random.key(0), x, label)["params"] for net, x in zip(nets, inputs, strict=True)]
    of_g, of_d = (jax.tree.map(np.std, tree) for tree in compiled(make)())
    gain = np.sqrt(2 / 1.04) * 2**-0.25
    for tree in (of_g, of_d):
        np.testing.assert_allclose(tree["block1_layers"]["conv1"]["kernel"], gain / 8, rtol=0.05)
        np.testing.assert_allclose(tree["block1_layers"]["conv2"]["kernel"], gain / 12, rtol=0.05)
    found = of_g["basis"], of_g["stem"]["kernel"], of_g["embedding"]["embedding"], of_g["to_image"]["kernel"]
    np.testing.assert_allclose(found, [1, 128**-0.5, 40**-0.5, 1 / 8], rtol=0.15)
    found = of_d["basis"], of_d["head"]["kernel"], of_d["projection"]["embedding"], of_d["from_image"]["kernel"]
    np.testing.assert_allclose(found, [1 / 4, 1 / 8, (40 * 64) ** -0.5, 3**-0.5], rtol=0.15)


# --- precision


@pytest.mark.parametrize("stages", [0, 1, 2])
def test_the_smallest_stages_may_stay_in_float32(stages):
    settings = {**SMALL, "dtype": jnp.bfloat16, "float32_stages": stages}
    generator, discriminator = r3gan.Generator(SHAPE, **settings), r3gan.Discriminator(SHAPE, **settings)
    of_g = jax.eval_shape(lambda: generator.init_with_output(jax.random.key(0), jnp.zeros((2, Z))))[1]["taps"]
    verdict = jax.eval_shape(lambda: discriminator.init_with_output(jax.random.key(0), jnp.zeros((2, *SHAPE))))[0]
    exact = [of_g[f"block{i}"][0].dtype == jnp.float32 for i in range(6)]
    assert exact == [i < 2 * stages for i in range(6)]
    assert [verdict.features[f"block{i}"].dtype == jnp.float32 for i in range(6)] == exact[::-1]


@pytest.mark.parametrize("player", ["Generator", "Discriminator"])
def test_kernels_of_float32_stages_are_not_rounded_beforehand(player):
    """What `ready_for_passes` gives bfloat16 is used in bfloat16 alone, and what it leaves alone in float32."""
    net = getattr(r3gan, player)(SHAPE, **SMALL, dtype=jnp.bfloat16, float32_stages=2)
    x = jnp.zeros((2, Z) if player == "Generator" else (2, *SHAPE))
    shapes = jax.eval_shape(lambda: net.init(jax.random.key(0), x))
    programs = []

    def trace(variables):
        params = ready_for_passes(net, {"params": variables["params"]})["params"]
        programs.append(jax.make_jaxpr(lambda params: net.apply({"params": params}, x))(params).jaxpr)

    jax.eval_shape(trace, shapes)
    (program,) = programs
    kernels = [var for var in program.invars if len(var.aval.shape) > 3]
    assert {var.aval.dtype for var in kernels} == {jnp.dtype(jnp.float32), jnp.dtype(jnp.bfloat16)}
    casts = [each.invars[0] for each in program.eqns if each.primitive.name == "convert_element_type"]
    assert not set(map(id, casts)) & set(map(id, kernels))
    wrapped = Augmented(r3gan.Discriminator(SHAPE, **SMALL, dtype=jnp.bfloat16, float32_stages=2))
    assert wrapped.in_float32 == wrapped.discriminator.in_float32 != ()


# --- what is refused


@pytest.mark.parametrize(
    ("shape", "settings", "message"),
    [
        ((48, 48, 3), {}, r"no widths for images 48 pixels high \(it has 32, 64, 256\): set widths"),
        (
            (8, 8, 3),
            {"widths": (8, 12)},
            "width 12 convolves 24 channels, which groups of group_width=16 do not divide",
        ),
        ((8, 8, 3), {"widths": (8, 8), "blocks": 0}, "blocks must be a whole number from 1 on, got 0"),
        (
            (8, 8, 3),
            {"widths": (16, 16), "float32_stages": 3},
            "float32_stages must be a whole number of at most 2, got 3",
        ),
    ],
)
def test_settings_that_are_refused(shape, settings, message):
    for net in (r3gan.Generator, r3gan.Discriminator):
        with pytest.raises(ValueError, match=message):
            net(shape, **settings)


def test_sizes_that_are_no_doublings_are_refused():
    with pytest.raises(
        ValueError, match="images of 12 x 10 cannot come from 2 doublings: each side must be a multiple of 4"
    ):
        jax.eval_shape(lambda: r3gan.Generator((12, 10, 3), **SMALL).init(jax.random.key(0), jnp.zeros((1, Z))))
