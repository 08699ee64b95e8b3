"""Two rounds of WGAN and of WGAN-GP beside an implementation in PyTorch, written from the formulas, with the same weights."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax import losses, optim
from gan_jax.architectures import dcgan, sngan, wgangp
from gan_jax.game import Phase, Stretch
from gan_jax.latents import normal
from gan_jax.methods.adversarial import Adversarial
from gan_jax.regularizers.gradient_penalty import gradient_penalty
from gan_jax.types import named_key

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore")]
F = torch.nn.functional

SHAPE, BATCH, Z, ROUNDS = (8, 8, 3), 6, 5, 2


def error(got, expected):
    """Root mean square of the difference, relative to that of what is expected."""
    got, expected = np.asarray(got, np.float64), np.asarray(expected, np.float64)
    assert got.shape == expected.shape
    return float(np.sqrt(np.mean((got - expected) ** 2)) / np.sqrt(np.mean(expected**2)))


def errors(got, expected):
    leaves = zip(jax.tree.leaves_with_path(got), jax.tree.leaves(expected), strict=True)
    return {jax.tree_util.keystr(path): error(a, b.detach().numpy()) for (path, a), b in leaves}


def as_torch(tree):
    return jax.tree.map(lambda leaf: torch.tensor(np.array(leaf), requires_grad=True), tree)


def channels_first(x):
    return torch.tensor(np.moveaxis(np.array(x), -1, 1))


def descend(optimizer, tree, loss):
    leaves = jax.tree.leaves(tree)
    slopes = torch.autograd.grad(loss, leaves, allow_unused=True, materialize_grads=True)
    for leaf, slope in zip(leaves, slopes, strict=True):
        leaf.grad = slope
    optimizer.step()


# --- PyTorch's networks: functions of our trees of parameters, on images [B, C, H, W]


def conv(p, x, stride=1):
    kernel = p["kernel"].permute(3, 2, 0, 1)
    return F.conv2d(x, kernel, p.get("bias"), stride, padding=(kernel.shape[-1] - 1) // 2)


def deconv(p, x):
    """Its kernel is ours flipped in space."""
    return F.conv_transpose2d(x, p["kernel"].flip(0, 1).permute(2, 3, 0, 1), p.get("bias"), 2, padding=1)


def batch_norm(p, x):
    return F.batch_norm(x, None, None, p["scale"], p["bias"], training=True)


def layer_norm(p, x):
    y = F.layer_norm(x, x.shape[1:])
    return y * p["scale"][:, None, None] + p["bias"][:, None, None]


def stem(p, z, features, side):
    x = z @ p["stem"]["Dense_0"]["kernel"]
    x = x + p["stem"]["Dense_0"]["bias"] if "bias" in p["stem"]["Dense_0"] else x
    return x.reshape(len(z), side, side, features).permute(0, 3, 1, 2)


def flat_head(p, x):
    """Our flat maps are channels last."""
    logits = x.permute(0, 2, 3, 1).flatten(1) @ p["head"]["kernel"]
    return (logits + p["head"]["bias"] if "bias" in p["head"] else logits)[:, 0]


def dcgan_generate(p, z):
    x = F.relu(batch_norm(p["stem_norm"], stem(p, z, 6, 2)))
    x = F.relu(batch_norm(p["norm0"], deconv(p["deconv0"], x)))
    return torch.tanh(deconv(p["to_image"], x))


def dcgan_judge(p, x):
    x = F.leaky_relu(conv(p["conv0"], x, 2), 0.2)
    return flat_head(p, F.leaky_relu(batch_norm(p["norm1"], conv(p["conv1"], x, 2)), 0.2))


def doubled(x):
    return F.interpolate(x, scale_factor=2, mode="nearest")


def resnet_generate(p, z):
    x = stem(p, z, 6, 2)
    for i in range(2):
        h = conv(p[f"block{i}_conv1"], doubled(F.relu(batch_norm(p[f"block{i}_norm1"], x))))
        h = conv(p[f"block{i}_conv2"], F.relu(batch_norm(p[f"block{i}_norm2"], h)))
        x = h + conv(p[f"block{i}_shortcut"], doubled(x))
    return torch.tanh(conv(p["to_image"], F.relu(batch_norm(p["norm"], x))))


def resnet_judge(p, x):
    x = conv(p["from_image"], x)
    for i in range(2):
        h = conv(p[f"block{i}_conv1"], F.relu(layer_norm(p[f"block{i}_norm1"], x)))
        h = conv(p[f"block{i}_conv2"], F.relu(layer_norm(p[f"block{i}_norm2"], h)))
        x = F.avg_pool2d(h, 2) + conv(p[f"block{i}_shortcut"], F.avg_pool2d(x, 2))
    return flat_head(p, x)


# --- rounds


@pytest.fixture
def begun(filled):
    """begun(game) -> (its state before round 0 with weights that matter, PyTorch's generator and discriminator)."""

    def make(game):
        rng = np.random.default_rng(0)
        z, x = rng.normal(size=(3, Z)).astype(np.float32), rng.uniform(-1, 1, (3, *SHAPE)).astype(np.float32)
        params = {
            name: filled(getattr(game, name), like)["params"] for name, like in (("generator", z), ("discriminator", x))
        }
        state = game.init(jax.random.key(3))
        networks = {name: network.replace(params=params[name]) for name, network in state.networks.items()}
        copies = [as_torch(params[name]) for name in ("generator", "discriminator")]
        return state.replace(networks=networks), *copies

    return make


def draws(t, turn, rows):
    """The key of an update of round t, and its latents."""
    own = jax.random.fold_in(jax.random.fold_in(jax.random.key(3), t), turn)
    return own, torch.tensor(np.array(jax.random.normal(named_key(own, "latents"), (rows, Z))))


def test_rounds_of_wgan_are_pytorchs(begun, compiled):
    """Five updates of the critic, its weights clipped before each, then one of G; RMSProp."""
    limit, d_steps = 0.05, 5
    game = Adversarial(
        dcgan.Generator(SHAPE, (6, 4), 4, use_bias=False),
        dcgan.Discriminator(SHAPE, (4, 6), 4, use_bias=False),
        losses.wasserstein(),
        {"generator": optim.rmsprop(3e-3), "discriminator": optim.rmsprop(3e-3)},
        (Stretch(Phase(SHAPE, BATCH, d_steps), 0, 10),),
        latents=normal(Z),
        clip_weights=limit,
    )
    state, g, d = begun(game)
    first = state.networks["discriminator"].params
    step = compiled(lambda state, batch: game.step(state, batch, game.stretches[0].phase))
    rmsprop = [torch.optim.RMSprop(jax.tree.leaves(tree), lr=3e-3) for tree in (g, d)]
    rng = np.random.default_rng(1)
    for t in range(ROUNDS):
        real = rng.uniform(-1, 1, (d_steps, BATCH, *SHAPE)).astype(np.float32)
        state, metrics = step(state, {"image": jnp.asarray(real)})
        estimates = []
        for i in range(d_steps):
            with torch.no_grad():
                for leaf in jax.tree.leaves(d):
                    leaf.clamp_(-limit, limit)
            fake = dcgan_generate(g, draws(t, i, BATCH)[1]).detach()
            estimate = dcgan_judge(d, channels_first(real[i])).mean() - dcgan_judge(d, fake).mean()
            estimates.append(estimate.item())
            descend(rmsprop[1], d, -estimate)
        of_g = -dcgan_judge(d, dcgan_generate(g, draws(t, d_steps, BATCH)[1])).mean()
        descend(rmsprop[0], g, of_g)
        np.testing.assert_allclose(metrics["d/wasserstein_estimate"], np.mean(estimates), rtol=1e-3)
        np.testing.assert_allclose(metrics["g/adversarial"], of_g.item(), rtol=1e-3)
    made = state.networks
    found = errors(made["generator"].params, g) | {
        f"d{k}": v for k, v in errors(made["discriminator"].params, d).items()
    }
    assert max(found.values()) < 1e-3, found
    largest = float(optax.tree.max(jax.tree.map(jnp.abs, made["discriminator"].params)))
    assert limit < largest < limit + 0.04  # the last step is not clipped; RMSProp's is at most ten rates
    assert float(optax.tree.max(jax.tree.map(jnp.abs, first))) > 2 * limit


def test_rounds_of_wgan_gp_are_pytorchs(begun, compiled):
    """Layer norm in the critic; two updates of it, by the penalty on lines; G on twice the batch; a rate that falls to 0."""
    rate, d_steps, weight = 2e-3, 2, 10.0
    falling = lambda round: rate * (1 - round / 4)
    adam = optim.adam(falling, b1=0.0, b2=0.9)
    game = Adversarial(
        sngan.Generator(SHAPE, (6, 6, 4)),
        wgangp.Discriminator(SHAPE, (4, 6, 4)),
        losses.wasserstein(),
        {"generator": adam, "discriminator": adam},
        (Stretch(Phase(SHAPE, BATCH, d_steps), 0, 10),),
        {"gradient_penalty": gradient_penalty(weight)},
        normal(Z),
        generator_batch_multiple=2,
    )
    state, g, d = begun(game)
    step = compiled(lambda state, batch: game.step(state, batch, game.stretches[0].phase))
    adams = [torch.optim.Adam(jax.tree.leaves(tree), betas=(0.0, 0.9), eps=1e-8) for tree in (g, d)]
    rng = np.random.default_rng(1)
    for t in range(ROUNDS):
        real = rng.uniform(-1, 1, (d_steps, BATCH, *SHAPE)).astype(np.float32)
        state, metrics = step(state, {"image": jnp.asarray(real)})
        for optimizer in adams:
            optimizer.param_groups[0]["lr"] = falling(t)
        penalties = []
        for i in range(d_steps):
            key, z = draws(t, i, BATCH)
            x, fake = channels_first(real[i]), resnet_generate(g, z).detach()
            along = torch.tensor(np.array(jax.random.uniform(named_key(key, "gradient_penalty"), (BATCH, 1, 1, 1))))
            between = (along * x + (1 - along) * fake).requires_grad_()
            (slope,) = torch.autograd.grad(resnet_judge(d, between).sum(), between, create_graph=True)
            penalty = (slope.square().sum((1, 2, 3)).sqrt() - 1).square().mean()
            penalties.append(penalty.item())
            descend(adams[1], d, resnet_judge(d, fake).mean() - resnet_judge(d, x).mean() + weight * penalty)
        of_g = -resnet_judge(d, resnet_generate(g, draws(t, d_steps, 2 * BATCH)[1])).mean()
        descend(adams[0], g, of_g)
        np.testing.assert_allclose(metrics["d/gradient_penalty"], np.mean(penalties), rtol=1e-3)
        np.testing.assert_allclose(metrics["g/adversarial"], of_g.item(), rtol=1e-3)
    found = errors(state.networks["generator"].params, g)
    found = {name: value for name, value in found.items() if not _subtracted(name)}
    found |= {f"d{k}": v for k, v in errors(state.networks["discriminator"].params, d).items()}
    assert max(found.values()) < 1e-4, found


def _subtracted(name):
    """Biases in front of a norm, which subtracts them again: their gradient is rounding, of which Adam makes whole steps."""
    return "bias" in name and ("_conv" in name or "_shortcut" in name)
