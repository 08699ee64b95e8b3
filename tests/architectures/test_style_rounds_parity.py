"""One whole round of Progressive GAN, StyleGAN and StyleGAN2, played again in PyTorch with the same weights and chance.

With `-m parity`, where PyTorch is installed.
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.architectures import progan, stylegan, stylegan2
from gan_jax.game import Phase, Stretch
from gan_jax.losses import non_saturating, wasserstein
from gan_jax.methods.adversarial import Adversarial
from gan_jax.optim import Ema, adam
from gan_jax.regularizers.drift import drift
from gan_jax.regularizers.gradient_penalty import gradient_penalty, r1
from gan_jax.regularizers.path_length import path_length
from gan_jax.types import named_key

pytestmark = pytest.mark.parity

SHAPE, BASE, B, Z, RATE, DECAY = (16, 8, 2), (4, 2), 8, 6, 1e-2, 0.9
WIDTHS = {"channel_base": 64, "channel_max": 8}
STYLED = {"w_dim": 5, "mapping_layers": 2, "mixing": 0.0, "noise": False}


@dataclasses.dataclass(frozen=True)
class Given:
    """Latents that are known."""

    dim: int = Z

    def draw(self, key, n):
        return jnp.asarray(np.random.default_rng(5).normal(size=(n, Z)), jnp.float32)


GAMES = {
    "progan": (progan, {}, wasserstein(), {"gp": gradient_penalty(10.0, full_height=32), "drift": drift(1e-3)}),
    "stylegan": (stylegan, STYLED, non_saturating(), {"r1": r1(2.0)}),
    "stylegan2": (stylegan2, STYLED, non_saturating(), {"r1": r1(2.0), "lengths": path_length(2.0)}),
}


def played(name, before):
    nets, options, loss, regularizers = GAMES[name]
    game = Adversarial(
        nets.Generator(SHAPE, BASE, **WIDTHS, **options),
        nets.Discriminator(SHAPE, BASE, **WIDTHS),
        loss,
        {player: adam(RATE, b1=0.0, b2=0.99) for player in ("generator", "discriminator")},
        (Stretch(Phase(SHAPE, B), 0, 10),),
        regularizers,
        Given(),
        ema=Ema(DECAY, before=before),
    )
    state = game.init(jax.random.key(0))
    rng = np.random.default_rng(1)
    fill = lambda leaf: leaf + 0.2 * rng.normal(size=leaf.shape).astype(np.float32)
    networks = {
        name: net.replace(params=jax.tree.map(fill, net.params), stats=jax.tree.map(fill, net.stats))
        for name, net in state.networks.items()
    }
    state = state.replace(networks=networks)
    real = rng.normal(size=(1, B, *SHAPE)).astype(np.float32)
    after, metrics = jax.jit(game.step, static_argnums=2)(state, {"image": real}, game.stretches[0].phase)
    return state, real[0], after, metrics


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("name", GAMES)
def test_a_round_is_the_same_in_pytorch(torch_style, name, before):
    torch, f = torch_style.torch, torch_style.F
    state, real, after, metrics = played(name, before)
    params = {which: torch_style.tensors(net.params) for which, net in state.networks.items()}
    g, d = params["generator"], params["discriminator"]
    first = lambda images: torch.tensor(np.moveaxis(np.asarray(images, np.float64), -1, 1))
    z = torch.tensor(np.asarray(Given().draw(None, B), np.float64))
    real = first(real)
    average = None
    if name != "progan":
        average = torch.tensor(np.asarray(state.networks["generator"].stats["averages"]["w"], np.float64))

    def mapped():
        return torch_style.mapping(g["mapping"], z, second=name == "stylegan2")

    def synthesized(codes):
        if name == "stylegan2":
            return torch_style.stylegan2_synthesis(g["synthesis"], codes, {})
        return torch_style.stylegan_synthesis(g["synthesis"], codes, BASE, 2, 1.0, {})

    def made():
        nonlocal average
        if name == "progan":
            return torch_style.progan_generator(g, z, BASE, 2, 1.0)
        w = mapped()
        average = 0.995 * average + 0.005 * w.mean(0).detach()
        return synthesized(w[:, None].repeat(1, 6, 1))

    def judged(images):
        if name == "stylegan2":
            return torch_style.stylegan2_discriminator(d, images, 2)
        return torch_style.progan_discriminator(d, images, 2, 1.0, blur=name == "stylegan")

    def slope(images):
        images = images.detach().requires_grad_()
        (of,) = torch.autograd.grad(judged(images).sum(), images, create_graph=True)
        return (of**2).sum((1, 2, 3))

    clear = {}  # by tensor, where the gradient is more than rounding

    def stepped(tree, loss):
        """Adam's first step with b1 = 0: the rate times the gradient over its size."""
        leaves = leaves_of(tree)
        slopes = torch.autograd.grad(loss, leaves, allow_unused=True)
        largest = max(float(by.abs().max()) for by in slopes if by is not None)
        with torch.no_grad():
            for leaf, by in zip(leaves, slopes, strict=True):
                by = torch.zeros_like(leaf) if by is None else by
                clear[id(leaf)] = (by.abs() > 1e-6 * largest).numpy()
                leaf -= RATE * by / (by.abs() + 1e-8)

    def leaves_of(tree):
        return [leaf for value in tree.values() for leaf in (leaves_of(value) if isinstance(value, dict) else [value])]

    def copied(tree):
        return {k: copied(v) if isinstance(v, dict) else v.detach().clone() for k, v in tree.items()}

    def averaged(old, new):
        return {
            k: averaged(old[k], v) if isinstance(v, dict) else DECAY * old[k] + (1 - DECAY) * v.detach()
            for k, v in new.items()
        }

    ema = torch_style.tensors(state.networks["generator"].ema["params"])
    key = jax.random.fold_in(state.key, 0)
    # D's update
    fake = made().detach()
    of_real, of_fake = judged(real), judged(fake)
    if name == "progan":
        along = jax.random.uniform(named_key(jax.random.fold_in(key, 0), "gp"), (B, 1, 1, 1))
        along = torch.tensor(np.asarray(along, np.float64))
        penalty = ((torch.sqrt(slope(along * real + (1 - along) * fake)) * 16 / 32 - 1) ** 2).mean()
        loss_d = of_fake.mean() - of_real.mean() + 10 * penalty + 1e-3 * (of_real**2).mean()
    else:
        loss_d = f.softplus(of_fake).mean() + f.softplus(-of_real).mean() + slope(real).mean()  # gamma / 2 = 1
    stepped(d, loss_d)
    if before:
        ema, kept = averaged(ema, g), copied({"w": average} if average is not None else {})
    # G's update
    of_fake = judged(made())
    loss_g = -of_fake.mean() if name == "progan" else f.softplus(-of_fake).mean()
    if name == "stylegan2":
        n = B // 2
        y = jax.random.normal(named_key(jax.random.fold_in(key, 1), "lengths"), (n, *SHAPE)) / np.sqrt(16 * 8)
        codes = mapped()[:n, None].repeat(1, 6, 1)
        (by,) = torch.autograd.grad((synthesized(codes) * first(y)).sum(), codes, create_graph=True)
        lengths = torch.sqrt((by**2).sum(2).mean(1))
        mean = 0.01 * lengths.mean()
        loss_g = loss_g + 2 * ((lengths - mean) ** 2).mean()
        np.testing.assert_allclose(after.memory["lengths"], mean.detach().numpy(), rtol=1e-4)
    stepped(g, loss_g)
    if not before:
        ema, kept = averaged(ema, g), copied({"w": average} if average is not None else {})

    np.testing.assert_allclose(metrics["d/total"], loss_d.item(), rtol=1e-4)
    np.testing.assert_allclose(metrics["g/total"], loss_g.item(), rtol=1e-4)
    generator = after.networks["generator"]
    discriminator = after.networks["discriminator"].params
    for tree, expected, of in ((generator.params, g, g), (discriminator, d, d), (generator.ema["params"], ema, g)):
        for path, leaf in jax.tree.leaves_with_path(tree):
            where = "/".join(key.key for key in path)
            off = np.abs(np.asarray(leaf) - torch_style.at(expected, where).detach().numpy())
            sure = clear[id(torch_style.at(of, where))]
            # A step of Adam is of one size whatever the gradient's, so that a gradient of about 0 goes either way.
            assert off[sure].max(initial=0) < 2e-3 * RATE, where
            assert off.max() < 2.5 * RATE, where
    if average is not None:
        np.testing.assert_allclose(generator.stats["averages"]["w"], average, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(generator.ema["stats"]["averages"]["w"], kept["w"], rtol=1e-4, atol=1e-6)
