"""Two whole rounds of BEGAN, AC-GAN and InfoGAN, played again in PyTorch with the same weights and chance.

With `-m parity`, where PyTorch is installed.
"""

import functools
import math

import jax
import numpy as np
import pytest

from gan_jax import losses
from gan_jax.architectures import acgan, began, infogan
from gan_jax.game import Phase, Stretch
from gan_jax.latents import coded, uniform
from gan_jax.methods.adversarial import Adversarial
from gan_jax.optim import sgd
from gan_jax.regularizers.auxiliary_classifier import auxiliary_classifier
from gan_jax.regularizers.mutual_information import mutual_information
from gan_jax.types import named_key

pytestmark = pytest.mark.parity

torch = pytest.importorskip("torch")
F = torch.nn.functional

SHAPE, B, RATE, ROUNDS, FIRST_K = (16, 8, 2), 8, 0.05, 2, 0.3
CODES = coded(uniform(3), (4,), 2)
INFORMATION = {both: mutual_information(1.5, 0.5, both, hidden=5, latents=CODES) for both in (True, False)}
GAMES = {
    "began": (
        began.Generator(SHAPE, 4, halvings=1),
        began.Autoencoder(SHAPE, 4, hidden=5, halvings=1),
        losses.boundary_equilibrium(0.7, 0.01),
        {},
        {"latents": uniform(5)},
    ),
    "acgan": (
        acgan.Generator(SHAPE, (6, 4), num_classes=3),
        acgan.Discriminator(SHAPE, (4, 5, 6), dropout=0.0),
        losses.non_saturating(),
        {"classes": auxiliary_classifier(1.0, 0.4, num_classes=3)},
        {"latents": uniform(5), "num_classes": 3},
    ),
    **{
        name: (
            infogan.Generator(SHAPE, (6, 4), hidden=7),
            infogan.Discriminator(SHAPE, (4, 5), hidden=6),
            losses.non_saturating(),
            {"information": INFORMATION[both]},
            {"latents": CODES},
        )
        for name, both in (("infogan, in both losses", True), ("infogan, in G's", False))
    },
}


# --- layers, on images [B, C, H, W] and weights by their names


def tensors(tree):
    if isinstance(tree, dict):
        return {key: tensors(value) for key, value in tree.items()}
    return torch.tensor(np.asarray(tree, np.float64), requires_grad=True)


def leaves_of(tree):
    return [leaf for value in tree.values() for leaf in (leaves_of(value) if isinstance(value, dict) else [value])]


def dense(p, x):
    return x @ p["kernel"] + p.get("bias", 0)


def conv(p, x, stride=1):
    """Padded as TensorFlow does: what is odd goes behind."""
    kernel = p["kernel"].permute(3, 2, 0, 1)
    total = kernel.shape[-1] - stride
    before = total // 2
    x = F.pad(x, (before, total - before, before, total - before))
    return F.conv2d(x, kernel, p.get("bias"), stride)


def deconv(p, x):
    """Zeros between pixels, then a plain convolution."""
    kernel = p["kernel"].permute(3, 2, 0, 1)
    wide = x.new_zeros(*x.shape[:2], 2 * x.shape[2] - 1, 2 * x.shape[3] - 1)
    wide[:, :, ::2, ::2] = x
    k = kernel.shape[-1]
    first = k - 1 - (k - 2) // 2
    return F.conv2d(F.pad(wide, (first, k - first, first, k - first)), kernel, p.get("bias"))


def norm(p, x):
    over = [0] if x.ndim == 2 else [0, 2, 3]
    mean, variance = x.mean(over, keepdim=True), x.var(over, unbiased=False, keepdim=True)
    shape = (1, -1) if x.ndim == 2 else (1, -1, 1, 1)
    return (x - mean) / torch.sqrt(variance + 1e-5) * p["scale"].reshape(shape) + p["bias"].reshape(shape)


def flat(x):
    return x.permute(0, 2, 3, 1).reshape(len(x), -1)


def stem(p, x, halvings, width):
    h, w = SHAPE[0] >> halvings, SHAPE[1] >> halvings
    return dense(p["Dense_0"], x).reshape(-1, h, w, width).permute(0, 3, 1, 2)


def twice(x):
    return x.repeat_interleave(2, 2).repeat_interleave(2, 3)


# --- networks: (z, label) -> images, images -> (logits, features)


def began_decoder(p, h):
    x = first = stem(p["stem"], h, 1, 4)
    x = F.elu(conv(p["conv0_1"], F.elu(conv(p["conv0_0"], x))))
    x = torch.cat([twice(x), twice(first)], 1)
    x = F.elu(conv(p["conv1_1"], F.elu(conv(p["conv1_0"], x))))
    return conv(p["to_image"], x)


def began_judge(d, x):
    p = d["encoder"]
    h = F.elu(conv(p["from_image"], x))
    h = F.elu(conv(p["conv0_1"], F.elu(conv(p["conv0_0"], h))))
    h = F.elu(conv(p["halve0"], h, 2))
    h = F.elu(conv(p["conv1_1"], F.elu(conv(p["conv1_0"], h))))
    code = dense(p["code"], flat(h))
    return -(began_decoder(d["decoder"], code) - x).abs().mean((1, 2, 3)), code


def acgan_generator(g, z, label):
    x = torch.cat([z, F.one_hot(label, 3).double()], 1)
    x = F.relu(norm(g["stem_norm"], stem(g["stem"], x, 2, 6)))
    x = F.relu(norm(g["norm0"], deconv(g["deconv0"], x)))
    return torch.tanh(deconv(g["to_image"], x))


def acgan_judge(d, x):
    x = F.leaky_relu(conv(d["conv0"], x, 2), 0.2)
    x = F.leaky_relu(norm(d["norm1"], conv(d["conv1"], x)), 0.2)
    x = flat(F.leaky_relu(norm(d["norm2"], conv(d["conv2"], x, 2)), 0.2))
    return dense(d["head"], x)[:, 0], x


def infogan_generator(g, z, label):
    x = F.relu(norm(g["hidden_norm"], dense(g["hidden"], z)))
    x = F.relu(norm(g["stem_norm"], stem(g["stem"], x, 2, 6)))
    x = F.relu(norm(g["norm0"], deconv(g["deconv0"], x)))
    return torch.tanh(deconv(g["to_image"], x))


def infogan_judge(d, x):
    x = F.leaky_relu(conv(d["conv0"], x, 2), 0.1)
    x = F.leaky_relu(norm(d["norm1"], conv(d["conv1"], x, 2)), 0.1)
    x = F.leaky_relu(norm(d["hidden_norm"], dense(d["hidden"], flat(x))), 0.1)
    return dense(d["head"], x)[:, 0], x


def code_loss(q, features, z):
    told = dense(q["output"], F.leaky_relu(norm(q, dense(q["hidden"], features)), 0.1))
    cross = F.cross_entropy(told[:, :4], z[:, 3:7].argmax(1))
    nats = sum(0.5 * ((told[:, i] - z[:, 3 + i]) ** 2).mean() + 0.5 * math.log(2 * math.pi) for i in (4, 5))
    return 1.5 * cross + 0.5 * nats


@functools.cache
def played(name):
    generator, discriminator, loss, regularizers, more = GAMES[name]
    optimizers = {player: sgd(RATE) for player in ("generator", "discriminator")}
    stretches = (Stretch(Phase(SHAPE, B), 0, 10),)
    game = Adversarial(generator, discriminator, loss, optimizers, stretches, regularizers, **more)
    rng = np.random.default_rng(1)
    state = game.init(jax.random.key(0))
    scale = 0.03 if name == "began" else 0.2  # of networks without norms, a step of descent would else go far
    fill = lambda leaf: leaf + scale * rng.normal(size=leaf.shape).astype(np.float32)
    networks = {key: net.replace(params=jax.tree.map(fill, net.params)) for key, net in state.networks.items()}
    memory = dict(state.memory)
    if name == "began":
        memory["loss"] = {**memory["loss"], "k": np.float32(FIRST_K)}
    states, batches, metrics = [state.replace(networks=networks, memory=memory)], [], []
    step = jax.jit(game.step, static_argnums=2)
    for _ in range(ROUNDS):
        batch = {"image": rng.uniform(-1, 1, (1, B, *SHAPE)).astype(np.float32)}
        if game.num_classes:
            batch["label"] = np.array([[0, 1, 2, -1, 1, -1, 0, 2]], np.int32)
        after, told = step(states[-1], batch, stretches[0].phase)
        states, batches, metrics = [*states, after], [*batches, batch], [*metrics, told]
    return game, states, batches, metrics


@pytest.mark.parametrize("name", GAMES)
def test_two_rounds_are_pytorchs(name):
    game, states, batches, metrics = played(name)
    trees = {key: tensors(net.params) for key, net in states[0].networks.items()}
    g, d = trees["generator"], trees["discriminator"]
    make = {"began": lambda g, z, label: began_decoder(g["decoder"], z), "acgan": acgan_generator}.get(
        name, infogan_generator
    )
    judge = {"began": began_judge, "acgan": acgan_judge}.get(name, infogan_judge)
    k, in_both = FIRST_K, name != "infogan, in G's"

    def stepped(names, loss):
        leaves = [leaf for key in names for leaf in leaves_of(trees[key])]
        with torch.no_grad():
            for leaf, slope in zip(leaves, torch.autograd.grad(loss, leaves), strict=True):
                leaf -= RATE * slope

    def draw(t, substep):
        key = jax.random.fold_in(jax.random.fold_in(states[0].key, t), substep)
        z = torch.tensor(np.asarray(game.latents.draw(named_key(key, "latents"), B), np.float64))
        label = np.array(jax.random.randint(named_key(key, "label"), (B,), 0, 3))
        return z, torch.tensor(label, dtype=torch.long)

    def class_loss(features, label):
        return F.cross_entropy(dense(trees["classifier"], features), label, ignore_index=-1)

    for t, batch in enumerate(batches):
        real = torch.tensor(np.asarray(batch["image"][0], np.float64)).permute(0, 3, 1, 2)
        z, label = draw(t, 0)
        (of_real, told_real), (of_fake, told_fake) = judge(d, real), judge(d, make(g, z, label).detach())
        trained = ["discriminator"]
        if name == "began":
            real_error, fake_error = -of_real.mean(), -of_fake.mean()
            loss_d = real_error - k * fake_error
            balance = 0.7 * real_error.item() - fake_error.item()
            measure, k = real_error.item() + abs(balance), min(max(k + 0.01 * balance, 0.0), 1.0)
            np.testing.assert_allclose(metrics[t]["d/convergence"], measure, rtol=1e-5)
            np.testing.assert_allclose(states[t + 1].memory["loss"]["k"], k, rtol=1e-4, atol=1e-6)
        else:
            loss_d = F.softplus(-of_real).mean() + F.softplus(of_fake).mean()
        if name == "acgan":
            of_data = torch.tensor(batch["label"][0], dtype=torch.long)
            loss_d = loss_d + class_loss(told_real, of_data) + class_loss(told_fake, label)
            trained.append("classifier")
        elif name != "began" and in_both:
            loss_d = loss_d + code_loss(trees["codes"], told_fake, z)
            trained.append("codes")
        stepped(trained, loss_d)

        z, label = draw(t, 1)
        of_fake, told = judge(d, make(g, z, label))
        loss_g, trained = (-of_fake.mean() if name == "began" else F.softplus(-of_fake).mean()), ["generator"]
        if name == "acgan":
            loss_g = loss_g + 0.4 * class_loss(told, label)
        elif name != "began":
            loss_g = loss_g + code_loss(trees["codes"], told, z)
            trained += [] if in_both else ["codes"]
        stepped(trained, loss_g)

        np.testing.assert_allclose(metrics[t]["d/total"], loss_d.item(), rtol=1e-4)
        np.testing.assert_allclose(metrics[t]["g/total"], loss_g.item(), rtol=1e-4)
        for key, net in states[t + 1].networks.items():
            for path, leaf in jax.tree.leaves_with_path(net.params):
                expected = functools.reduce(lambda tree, part: tree[part.key], path, trees[key])
                np.testing.assert_allclose(
                    leaf, expected.detach().numpy(), rtol=1e-4, atol=2e-5, err_msg=f"{key} {path}"
                )
    assert name != "began" or 0 < k != FIRST_K
