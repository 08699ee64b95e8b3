"""U-Net, PatchGAN, CycleGAN's translator, and whole rounds of both games, against PyTorch with the same weights and chance.

With `-m parity`, where PyTorch is installed. Rounds are played in float64 on both sides and agree within 1e-9: in float32
rounding alone moves weights of CycleGAN by up to 3e-4 in five rounds, which a mistake could hide behind.
"""

import importlib.util
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.architectures import patchgan, resnet_translator, unet
from gan_jax.game import Phase, Stretch
from gan_jax.losses import least_squares, non_saturating
from gan_jax.methods.cyclegan import CycleGAN
from gan_jax.methods.pix2pix import Pix2Pix
from gan_jax.optim import sgd
from gan_jax.types import named_key

pytestmark = pytest.mark.parity

B, SHAPE, RATE = 2, (16, 16, 2), 0.05


@pytest.fixture(scope="module")
def theirs():
    torch = pytest.importorskip("torch")
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    spec = importlib.util.spec_from_file_location("torch_translation", Path(__file__).with_name("torch_translation.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    torch.set_default_dtype(before)


def channels_first(x):
    return np.moveaxis(np.asarray(x, np.float64), -1, 1)


def close(found, wanted, tolerance=1e-4):
    wanted = np.asarray(wanted, np.float64)
    np.testing.assert_allclose(
        np.asarray(found), wanted, rtol=0, atol=tolerance * max(float(np.abs(wanted).max()), 1e-3)
    )


NETS = {
    "U-Net of 8 halvings": (unet.Generator((256, 256, 3), width=4), "unet", (1, 256, 256, 3)),
    "U-Net, instance": (unet.Generator((32, 32, 3), width=8, norm="instance"), "unet", (2, 32, 32, 3)),
    "ResNet of 9 blocks": (resnet_translator.Generator((64, 64, 3), width=8), "resnet", (1, 64, 64, 3)),
    "PatchGAN of 70 pixels": (patchgan.Discriminator((64, 64, 6), width=8), "patchgan", (2, 64, 64, 6)),
    "PatchGAN, instance": (patchgan.Discriminator((64, 64, 3), width=8, norm="instance"), "patchgan", (2, 64, 64, 3)),
    "PatchGAN of single pixels": (patchgan.Discriminator((8, 8, 3), width=8, layers=0), "patchgan", (2, 8, 8, 3)),
}


@pytest.mark.parametrize("name", NETS)
def test_outputs_and_gradients(name, theirs):
    net, other, shape = NETS[name]
    x = jax.random.normal(
        jax.random.key(3), shape
    )  # none of whose activations lies within rounding of a rectifier's corner
    variables = net.init(jax.random.key(0), x)
    params, stats = variables["params"], {k: v for k, v in variables.items() if k != "params"}
    options = {"dropout": False} if other != "patchgan" else {}

    def out(params, x):
        made = net.apply({"params": params, **stats}, x, train=True, **options)
        return made if other != "patchgan" else made.logits[..., None]

    made = jax.jit(out)(params, x)
    weights = jax.random.normal(jax.random.key(2), made.shape)
    of_params, of_x = jax.jit(jax.grad(lambda p, x: jnp.sum(out(p, x) * weights), (0, 1)))(params, x)

    torch, p = theirs.torch, theirs.tensors(params)
    given = torch.tensor(channels_first(x), requires_grad=True)
    wanted = getattr(theirs, other)(p, given)
    (wanted * torch.tensor(channels_first(weights))).sum().backward()
    close(channels_first(made), wanted.detach())
    close(channels_first(of_x), given.grad)
    largest = max(float(leaf.grad.abs().max()) for leaf in theirs.leaves(p))
    for path, leaf in jax.tree.leaves_with_path(of_params):
        mine = p
        for key in path:
            mine = mine[key.key]
        np.testing.assert_allclose(leaf, mine.grad, rtol=0, atol=1e-4 * largest, err_msg=str(path))


@pytest.fixture
def in_float64():
    with jax.enable_x64(True):
        yield


def pictures(n):
    return [jax.random.uniform(jax.random.key(i), (1, B, *SHAPE), jnp.float64, minval=-1) for i in range(n)]


def begun(game):
    """The state before the first round, its parameters and images in float64."""
    wide = lambda leaf: leaf.astype(jnp.float64) if leaf.dtype == jnp.float32 else leaf
    return jax.tree.map(wide, game.init(jax.random.key(0)))


def same(theirs, networks, params):
    for name, tree in params.items():
        for path, leaf in jax.tree.leaves_with_path(networks[name].params):
            mine = tree
            for key in path:
                mine = mine[key.key]
            np.testing.assert_allclose(leaf, mine.detach(), rtol=0, atol=1e-9, err_msg=f"{name} {path}")


@pytest.mark.parametrize("direction", ["a_to_b", "b_to_a"])
@pytest.mark.usefixtures("in_float64")
def test_rounds_of_pix2pix(direction, theirs):
    torch = theirs.torch
    phase = Phase(SHAPE, B)
    game = Pix2Pix(
        unet.Generator(SHAPE, width=3, dropout=0.0),
        patchgan.Discriminator(SHAPE, width=3, layers=1),
        non_saturating(),
        {name: sgd(RATE) for name in ("generator", "discriminator")},
        (Stretch(phase, 0, 5),),
        direction=direction,
        weight_l1=7.0,
    )
    state, step = begun(game), jax.jit(lambda s, b: game.step(s, b, phase))
    params = {name: theirs.tensors(net.params) for name, net in state.networks.items()}
    players = {name: torch.optim.SGD(theirs.leaves(tree), lr=RATE) for name, tree in params.items()}
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    toward = lambda logits, real: bce(logits, torch.full_like(logits, float(real)))
    a, b = pictures(2)
    x, y = (torch.tensor(channels_first(each[0])) for each in ((a, b) if direction == "a_to_b" else (b, a)))
    for _ in range(2):
        state, metrics = step(state, {"a": a, "b": b})
        fake = theirs.unet(params["generator"], x)
        judge = lambda other: theirs.patchgan(params["discriminator"], torch.cat([x, other], 1))
        players["discriminator"].zero_grad()
        of_d = toward(judge(y), True) + toward(judge(fake.detach()), False)
        (0.5 * of_d).backward()
        players["discriminator"].step()
        players["generator"].zero_grad()
        l1 = (fake - y).abs().mean()
        deceives = toward(judge(fake), True)
        (deceives + 7.0 * l1).backward()
        players["generator"].step()
        close(metrics["d/adversarial"], of_d.detach())
        close(metrics["g/adversarial"], deceives.detach())
        close(metrics["g/l1"], l1.detach())
        same(theirs, state.networks, params)


@pytest.mark.parametrize("turns", ["joint", "one_by_one"])
@pytest.mark.usefixtures("in_float64")
def test_rounds_of_cyclegan_with_its_pool(turns, theirs):
    torch, size = theirs.torch, 3
    phase, names = Phase(SHAPE, B), ("a_to_b", "b_to_a", "discriminator_a", "discriminator_b")
    translators = [resnet_translator.Generator(SHAPE, width=2, blocks=1)] * 2
    judges = [patchgan.Discriminator(SHAPE, width=3, layers=1, norm="instance")] * 2
    game = CycleGAN(
        *translators, *judges, least_squares(1.0), {name: sgd(RATE / 5) for name in names}, (Stretch(phase, 0, 9),),
        pool=size, turns=turns, weight_cycle=4.0,
    )  # fmt: skip
    state, step = begun(game), jax.jit(lambda s, b: game.step(s, b, phase))
    p = {name: theirs.tensors(net.params) for name, net in state.networks.items()}
    players = {name: torch.optim.SGD(theirs.leaves(tree), lr=RATE / 5) for name, tree in p.items()}
    images = pictures(10)
    kept = {"a": [], "b": []}
    l1 = lambda u, v: (u - v).abs().mean()
    toward = lambda logits, aim: (logits - aim).square().mean()

    def from_pool(domain, fakes, key):
        shown = []
        for i, image in enumerate(fakes):
            tossed, chosen = jax.random.split(jax.random.fold_in(key, i))
            if len(kept[domain]) < size:
                kept[domain].append(image)
            elif jax.random.bernoulli(tossed):
                place = int(jax.random.randint(chosen, (), 0, size))
                image, kept[domain][place] = kept[domain][place], image
            shown.append(image)
        return torch.stack(shown)

    for turn in range(5):
        batch = {"a": images[2 * turn], "b": images[2 * turn + 1]}
        key = jax.random.fold_in(state.key, state.step)
        state, metrics = step(state, batch)
        x = {domain: torch.tensor(channels_first(each[0])) for domain, each in batch.items()}
        there, back = (lambda x: theirs.resnet(p["a_to_b"], x)), (lambda x: theirs.resnet(p["b_to_a"], x))
        for movers in [("a_to_b", "b_to_a")] if turns == "joint" else [("a_to_b",), ("b_to_a",)]:
            fakes = {"b": there(x["a"]), "a": back(x["b"])}
            cycle = l1(back(fakes["b"]), x["a"]) + l1(there(fakes["a"]), x["b"])
            identity = l1(there(x["b"]), x["b"]) + l1(back(x["a"]), x["a"])
            deceives = sum(toward(theirs.patchgan(p[f"discriminator_{d}"], fakes[d]), 1.0) for d in "ab")
            for player in players.values():
                player.zero_grad()
            (deceives + 4.0 * cycle + 2.0 * identity).backward()
            for name in movers:
                players[name].step()
            told = sum(toward(theirs.patchgan(p[f"discriminator_{name[-1]}"], fakes[name[-1]]), 1.0) for name in movers)
            of_g = "g/adversarial" + ("" if turns == "joint" else f"_{movers[0]}")
            close(metrics[of_g], told.detach())
            total = 0.0
            for name in movers:
                domain = name[-1]
                fake = from_pool(domain, fakes[domain].detach(), named_key(key, f"pool_{domain}"))
                judge = lambda u, domain=domain: theirs.patchgan(p[f"discriminator_{domain}"], u)
                total = total + toward(judge(x[domain]), 1.0) + toward(judge(fake), 0.0)
            for player in players.values():
                player.zero_grad()
            (0.5 * total).backward()
            for name in movers:
                players[f"discriminator_{name[-1]}"].step()
        if turns == "joint":
            close(metrics["d/adversarial"], total.detach())
        same(theirs, state.networks, p)
        for domain, pool in kept.items():
            mine = channels_first(state.memory[f"pool_{domain}"]["images"])[: len(pool)]
            np.testing.assert_allclose(mine, torch.stack(pool).numpy(), rtol=0, atol=1e-9)
