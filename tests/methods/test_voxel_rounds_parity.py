"""Whole rounds of 3D-GAN and 3D-VAE-GAN once more in PyTorch, with copied weights: with `-m parity`, where it is installed."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax import latents, losses, optim
from gan_jax.architectures.gan3d import Discriminator, Generator
from gan_jax.architectures.view_encoder import Encoder
from gan_jax.game import Phase, Stretch
from gan_jax.methods.adversarial import Adversarial
from gan_jax.methods.voxel_vae import VoxelVae
from gan_jax.types import named_key

pytestmark = pytest.mark.parity
SHAPE, VIEW, Z, N, RATE, ABOVE = (8, 8, 8, 1), (8, 8, 2), 3, 6, 0.05, 0.55
KL, REBUILT = 0.3, 0.01


class Net:
    """A network's parameters and running statistics in PyTorch; its layers by their formulas."""

    def __init__(self, torch, network):
        flat = lambda tree: {
            "/".join(k.key for k in path): torch.tensor(np.array(leaf))
            for path, leaf in jax.tree.leaves_with_path(tree)
        }
        self.torch, self.params = torch, flat(network.params)
        self.running, self.moments = flat(network.stats["batch_stats"]), {}
        for leaf in self.params.values():
            leaf.requires_grad_()

    def kernel(self, name):
        """[*window, I, O] -> [O, I, *window]."""
        kernel = self.params[f"{name}/kernel"]
        rank = kernel.ndim - 2
        return kernel.permute(rank + 1, rank, *range(rank))

    def conv(self, name, x, stride, padding):
        f = self.torch.nn.functional
        return {4: f.conv2d, 5: f.conv3d}[x.ndim](f.pad(x, padding), self.kernel(name), stride=stride)

    def deconv(self, name, x):
        kernel = self.kernel(name).flip(2, 3, 4).transpose(0, 1)
        return self.torch.nn.functional.conv_transpose3d(x, kernel, stride=2, padding=1)

    def norm(self, name, x):
        axes = [0, *range(2, x.ndim)]
        mean, variance = x.mean(axes), x.var(axes, unbiased=False)
        n = x.numel() // x.shape[1]
        self.moments[name] = mean.detach(), variance.detach() * n / (n - 1)
        of = lambda v: v.reshape(1, -1, *[1] * (x.ndim - 2))
        y = (x - of(mean)) / (of(variance) + 1e-5).sqrt()
        return y * of(self.params[f"{name}/scale"]) + of(self.params[f"{name}/bias"])

    def move(self):
        """Running statistics by the last pass."""
        for name, found in self.moments.items():
            for kind, value in zip(("mean", "variance"), found, strict=True):
                self.running[f"{name}/{kind}"] = 0.9 * self.running[f"{name}/{kind}"] + 0.1 * value

    def descend(self, loss):
        grads = self.torch.autograd.grad(loss, list(self.params.values()))
        with self.torch.no_grad():
            for leaf, grad in zip(self.params.values(), grads, strict=True):
                leaf -= RATE * grad

    def state(self):
        return {k: v.detach().numpy() for k, v in {**self.params, **self.running}.items()}


def channels_last(x):
    return x.permute(0, *range(2, x.ndim), 1)


def generate(net, z):
    x = (z @ net.params["stem/kernel"]).reshape(len(z), 2, 2, 2, -1).permute(0, 4, 1, 2, 3)
    x = net.norm("stem_norm", x).relu()
    x = net.norm("norm0", net.deconv("deconv0", x)).relu()
    return net.deconv("to_voxels", x).sigmoid()


def judge(net, x):
    leaky = functools.partial(net.torch.nn.functional.leaky_relu, negative_slope=0.2)
    for i in range(2):
        x = leaky(net.norm(f"norm{i}", net.conv(f"conv{i}", x, 2, (1,) * 6)))
    return (channels_last(x).reshape(len(x), -1) @ net.params["head/kernel"])[:, 0]


def encode(net, x):
    x = net.norm("norm0", net.conv("conv0", x, 2, (1, 2, 1, 2))).relu()  # 5 x 5 of stride 2 as TensorFlow pads
    both = channels_last(x).reshape(len(x), -1) @ net.params["head/kernel"] + net.params["head/bias"]
    return both[:, :Z], both[:, Z:]


class Rounds:
    """The two games. Each turn is handed the key that the turn of ours has."""

    def __init__(self, torch, state):
        self.torch, self.accuracy, self.rested = torch, 0.0, []
        self.nets = {name: Net(torch, network) for name, network in state.networks.items()}

    def tensor(self, x):
        return self.torch.tensor(np.array(x))

    def made(self, key, view=None):
        """Shapes of drawn latents and of codes, and the codes' moments."""
        z = self.tensor(latents.normal(Z).draw(named_key(key, "latents"), N))
        if view is None:
            return generate(self.nets["generator"], z), None, None, None
        mean, log_variance = encode(self.nets["encoder"], view)
        noise = self.tensor(jax.random.normal(named_key(key, "code"), (N, Z)))
        both = generate(self.nets["generator"], self.torch.cat([z, mean + (0.5 * log_variance).exp() * noise]))
        return both[:N], both[N:], mean, log_variance

    def discriminator(self, key, real, view=None):
        net, soft = self.nets["discriminator"], self.torch.nn.functional.softplus
        fake = self.made(key, view)[0].detach()
        before = {k: v.detach().clone() for k, v in net.params.items()}, dict(net.running)
        on_real = judge(net, real)
        net.move()
        on_fake = judge(net, fake)
        net.descend(soft(-on_real).mean() + soft(on_fake).mean())
        self.rested.append(self.accuracy > ABOVE)
        if self.rested[-1]:
            net.params, net.running = {k: v.requires_grad_() for k, v in before[0].items()}, before[1]
        self.accuracy = float(((on_real > 0).float().mean() + (on_fake < 0).float().mean()) / 2)

    def encoder(self, key, real, view):
        _, rebuilt, mean, log_variance = self.made(key, view)
        self.nets["encoder"].move()
        kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1).mean()
        self.nets["encoder"].descend(KL * kl + REBUILT * ((rebuilt - real) ** 2).sum((1, 2, 3, 4)).mean())

    def generator(self, key, real, view=None):
        fake, rebuilt, _, _ = self.made(key, view)
        self.nets["generator"].move()
        loss = self.torch.nn.functional.softplus(-judge(self.nets["discriminator"], fake)).mean()
        if rebuilt is not None:
            loss = loss + REBUILT * ((rebuilt - real) ** 2).sum((1, 2, 3, 4)).mean()
        self.nets["generator"].descend(loss)


PARTS = {
    "generator": Generator(SHAPE, (5, 4)),
    "discriminator": Discriminator(SHAPE, (4, 5)),
    "loss": losses.resting(losses.non_saturating(), above=ABOVE),
    "stretches": (Stretch(Phase(SHAPE, N), 0, 9),),
    "latents": latents.normal(Z),
}
SGD = {name: optim.sgd(RATE) for name in ("encoder", "generator", "discriminator")}


@pytest.mark.parametrize("with_pictures", [False, True])
def test_four_rounds(with_pictures):
    torch = pytest.importorskip("torch")
    if with_pictures:
        encoder = Encoder((4,), (5,), (2,), Z)
        weights = {"weight_kl": KL, "weight_reconstruction": REBUILT}
        game = VoxelVae(encoder, optimizers=SGD, shapes={"image": VIEW}, **weights, **PARTS)
    else:
        game = Adversarial(optimizers={k: v for k, v in SGD.items() if k != "encoder"}, judged="voxels", **PARTS)
    state, rng = game.init(jax.random.key(3)), np.random.default_rng(0)
    fill = lambda leaf: jnp.asarray(rng.normal(0, 0.3, leaf.shape), jnp.float32) + (leaf == 1)
    networks = {k: each.replace(params=jax.tree.map(fill, each.params)) for k, each in state.networks.items()}
    state = state.replace(networks=networks)
    theirs, phase, rests = Rounds(torch, state), game.stretches[0].phase, []
    step = jax.jit(lambda s, b: game.step(s, b, phase), compiler_options={"xla_backend_optimization_level": 0})
    for t in range(4):
        voxels = (rng.random((1, N, *SHAPE)) < 0.3).astype(np.float32)
        view = rng.uniform(-1, 1, (1, N, *VIEW)).astype(np.float32)
        state, seen = step(state, {"voxels": voxels, **({"image": view} if with_pictures else {})})
        rests.append(bool(seen["d/rests"]))
        key = jax.random.fold_in(state.key, t)
        turns = ("discriminator", "encoder", "generator") if with_pictures else ("discriminator", "generator")
        for i, player in enumerate(turns):
            own = named_key(jax.random.fold_in(key, 0), player) if with_pictures else jax.random.fold_in(key, i)
            pictures = {"view": torch.tensor(view[0]).permute(0, 3, 1, 2)} if with_pictures else {}
            getattr(theirs, player)(own, torch.tensor(voxels[0]).permute(0, 4, 1, 2, 3), **pictures)
    assert rests == theirs.rested and any(rests) and not all(rests)
    for name, net in theirs.nets.items():
        ours = state.networks[name]
        flat = {
            "/".join(k.key for k in path): leaf
            for tree in (ours.params, ours.stats["batch_stats"])
            for path, leaf in jax.tree.leaves_with_path(tree)
        }
        for part, value in net.state().items():
            np.testing.assert_allclose(flat[part], value, atol=1e-4, rtol=1e-3, err_msg=f"{name}/{part}")
