"""A round of E-GAN on its convolutional networks, beside an implementation in PyTorch with the same weights and latents."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax import latents, losses, optim
from gan_jax.architectures import dcgan
from gan_jax.game import Phase, Stretch
from gan_jax.methods.evolutionary import Evolutionary
from gan_jax.regularizers.gradient_penalty import gradient_penalty
from gan_jax.types import named_key

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore")]
F = torch.nn.functional

SHAPE, B, SIZE, MU, RATE, LAMBDA, GAMMA = (16, 16, 3), 4, 8, 2, 2e-3, 2.0, 0.05


def as_torch(tree):
    return jax.tree.map(lambda leaf: torch.tensor(np.array(leaf), requires_grad=True), tree)


def generated(p, z):
    """Dense, deconvolution, deconvolution to tanh; no norm."""
    x = z @ p["stem"]["Dense_0"]["kernel"] + p["stem"]["Dense_0"]["bias"]
    x = F.relu(x.reshape(-1, 4, 4, 8).permute(0, 3, 1, 2))
    turned = lambda kernel: kernel.flip(0, 1).permute(2, 3, 0, 1)
    for name, last in (("deconv0", False), ("to_image", True)):
        x = F.conv_transpose2d(x, turned(p[name]["kernel"]), p[name]["bias"], stride=2, padding=1)
        x = torch.tanh(x) if last else F.relu(x)
    return x


def judged(p, x):
    """Convolutions with leaky ReLU, batch normalisation by the batch on the second; one dense layer."""
    conv = lambda name, x: F.conv2d(x, p[name]["kernel"].permute(3, 2, 0, 1), p[name].get("bias"), stride=2, padding=1)
    x = F.leaky_relu(conv("conv0", x), 0.2)
    x = F.batch_norm(conv("conv1", x), None, None, p["norm1"]["scale"], p["norm1"]["bias"], training=True)
    x = F.leaky_relu(x, 0.2).permute(0, 2, 3, 1).flatten(1)
    return (x @ p["head"]["kernel"] + p["head"]["bias"])[:, 0]


def descended(parameters, moments, gradients):
    """Adam with b1 0.5, step by step."""
    (first, second, count), after = moments, []
    count += 1
    first = [0.5 * m + 0.5 * g for m, g in zip(first, gradients, strict=True)]
    second = [0.999 * v + 0.001 * g**2 for v, g in zip(second, gradients, strict=True)]
    for p, m, v in zip(parameters, first, second, strict=True):
        after.append(p.detach() - RATE * (m / (1 - 0.5**count)) / ((v / (1 - 0.999**count)).sqrt() + 1e-8))
    return after, (first, second, count)


def rebuilt(tree, leaves):
    return jax.tree.unflatten(jax.tree.structure(tree), [leaf.requires_grad_() for leaf in leaves])


def losses_of_d(p, real, fake):
    return F.softplus(-judged(p, real)).mean() + F.softplus(judged(p, fake)).mean()


def test_two_rounds():
    phase = Phase(SHAPE, B, 2)
    adam = lambda: optim.adam(RATE, b1=0.5)
    game = Evolutionary(
        dcgan.Generator(SHAPE, (8, 6), 4, "none"),
        dcgan.Discriminator(SHAPE, (5, 7), 4),
        losses.non_saturating(),
        {"generator": adam(), "discriminator": adam()},
        (Stretch(phase, 0, 9),),
        {"penalty": gradient_penalty(LAMBDA)},
        latents.uniform(6),
        survivors=MU,
        gamma=GAMMA,
        evaluated=SIZE,
    )
    rng = np.random.default_rng(0)
    rounds = [rng.uniform(-1, 1, (2, B, *SHAPE)).astype(np.float32) for _ in range(2)]
    state = game.init(jax.random.key(0))
    step = jax.jit(functools.partial(game.step, phase=phase))

    whole = state.networks["generator"].params
    members = [as_torch(jax.tree.map(lambda leaf, i=i: leaf[i], whole)) for i in range(MU)]
    d = as_torch(state.networks["discriminator"].params)
    at_rest = lambda p: (
        [torch.zeros_like(x) for x in jax.tree.leaves(p)],
        [torch.zeros_like(x) for x in jax.tree.leaves(p)],
        0,
    )
    parents, of_d = [(p, at_rest(p)) for p in members], at_rest(d)
    draw = lambda key, n: torch.tensor(np.array(game.latents.draw(named_key(key, "latents"), n)))
    nchw = lambda x: torch.tensor(np.moveaxis(x, -1, -3).copy())
    mutations = (
        lambda fake: -F.softplus(fake).mean(),
        lambda fake: F.softplus(-fake).mean(),
        lambda fake: ((torch.sigmoid(fake) - 1) ** 2).mean(),
    )
    for t, batch in enumerate(rounds):
        key, real = jax.random.fold_in(jax.random.key(0), t), nchw(batch)
        beside = real.transpose(0, 1).reshape(-1, *real.shape[2:])
        children = []
        for number in range(3 * MU):
            (p, moments), kind = parents[number // 3], number % 3
            own = jax.random.fold_in(named_key(key, "child"), number)
            z = draw(jax.random.fold_in(named_key(own, "mutation"), 0), B)
            slopes = torch.autograd.grad(mutations[kind](judged(d, generated(p, z))), jax.tree.leaves(p))
            leaves, moments = descended(jax.tree.leaves(p), moments, slopes)
            child = rebuilt(p, leaves)
            images = generated(child, draw(named_key(own, "evaluation"), SIZE)).detach()
            slopes = torch.autograd.grad(losses_of_d(d, beside, images), jax.tree.leaves(d))
            norm = torch.sqrt(sum((g**2).sum() for g in slopes))
            fit = torch.sigmoid(judged(d, images)).mean() - GAMMA * torch.log(norm)
            children.append((float(fit.detach()), child, moments, images))
        children.sort(key=lambda each: -each[0])
        parents = [(child, moments) for _, child, moments, _ in children[:MU]]
        order = np.asarray(jax.random.permutation(named_key(key, "shuffle"), MU * SIZE))[: 2 * B]
        fakes = torch.cat([images for *_, images in children[:MU]])[order.copy()].reshape(2, B, 3, 16, 16)
        for i in range(2):
            own = named_key(jax.random.fold_in(named_key(key, "discriminator"), i), "penalty")
            along = torch.tensor(np.array(jax.random.uniform(own, (B, 1, 1, 1))))
            between = (along * real[i] + (1 - along) * fakes[i]).requires_grad_()
            slope = torch.autograd.grad(judged(d, between).sum(), between, create_graph=True)[0].flatten(1).norm(dim=1)
            loss = losses_of_d(d, real[i], fakes[i]) + LAMBDA * ((slope - 1) ** 2).mean()
            leaves, of_d = descended(jax.tree.leaves(d), of_d, torch.autograd.grad(loss, jax.tree.leaves(d)))
            d = rebuilt(d, leaves)
        state, metrics = step(state, {"image": jnp.asarray(batch)})
        assert float(metrics["g/fitness"]) == pytest.approx(children[0][0], abs=1e-4)
        for i, (p, _) in enumerate(parents):
            ours = jax.tree.map(lambda leaf, i=i: leaf[i], state.networks["generator"].params)
            for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(p), strict=True):
                np.testing.assert_allclose(a, b.detach().numpy(), atol=2e-5)
        for a, b in zip(jax.tree.leaves(state.networks["discriminator"].params), jax.tree.leaves(d), strict=True):
            np.testing.assert_allclose(a, b.detach().numpy(), atol=2e-5)
