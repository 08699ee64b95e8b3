"""torch-mimicry's networks with the same weights, here and there: SNGAN, SSGAN and cGAN-PD at 32, 48, 64 and 128."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.architectures import sngan
from gan_jax.foreign.mimicry import convert_discriminator, convert_generator
from gan_jax.nn.dense import Dense

KINDS = [("sngan", size) for size in (32, 48, 64, 128)]
KINDS += [("ssgan", size) for size in (32, 48, 64, 128)]
KINDS += [("cgan_pd", size) for size in (32, 128)]
NAMES = {"sngan": "SNGAN", "ssgan": "SSGAN", "cgan_pd": "CGANPD"}
SMALL = {32: 6, 48: 32, 64: 32, 128: 32}  # widths that halve as often as they must
COUNTS = {  # of parameters, as the package's networks have them: G, D with its heads; cGAN-PD's with 10 classes
    ("sngan", 32): (4_276_739, 1_053_825),
    ("sngan", 48): (4_878_083, 10_141_441),
    ("sngan", 64): (12_220_675, 10_141_441),
    ("sngan", 128): (32_150_787, 29_017_857),
    ("ssgan", 32): (4_276_739, 1_054_341),
    ("ssgan", 48): (4_878_083, 10_145_541),
    ("ssgan", 64): (12_220_675, 10_145_541),
    ("ssgan", 128): (32_150_787, 29_021_957),
    ("cgan_pd", 32): (4_304_387, 1_055_105),
    ("cgan_pd", 128): (32_239_491, 29_028_097),
}


def networks(modules, kind, size, small):
    """(G, D) of the package."""
    import torch

    (module,) = modules("torch_mimicry", f"nets.{kind}.{kind}_{size}")
    torch.manual_seed(0)
    classes = {"num_classes": 2 if small else 10} if kind == "cgan_pd" else {}
    width = lambda name: {name: SMALL[size]} if small else {}
    g = getattr(module, f"{NAMES[kind]}Generator{size}")(**classes, **width("ngf"), **({"nz": 5} if small else {}))
    wide = {"ndf": 1024} if kind == "cgan_pd" and size == 128 and not small else width("ndf")  # its default is 128
    return g, getattr(module, f"{NAMES[kind]}Discriminator{size}")(**classes, **wide)


def as_module(imported):
    """Our network as the settings of an import say."""
    settings = dict(imported.settings)
    made = getattr(sngan, settings.pop("type").rpartition(".")[2])
    return made(imported.image_shape, num_classes=imported.num_classes, **settings)


def computed(references, state, image_shape, train=False):
    """What our networks compute with a state dict {name: array}, under the names of the golden files."""
    if "l1.weight" in state:
        imported = convert_generator(state)
        x, label = references.inputs((imported.latent_dim,), imported.num_classes)
        images, moved = references.run(as_module(imported), imported.variables, x, label, train)
        out = {"images": np.asarray(images)}
        if train:
            out["mean"] = np.asarray(moved["batch_stats"]["norm"]["mean"])
            out["variance"] = np.asarray(moved["batch_stats"]["norm"]["variance"])
        return out
    imported = convert_discriminator(state)
    x, label = references.inputs(image_shape, imported.num_classes)
    verdict = references.run(as_module(imported), imported.variables, x, label, False)[0]
    out = {"logits": np.asarray(verdict.logits)}
    for head in imported.heads.values():
        out["turns"] = np.asarray(Dense(4, scheme="spectral").apply(head, verdict.features["pooled"]))
    return out


def theirs(net, references, image_shape, train):
    """What the package computes; in training mode its spectral norm moves first."""
    import torch

    generates = hasattr(net, "nz")
    classes = getattr(net, "num_classes", 0) if "CGAN" in type(net).__name__ else 0
    x, label = references.inputs((net.nz,) if generates else image_shape, classes)
    x = torch.from_numpy(x if generates else np.moveaxis(x, -1, 1).copy())
    with torch.no_grad():
        out = net.train(train)(x, *(() if label is None else (torch.from_numpy(label),)))
    if generates:
        out = {"images": out.numpy().transpose(0, 2, 3, 1)}
        if train:
            last = [part for part in net.modules() if type(part).__name__ == "BatchNorm2d"][-1]
            out |= {"mean": last.running_mean.numpy().copy(), "variance": last.running_var.numpy().copy()}
        return out
    logits, *turns = out if isinstance(out, tuple) else (out,)
    return {"logits": logits[:, 0].numpy()} | ({"turns": turns[0].numpy()} if turns else {})


def load(net, state):
    import torch

    net.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})


def arrays(net):
    return {name: tensor.numpy().copy() for name, tensor in net.state_dict().items()}


def golden_mode(size, player):
    """Of the two modes the one that the golden file holds: each is a compilation."""
    return "train" if player == "g" and size in (32, 64) else "eval"


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore")
def test_small_networks_agree_and_are_kept(references, modules):
    cases = {}
    for kind, size in KINDS:
        for player, net in zip("gd", networks(modules, kind, size, small=True), strict=True):
            shapes = {name: list(tensor.shape) for name, tensor in net.state_dict().items()}
            state, outputs = references.seeded(shapes), {}
            for train in (False, True):
                load(net, state)
                expected = theirs(net, references, (size, size, 3), train)
                ours = computed(references, state, (size, size, 3), train)
                for name in ours:
                    assert references.error(ours[name], expected[name]) < 1e-4, (kind, size, player, train, name)
                if ("train" if train else "eval") == golden_mode(size, player):
                    outputs = expected | {k: references.thinned(v) for k, v in expected.items() if k == "images"}
            if kind != "ssgan" or player == "d":  # SSGAN's generator is SNGAN's
                cases[f"{kind}{size}_{player}"] = (shapes, outputs)
    references.settle("mimicry", cases)


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind, size", KINDS)
def test_networks_of_full_width_agree(references, modules, kind, size):
    """Weights as the package draws them, statistics and vectors after passes in training mode."""
    errors = {}
    for player, net in zip("GD", networks(modules, kind, size, small=False), strict=True):
        for train in (True, False):  # first in training, which moves the statistics
            before = arrays(net)
            expected = theirs(net, references, (size, size, 3), train)
            if train and player == "D":  # it has no statistics of batches, and what moves is the spectral norm
                continue
            ours = computed(references, before, (size, size, 3), train)
            for name in ours:
                errors[f"{player} {'train' if train else 'eval'} {name}"] = references.error(ours[name], expected[name])
        assert sum(parameter.numel() for parameter in net.parameters()) == COUNTS[kind, size]["GD".index(player)]
    print(kind, size, {name: f"{error:.0e}" for name, error in errors.items()})
    assert max(errors.values()) < 1e-4


@pytest.mark.parametrize("kind, size", KINDS)
def test_parameter_counts_are_the_packages(kind, size):
    classes, shape = 10 if kind == "cgan_pd" else 0, (size, size, 3)
    generator = sngan.Generator(
        shape, norm="conditional_batch" if classes else "batch", upsample="linear", num_classes=classes
    )
    discriminator = sngan.Discriminator(shape, num_classes=classes, rectified_shortcut=True)

    def count(module, *x):
        made = jax.eval_shape(lambda: module.init(jax.random.key(0), *(jnp.zeros((2, *n)) for n in x), label))
        return sum(leaf.size for leaf in jax.tree.leaves(made["params"])), made

    label = jnp.zeros(2, jnp.int32)
    of_g, _ = count(generator, (128,))
    of_d, made = count(discriminator, shape)
    if kind == "ssgan":
        of_d += 4 * (made["params"]["head"]["kernel"].shape[0] + 1)
    assert (of_g, of_d) == COUNTS[kind, size]


@pytest.mark.parametrize(
    "kind, size, player",
    [(kind, size, player) for kind, size in KINDS for player in "gd" if kind != "ssgan" or player == "d"],
)  # SSGAN's generator is SNGAN's
def test_small_networks_give_the_golden_outputs(references, kind, size, player):
    """In evaluation, and a generator also in training, with the statistics that it leaves behind."""
    shapes, expected = references.golden("mimicry", f"{kind}{size}_{player}")
    train = golden_mode(size, player) == "train"
    outputs = computed(references, references.seeded(shapes), (size, size, 3), train)
    for name, value in outputs.items():
        assert references.error(references.thinned(value) if name == "images" else value, expected[name]) < 1e-4


def example_state(references, case="sngan32_g"):
    return references.seeded(references.golden("mimicry", case)[0])


def test_full_width_networks_are_our_defaults(references):
    """Widths that the tables have are left to them."""
    shapes = references.golden("mimicry", "sngan32_g")[0]
    state = {
        name: np.zeros([256 if n == 6 else n * 256 // 6 if n == 96 else n for n in shape], np.float32)
        for name, shape in shapes.items()
    }
    imported = convert_generator(state)
    assert imported.settings == {"type": "sngan.Generator", "norm": "batch", "upsample": "linear"}
    assert imported.image_shape == (32, 32, 3) and imported.latent_dim == 5 and imported.num_classes == 0


def test_what_does_not_fit_is_listed_and_nothing_imported(references):
    state = example_state(references)
    lacking = {name: array for name, array in state.items() if name != "block3.b1.running_var"}
    with pytest.raises(
        ValueError, match="torch-mimicry's residual generator: 1 entries differ.*block3.b1.running_var is missing"
    ):
        convert_generator(lacking)
    with pytest.raises(ValueError, match=r"block3.c2.bias is \(7,\), not \(6,\)"):
        convert_generator(state | {"block3.c2.bias": np.zeros(7, np.float32)})
    with pytest.raises(ValueError, match="2 entries differ.*extra is not known; more is not known"):
        convert_generator(state | {"extra": np.zeros(1), "more": np.zeros(1)})
    with pytest.raises(ValueError, match="block2.c1.weight is missing"):
        convert_generator({"fc.weight": np.zeros((2, 2))})
    with pytest.raises(ValueError, match="residual discriminator: .* block4.c1.weight_orig is missing"):
        convert_discriminator(state)


def test_rotation_head_is_read_whole(references):
    state = example_state(references, "ssgan32_d")
    assert set(convert_discriminator(state).heads) == {"rotation"}
    with pytest.raises(ValueError, match=r"l_y.bias is \(3,\), not \(4,\)"):
        convert_discriminator(state | {"l_y.bias": np.zeros(3, np.float32)})
