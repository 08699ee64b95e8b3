"""BigGAN: counted at full size, its latents' ways, and what it refuses. tests/foreign compare it with PyTorch's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import traverse_util

from gan_jax.architectures import biggan_deep as deep
from gan_jax.architectures.biggan import Discriminator, Generator
from gan_jax.architectures.parts.biggan_layers import initializer
from gan_jax.nn.spectral import iterate
from gan_jax.setup.config_files import load_config
from gan_jax.setup.setup import Setup

LABEL = np.array([2, 0, 1, 2])
SHAPE = (16, 16, 2)
SMALL = {"widths": (16, 8, 8), "attention": 8}  # two blocks, three parts of the latents


def shapes(module, *args):
    return jax.eval_shape(lambda: module.init(jax.random.key(0), *args))


@pytest.mark.parametrize(
    "side, latents, of_g, of_d",
    [  # ch 96, 1000 classes. BigGAN-PyTorch prints the counts at 128 (logs/BigGAN_ch96_bs256x8); the others are its code's.
        (64, 100, 70_083_972, 45_500_449),
        (128, 120, 70_433_988, 87_982_370),
        (256, 140, 82_235_844, 99_225_890),
        (512, 128, 82_296_804, None),
    ],
)
def test_parameter_counts_are_the_published(count, side, latents, of_g, of_d):
    label, shape = jnp.zeros(2, jnp.int32), (side, side, 3)
    assert count(Generator(shape, num_classes=1000), jnp.zeros((2, latents)), label) == of_g
    if of_d:
        assert count(Discriminator(shape, num_classes=1000), jnp.zeros((2, *shape)), label) == of_d


def test_parameter_counts_of_the_cifar_script(count):
    """ch 64, a scale and bias for each class in each norm, all latents into the stem."""
    label, shape = jnp.zeros(2, jnp.int32), (32, 32, 3)
    generator = Generator(shape, ch=64, hierarchical=False, embedding_dim=0, num_classes=10)
    assert count(generator, jnp.zeros((2, 128)), label) == 4_304_387
    assert count(Discriminator(shape, ch=64, num_classes=10), jnp.zeros((2, *shape)), label) == 4_207_361


def test_attention_stands_where_the_map_is_64_high():
    params = shapes(Generator((128, 128, 3), ch=8), jnp.zeros((2, 120)))["params"]
    assert params["attention"]["theta"]["kernel"].shape == (1, 1, 16, 2)  # after the block of 2 ch
    params = shapes(Discriminator((128, 128, 3), ch=8), jnp.zeros((2, 128, 128, 3)))["params"]
    assert params["attention"]["theta"]["kernel"].shape == (1, 1, 8, 1)  # after the first block
    for more in ({"attention": 0}, {"attention": 256}):  # none; and higher than any map
        assert "attention" not in shapes(Generator((128, 128, 3), ch=8, **more), jnp.zeros((2, 120)))["params"]


@pytest.mark.parametrize("network, widths", [(Discriminator, (8, 16)), (deep.Discriminator, (8, 8, 16))])
def test_blocks_that_attend_may_be_named(network, widths):
    named = lambda **more: shapes(network(SHAPE, widths=widths, halvings=1, **more), jnp.zeros((2, *SHAPE)))["params"]
    one, same, both = named(attention=8), named(attention_blocks=(0,)), named(attention_blocks=(0, 1))
    assert {"attention"} == one.keys() - same.keys() and {"block0_attention"} == same.keys() - one.keys()
    assert one["attention"] == same["block0_attention"] == both["block0_attention"]
    assert both["block1_attention"]["theta"]["kernel"].shape == (1, 1, 16, 2)
    with pytest.raises(ValueError, match="attention_blocks names block 2, and there are 2, from 0 on"):
        named(attention_blocks=(2,))


@pytest.mark.parametrize("upsample", ["nearest", "zeros"])
@pytest.mark.parametrize("train", [True, False])
def test_unconditional_generator_by_numpy(layers, filled, compiled, train, upsample):
    """Each block's norms are modulated by its own part of the latents, the first part is the stem's."""
    module = Generator(SHAPE, widths=(6, 4, 5), attention=0, scheme=None, upsample=upsample)
    z = np.random.default_rng(1).normal(size=(4, 9)).astype(np.float32)
    variables = filled(module, z)
    for layer in variables["params"].values():
        if "hidden" in layer:
            layer["scale"]["kernel"] /= 32  # a sum over 32 units, of positive numbers: so that tanh does not saturate
    made = compiled(lambda v, z: module.apply(v, z, train=train))(variables, z)

    net = layers(variables, train)
    double = net.double if upsample == "nearest" else net.unpool
    x = net.dense("stem/Dense_0", z[:, :3]).reshape(4, 4, 4, 6)
    for i, part in enumerate((z[:, 3:6], z[:, 6:])):
        h = double(net.relu(net.modulated_norm(f"block{i}_norm1", x, part)))
        h = net.conv(f"block{i}_conv1", h)
        h = net.conv(f"block{i}_conv2", net.relu(net.modulated_norm(f"block{i}_norm2", h, part)))
        x = h + net.conv(f"block{i}_shortcut", double(x))
    expected = np.tanh(net.conv("to_image", net.relu(net.norm("norm", x))))
    np.testing.assert_allclose(made, expected, atol=1e-4)
    assert np.ptp(expected) > 0.5


def test_parts_of_the_latents_enter_at_their_blocks(filled):
    """In evaluation: the first part moves all maps, the last only the last one."""
    module = Generator(SHAPE, **SMALL, num_classes=3)
    z = np.random.default_rng(1).normal(size=(4, 9)).astype(np.float32)
    variables = filled(module, z, LABEL)

    @jax.jit
    def maps(z):
        taps = module.apply(variables, z, LABEL, mutable=["taps"])[1]["taps"]
        return [taps[f"block{i}"][0] for i in range(2)]

    before = maps(z)
    moved = [[bool(jnp.any(a != b)) for a, b in zip(maps(z + push), before, strict=True)] for push in np.eye(9)[::4]]
    assert moved == [[True, True], [True, True], [False, True]]  # entries 0, 4 and 8: stem, first and second block


@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_all_matrices_but_the_embedding_are_normalised(filled, player):
    net = (Generator if player == "generator" else Discriminator)(SHAPE, num_classes=3, **SMALL_OF[player])
    x = np.ones((4, 9) if player == "generator" else (4, *SHAPE), np.float32)
    variables = filled(net, x, LABEL)
    flat = traverse_util.flatten_dict(variables["params"])
    matrices = {path for path, leaf in flat.items() if leaf.ndim > 1 and path[0] != "embedding"}
    normalised = {path[:-1] for path in traverse_util.flatten_dict(variables["spectral"])}
    assert normalised == matrices and len(matrices) > 10
    doubled = jax.tree.map(lambda leaf: np.roll(leaf, 1), variables["params"])
    moved = iterate(doubled, variables["spectral"])
    assert jax.tree.all(jax.tree.map(lambda a, b: a.size == 1 or bool(jnp.any(a != b)), moved, variables["spectral"]))


SMALL_OF = {"generator": SMALL, "discriminator": {"widths": (8, 16), "halvings": 1, "attention": 8}}


@pytest.mark.parametrize("name", ["orthogonal", "normal", "glorot"])
def test_initialization(name):
    kernel = np.asarray(initializer(name)(jax.random.key(0), (3, 3, 16, 8))).reshape(-1, 8)
    if name == "orthogonal":
        np.testing.assert_allclose(kernel.T @ kernel, np.eye(8), atol=1e-5)
    else:
        limit = np.sqrt(6 / (9 * (16 + 8)))  # of Glorot's uniform distribution
        np.testing.assert_allclose(kernel.std(), {"normal": 0.02, "glorot": limit / np.sqrt(3)}[name], rtol=0.1)


def test_generators_begin_orthogonal():
    module = Generator((8, 8, 1), widths=(8, 8), attention=0, num_classes=3, scheme=None)
    params = jax.jit(module.init)(jax.random.key(0), jnp.zeros((2, 6)), LABEL[:2])["params"]
    for name in ("block0_conv1", "block0_shortcut"):
        kernel = np.asarray(params[name]["kernel"]).reshape(-1, 8)
        np.testing.assert_allclose(kernel.T @ kernel, np.eye(8), atol=1e-5)
    table = np.asarray(params["embedding"]["embedding"])  # [3, 128]
    np.testing.assert_allclose(table @ table.T, np.eye(3), atol=1e-5)


def config(**changes):
    made = load_config("configs/base.py").to_dict()
    made["data"]["shape"], made["batch_size"] = SHAPE, 4
    made["generator"] = {"type": "biggan.Generator", **SMALL}
    made["discriminator"] = {"type": "biggan.Discriminator", **SMALL_OF["discriminator"]}
    made["optim"]["generator"] |= {"b1": 0.0, "orthogonal": 1e-4}
    made["latents"]["dim"] = 9
    made["method"]["num_classes"] = 3
    made["ema"]["decay"] = 0.9
    for key, value in changes.items():
        made[key] |= value
    return made


def test_two_rounds_move_every_parameter(compiled):
    made = config(data={"shape": (8, 8, 1)}, latents={"dim": 6}, generator={"widths": (8, 8)})
    made["discriminator"] |= {"widths": (8, 8), "attention": 4}
    method = Setup.of(made).method
    images = np.random.default_rng(0).uniform(-1, 1, (1, 4, 8, 8, 1)).astype(np.float32)
    batch = {"image": jnp.asarray(images), "label": jnp.asarray([LABEL])}
    step = compiled(lambda s, b: method.step(s, b, method.stretches[0].phase))
    first = compiled(method.init)(jax.random.key(0))
    state = first
    for _ in range(2):  # in the first, the gain of attention is 0, so that its other weights stay
        state, metrics = step(state, batch)
    assert all(np.isfinite(float(value)) for value in metrics.values())
    for name, network in state.networks.items():
        still = jax.tree.map(lambda a, b: bool(jnp.all(a == b)), first.networks[name].params, network.params)
        kept = [path for path, same in traverse_util.flatten_dict(still, sep="/").items() if same]
        assert not kept, (name, kept)


def test_batch_of_2048_at_full_size_by_shapes():
    """SS-GAN's large run: unconditional, self-modulated, in bfloat16."""
    made = config(data={"shape": (128, 128, 3)}, latents={"dim": 120}, method={"num_classes": 0})
    made |= {"batch_size": 2048, "precision": "bfloat16"}
    made |= {"generator": {"type": "biggan.Generator"}, "discriminator": {"type": "biggan.Discriminator"}}
    method = Setup.of(made).method
    batch = {"image": jax.ShapeDtypeStruct((1, 2048, 128, 128, 3), jnp.float32)}
    state = jax.eval_shape(method.init, jax.random.key(0))
    after, _ = jax.eval_shape(lambda s, b: method.step(s, b, method.stretches[0].phase), state, batch)
    assert jax.tree.map(lambda a: (a.shape, a.dtype), after) == jax.tree.map(lambda a: (a.shape, a.dtype), state)
    assert "embedding" not in state.networks["generator"].params


@pytest.mark.parametrize(
    "module, latents, message",
    [
        (Generator((128, 128, 3)), 128, "128 numbers cannot be split into 6 equal parts.*set latents.dim to 126"),
        (Generator(SHAPE, **SMALL), 2, "latents.dim to 3,"),
        (Generator((40, 40, 3)), 9, "no widths for images 40 pixels high .*32, 64, 128, 256, 512.*set widths"),
        (Generator((20, 16, 3), widths=(8, 8, 8, 8)), 9, "20 x 16 cannot come from 3 doublings"),
        (Generator(SHAPE, widths=(8, 8, 8), attention=12), 9, "attention=12: .* their heights are 8, 16"),
        (Generator(SHAPE, **SMALL, upsample="linear"), 9, "upsample is 'nearest' or 'zeros', not 'linear'"),
        (Generator(SHAPE, **SMALL, initialization="he"), 9, "initialization is one of orthogonal, normal, glorot"),
        (Generator(SHAPE, **SMALL, norm="batchnorm"), 9, "unknown norm 'batchnorm'; known: none, batch"),
        (Generator(SHAPE, **SMALL, norm="batch"), 9, "these take none: set hierarchical to False"),
        (Generator(SHAPE, **SMALL, norm="batch", hierarchical=False, num_classes=3), 9, "knows no classes"),
        (Generator(SHAPE, **SMALL, num_classes=3, embedding_dim=0), 9, "these take none.*embedding_dim"),
        (Discriminator(SHAPE, widths=(8, 8)), None, "set halvings"),
        (Discriminator(SHAPE, widths=(8, 8), halvings=1, attention=4), None, "attention=4: .* their heights are 8\\b"),
    ],
)
def test_what_is_refused(module, latents, message):
    x = jnp.zeros((2, latents)) if latents else jnp.zeros((2, *module.image_shape))
    label = jnp.zeros(2, jnp.int32)
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(lambda: module.init(jax.random.key(0), x, label))
