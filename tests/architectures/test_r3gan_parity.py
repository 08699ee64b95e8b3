"""R3GAN's networks and its round beside an implementation in PyTorch, written from the formulas, with the same weights."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax import losses, optim
from gan_jax.architectures import r3gan
from gan_jax.game import Phase, Stretch
from gan_jax.latents import normal
from gan_jax.methods.adversarial import Adversarial
from gan_jax.optim import Ema
from gan_jax.regularizers.gradient_penalty import r1, r2
from gan_jax.setup.schedules import cosine_schedule
from gan_jax.types import ByImages, named_key

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore")]
F = torch.nn.functional

WIDTHS, GROUP, CLASSES, Z = (48, 48, 32, 16), 8, 5, 12
SETTINGS = {"widths": WIDTHS, "group_width": GROUP}
CASES = {"32": ((32, 32, 3), 0), "32, classes": ((32, 32, 3), CLASSES), "64 x 32": ((64, 32, 1), 0)}


def error(got, expected):
    """Root mean square of the difference, relative to that of what is expected."""
    got, expected = np.asarray(got, np.float64), np.asarray(expected, np.float64)
    assert got.shape == expected.shape
    return float(np.sqrt(np.mean((got - expected) ** 2)) / np.sqrt(np.mean(expected**2)))


def errors(got, expected):
    """By leaf of a tree of ours and the same tree of PyTorch's."""
    leaves = zip(jax.tree.leaves_with_path(got), jax.tree.leaves(expected), strict=True)
    return {jax.tree_util.keystr(path): error(a, b.detach().numpy()) for (path, a), b in leaves}


def as_torch(tree):
    return jax.tree.map(lambda leaf: torch.tensor(np.array(leaf), requires_grad=True), tree)


# --- PyTorch's: functions of our trees of parameters, on images [B, C, H, W]


def conv(p, x, groups=1):
    kernel = p["kernel"].permute(3, 2, 0, 1)
    return F.conv2d(x, kernel, p.get("bias"), padding=kernel.shape[-1] // 2, groups=groups)


def block(p, x):
    h = F.leaky_relu(conv(p["conv1"], x), 0.2)
    h = F.leaky_relu(conv(p["conv2"], h, h.shape[1] // GROUP), 0.2)
    return x + conv(p["conv3"], h)


def resampled(x, up):
    one = torch.tensor([1.0, 3.0, 3.0, 1.0])
    kernel = (torch.outer(one, one) / 64)[None, None].expand(x.shape[1], 1, 4, 4)
    if up:
        return F.conv_transpose2d(x, 4 * kernel, stride=2, padding=1, groups=x.shape[1])
    return F.conv2d(x, kernel, stride=2, padding=1, groups=x.shape[1])


def generate(p, z, label=None):
    if label is not None:
        z = torch.cat([z, F.one_hot(label, CLASSES).float() @ p["embedding"]["embedding"]], 1)
    x = p["basis"].permute(2, 0, 1)[None] * (z @ p["stem"]["kernel"])[:, :, None, None]
    for i in range(len(WIDTHS)):
        if i:
            x = resampled(conv(p[f"to_stage{i}"], x) if f"to_stage{i}" in p else x, up=True)
        x = block(p[f"block{2 * i + 1}_layers"], block(p[f"block{2 * i}_layers"], x))
    return conv(p["to_image"], x)


def judge(p, x, label=None):
    x = conv(p["from_image"], x)
    for i in range(len(WIDTHS)):
        if i:
            x = resampled(x, up=False)
            x = conv(p[f"to_stage{i}"], x) if f"to_stage{i}" in p else x
        x = block(p[f"block{2 * i + 1}_layers"], block(p[f"block{2 * i}_layers"], x))
    scores = (x * p["basis"].permute(2, 0, 1)[None]).sum((2, 3)) @ p["head"]["kernel"]
    if label is None:
        return scores[:, 0]
    return (scores * (F.one_hot(label, CLASSES).float() @ p["projection"]["embedding"])).sum(1)


def gradients(value, tree):
    leaves, structure = jax.tree.flatten(tree)
    return jax.tree.unflatten(structure, torch.autograd.grad(value, leaves, retain_graph=True, materialize_grads=True))


def slopes(p, x, label=None):
    """(logits, squared slopes of each) at images that may be differentiated again."""
    logits = judge(p, x, label)
    (slope,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    return logits, slope.square().sum((1, 2, 3))


# --- the networks


@pytest.fixture
def networks(filled):
    def make(case):
        shape, classes = CASES[case]
        rng = np.random.default_rng(0)
        label = rng.integers(0, classes, 3) if classes else None
        nets = [getattr(r3gan, name)(shape, num_classes=classes, **SETTINGS) for name in ("Generator", "Discriminator")]
        z, x = rng.normal(size=(3, Z)).astype(np.float32), rng.uniform(-1, 1, (3, *shape)).astype(np.float32)
        return nets, [filled(net, a, label)["params"] for net, a in zip(nets, (z, x), strict=True)], z, x, label

    return make


def labels(label):
    return None if label is None else torch.tensor(label)


def channels_first(x):
    return torch.tensor(np.moveaxis(np.array(x), -1, 1))


@pytest.mark.parametrize("case", CASES)
def test_generators_agree(networks, compiled, case):
    """A unit within rounding of the rectifier's kink takes the other slope, in some draws; a mistake is in all of them."""
    (net, _), (params, _), z, x, label = networks(case)
    ours = lambda p, z: net.apply({"params": p}, z, label)
    both = compiled(lambda p, z: (ours(p, z), jax.grad(lambda p: jnp.vdot(ours(p, z), x))(p)))
    found = []
    for sign, order in ((1, 1), (-1, 1), (1, -1)):
        images, slope = both(params, drawn := sign * z[::order].copy())
        p = as_torch(params)
        expected = generate(p, torch.tensor(drawn), labels(label))
        assert error(images, expected.detach().permute(0, 2, 3, 1)) < 1e-4
        found.append(errors(slope, gradients((expected * channels_first(x)).sum(), p)))
    least = {name: min(each[name] for each in found) for name in found[0]}
    assert max(least.values()) < 1e-4, found


@pytest.mark.parametrize("case", CASES)
def test_discriminators_agree_to_the_second_derivative(networks, compiled, case):
    """Logits; their gradient by images and by weights; and that of R1's squared slope by weights and by images."""
    (_, net), (_, params), _, x, label = networks(case)
    judged = lambda p, x: net.apply({"params": p}, x, label).logits
    total = lambda p, x: jnp.vdot(judged(p, x), jnp.arange(1.0, 4.0))
    penalty = lambda p, x: jnp.sum(jnp.square(jax.grad(lambda x: jnp.sum(judged(p, x)))(x)))
    ours = compiled(lambda p, x: (judged(p, x), jax.grad(total, (0, 1))(p, x), jax.grad(penalty, (0, 1))(p, x)))
    logits, (by_weights, by_images), second = ours(params, x)

    p, images = as_torch(params), channels_first(x).requires_grad_()
    expected, squared = slopes(p, images, labels(label))
    assert error(logits, expected.detach()) < 1e-4
    first = gradients((expected * torch.arange(1.0, 4.0)).sum(), (p, images))
    images_last = lambda tree: (tree[0], tree[1].permute(0, 2, 3, 1))
    found = errors((by_weights, by_images), images_last(first))
    twice = images_last(gradients(squared.sum(), (p, images)))
    for (path, got), wanted in zip(jax.tree.leaves_with_path(second), jax.tree.leaves(twice), strict=True):
        if (
            not wanted.abs().max()
        ):  # a leaky rectifier has no curvature: no slope depends on a bias, nor on where the image is
            np.testing.assert_allclose(got, 0, atol=1e-6)
        else:
            found["second", jax.tree_util.keystr(path)] = error(got, wanted.detach().numpy())
    assert max(found.values()) < 1e-4, found


# --- a round


def test_two_rounds_are_pytorchs(networks, compiled):
    """D, then G, by the relativistic loss with R1 + R2 and Adam, whose rate, b2 and gamma move; then the average.

    PyTorch's Adam is told a new b2 before each step, as the authors' code does. Latents are drawn by our keys.
    """
    nets, params, _, _, _ = networks("32, classes")
    params[1]["head"]["kernel"] *= 0.1  # logits of a few, where the loss bends
    shape, batch = CASES["32, classes"][0], 4
    by_images = lambda first, last: ByImages(cosine_schedule(first, last, 0.016))  # 4 rounds
    rate, b2, gamma, half_life = (2e-4, 5e-5), (0.9, 0.99), (0.5, 0.05), (0.0, 0.02)
    adam = optim.adam(by_images(*rate), b1=0.0, b2=by_images(*b2))
    game = Adversarial(
        *nets,
        losses.relativistic(),
        {"generator": adam, "discriminator": adam},
        (Stretch(Phase(shape, batch), 0, 10),),
        {"r1": r1(by_images(*gamma)), "r2": r2(by_images(*gamma))},
        normal(Z),
        num_classes=CLASSES,
        fake_labels="data",
        ema=Ema(None, by_images(*half_life)),
    )
    state = jax.eval_shape(game.init, jax.random.key(0))
    empty = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), (state.networks, state.memory))
    copied = lambda name, p: empty[0][name].replace(
        params=p, ema={"params": jax.tree.map(jnp.copy, p), "stats": {}} if name == "generator" else ()
    )
    networks_now = {name: copied(name, p) for name, p in zip(("generator", "discriminator"), params, strict=True)}
    state = state.replace(step=jnp.int32(0), key=jax.random.key(3), networks=networks_now, memory=empty[1])
    step = compiled(lambda state, batch: game.step(state, batch, game.stretches[0].phase))

    g, d = as_torch(params[0]), as_torch(params[1])
    average = [leaf.detach().clone() for leaf in jax.tree.leaves(g)]
    optimizers = {id(tree): torch.optim.Adam(jax.tree.leaves(tree), betas=(0.0, 0.9), eps=1e-8) for tree in (g, d)}
    rng = np.random.default_rng(1)

    def descend(tree, loss, t):
        at = lambda ends: ends[0] + (ends[1] - ends[0]) * (1 - np.cos(np.pi * t / 4)) / 2
        optimizer = optimizers[id(tree)]
        optimizer.param_groups[0].update(lr=at(rate), betas=(0.0, at(b2)))
        for leaf, slope in zip(jax.tree.leaves(tree), jax.tree.leaves(gradients(loss, tree)), strict=True):
            leaf.grad = slope
        optimizer.step()

    for t in range(2):
        real = rng.uniform(-1, 1, (1, batch, *shape)).astype(np.float32)
        label = rng.integers(0, CLASSES, (1, batch)).astype(np.int32)
        state, metrics = step(state, {"image": jnp.asarray(real), "label": jnp.asarray(label)})

        key = jax.random.fold_in(jax.random.key(3), t)
        z = [
            torch.tensor(np.array(jax.random.normal(named_key(jax.random.fold_in(key, i), "latents"), (batch, Z))))
            for i in range(2)
        ]
        y, x = torch.tensor(label[0]).long(), channels_first(real[0])
        x.requires_grad_()
        fake = generate(g, z[0], y).detach().requires_grad_()
        (on_real, of_real), (on_fake, of_fake) = slopes(d, x, y), slopes(d, fake, y)
        now = gamma[0] + (gamma[1] - gamma[0]) * (1 - np.cos(np.pi * t / 4)) / 2
        adversarial = F.softplus(on_fake - on_real).mean()
        descend(d, adversarial + now / 2 * (of_real + of_fake).mean(), t)
        of_g = F.softplus(judge(d, x.detach(), y) - judge(d, generate(g, z[1], y), y)).mean()
        descend(g, of_g, t)
        thousands = half_life[0] + (half_life[1] - half_life[0]) * (1 - np.cos(np.pi * t / 4)) / 2
        kept = 0.5 ** (batch / (1000 * thousands)) if thousands else 0.0
        average = [kept * a + (1 - kept) * leaf.detach() for a, leaf in zip(average, jax.tree.leaves(g), strict=True)]

        told = {"d/adversarial": adversarial, "d/r1": of_real.mean(), "d/r2": of_fake.mean(), "g/adversarial": of_g}
        for name, expected in told.items():
            np.testing.assert_allclose(metrics[name], expected.item(), rtol=1e-4)
    made = state.networks
    found = errors(made["generator"].params, g) | {
        ("d", k): v for k, v in errors(made["discriminator"].params, d).items()
    }
    found |= {
        ("average", k): v for k, v in errors(list(jax.tree.leaves(made["generator"].ema["params"])), average).items()
    }
    assert max(found.values()) < 1e-4, found
    assert optax.tree.norm(jax.tree.map(jnp.subtract, made["generator"].params, params[0])) > 0.01
