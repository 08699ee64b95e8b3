"""Rounds of pix2pix, CycleGAN and 3D-GAN in plain PyTorch, for `game_rounds.py` to compare with.

Networks are functions of weights, which are gan_jax's in PyTorch's layout. Written as is fast for PyTorch: what a round needs
twice is computed once, the weights of a network at rest need no gradients, and Adam is fused.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from pytorch_device import to_torch
from torch.nn import functional as F

Weights = dict[str, Any]
_TRANSPOSED, _MATRICES = ("up", "deconv", "to_voxels"), ("stem", "head")
_L1, _CYCLE, _IDENTITY, _PENALTY, _EMA = 100.0, 10.0, 5.0, 10.0, 0.999


def weights_of(params: Mapping[str, Any], channels_last: bool) -> Weights:
    """gan_jax's parameters of a network as PyTorch keeps them: kernels [O, I, *window], transposed ones [I, O, *window]."""
    found: Weights = {}
    for layer, values in params.items():
        found[layer] = {}
        for name, value in values.items():
            array = np.array(value)
            if name == "kernel" and array.ndim > 2:
                if layer.startswith(_TRANSPOSED):
                    array = np.moveaxis(np.flip(array, range(array.ndim - 2)), (-2, -1), (0, 1))
                else:
                    array = np.moveaxis(array, (-1, -2), (0, 1))
            leaf = to_torch(array)
            if channels_last and leaf.ndim > 3:
                leaf = leaf.contiguous(memory_format=layout(leaf.ndim))
            found[layer][name] = leaf.requires_grad_()
    return found


def layout(ndim: int) -> torch.memory_format:
    return torch.channels_last if ndim == 4 else torch.channels_last_3d


def leaves(weights: Weights) -> list[torch.Tensor]:
    return [leaf for layer in weights.values() for leaf in layer.values()]


def _conv(net: Weights, name: str, x: torch.Tensor, stride: int = 1, padding: int = 0) -> torch.Tensor:
    convolve = F.conv2d if x.ndim == 4 else F.conv3d
    return convolve(x, net[name]["kernel"], net[name].get("bias"), stride, padding)


def _deconv(net: Weights, name: str, x: torch.Tensor, more: int = 0) -> torch.Tensor:
    convolve = F.conv_transpose2d if x.ndim == 4 else F.conv_transpose3d
    return convolve(x, net[name]["kernel"], net[name].get("bias"), 2, 1, more)


def unet(net: Weights, x: torch.Tensor, dropout_layers: tuple[int, ...] = ()) -> torch.Tensor:
    """With instance normalisation."""
    depth = sum(name.startswith("down") for name in net)
    maps = []
    for i in range(depth):
        x = _conv(net, f"down{i}", F.leaky_relu(x, 0.2) if i else x, 2, 1)
        x = F.instance_norm(x) if 0 < i < depth - 1 else x
        maps.append(x)
    for i in range(depth - 1):
        x = torch.cat([maps[-1 - i], x], 1) if i else x
        x = F.instance_norm(_deconv(net, f"up{i}", F.relu(x)))
        x = F.dropout(x, 0.5) if i in dropout_layers else x
    return torch.tanh(_deconv(net, f"up{depth - 1}", F.relu(torch.cat([maps[0], x], 1))))


def resnet(net: Weights, x: torch.Tensor) -> torch.Tensor:
    """With instance normalisation."""
    reflected = lambda name, x, margin: _conv(net, name, F.pad(x, (margin,) * 4, mode="reflect"))
    x = F.relu(F.instance_norm(reflected("conv_in", x, 3)))
    for i in range(2):
        x = F.relu(F.instance_norm(_conv(net, f"down{i}", x, 2, 1)))
    for i in range(sum(name.endswith("_conv0") for name in net)):
        y = F.relu(F.instance_norm(reflected(f"block{i}_conv0", x, 1)))
        x = x + F.instance_norm(reflected(f"block{i}_conv1", y, 1))
    for i in (1, 0):
        x = F.relu(F.instance_norm(_deconv(net, f"up{i}", x, 1)))
    return torch.tanh(reflected("conv_out", x, 3))


def patchgan(net: Weights, x: torch.Tensor) -> torch.Tensor:
    """With instance normalisation. -> logits [B, h, w]."""
    layers = sum(name.startswith("conv") for name in net)
    for i in range(layers):
        x = _conv(net, f"conv{i}", x, 1 if i == layers - 1 else 2, 1)
        x = F.leaky_relu(F.instance_norm(x) if i else x, 0.2)
    return _conv(net, "to_logits", x, 1, 1)[:, 0]


def voxels(net: Weights, z: torch.Tensor) -> torch.Tensor:
    """3D-GAN's generator, with batch normalisation by the batch."""
    normed = lambda name, x: F.batch_norm(x, None, None, net[name]["scale"], net[name]["bias"], training=True)
    first = net["stem_norm"]["scale"].numel()
    side = round((net["stem"]["kernel"].shape[1] / first) ** (1 / 3))
    x = (z @ net["stem"]["kernel"]).view(-1, side, side, side, first).permute(0, 4, 1, 2, 3)
    x = F.relu(normed("stem_norm", x))
    for i in range(sum(name.startswith("deconv") for name in net)):
        x = F.relu(normed(f"norm{i}", _deconv(net, f"deconv{i}", x)))
    return torch.sigmoid(_deconv(net, "to_voxels", x))


def critic(net: Weights, x: torch.Tensor) -> torch.Tensor:
    """3D-GAN's discriminator without normalisation. -> [B]."""
    for i in range(sum(name.startswith("conv") for name in net)):
        x = F.leaky_relu(_conv(net, f"conv{i}", x, 2, 1), 0.2)
    return (x.permute(0, 2, 3, 4, 1).flatten(1) @ net["head"]["kernel"])[:, 0]


class Game:
    """The networks of a gan_jax state, their Adams at the given rates, and one round."""

    betas = (0.5, 0.999)

    def __init__(self, networks: Mapping[str, Any], rate: float, channels_last: bool):
        self.nets = {name: weights_of(each.params, channels_last) for name, each in networks.items()}
        adam = lambda net: torch.optim.Adam(leaves(net), rate, self.betas, fused=True)
        self.adams = {name: adam(net) for name, net in self.nets.items()}
        self.channels_last = channels_last

    def tensor(self, leaf: np.ndarray) -> torch.Tensor:
        """[B, *space, C] -> [B, C, *space]."""
        found = to_torch(np.moveaxis(leaf, -1, 1))
        return found.contiguous(memory_format=layout(found.ndim)) if self.channels_last else found

    @contextlib.contextmanager
    def resting(self, *names: str) -> Iterator[None]:
        for leaf in (leaf for name in names for leaf in leaves(self.nets[name])):
            leaf.requires_grad_(False)
        yield
        for leaf in (leaf for name in names for leaf in leaves(self.nets[name])):
            leaf.requires_grad_()

    def descend(self, loss: torch.Tensor, *names: str) -> None:
        for name in names:
            self.adams[name].zero_grad()
        loss.backward()
        for name in names:
            self.adams[name].step()


class Pix2Pix(Game):
    dropout_layers = (1, 2)

    def judged(self, batch: Mapping[str, np.ndarray]) -> tuple[torch.Tensor, torch.Tensor]:
        """Images without dropout, and their logits."""
        x = self.tensor(batch["a"][0])
        fake = unet(self.nets["generator"], x)
        return fake, patchgan(self.nets["discriminator"], torch.cat([x, fake], 1))

    def round(self, batch: Mapping[str, torch.Tensor]) -> list[torch.Tensor]:
        x, y = batch["a"], batch["b"]
        judge = lambda image: patchgan(self.nets["discriminator"], torch.cat([x, image], 1))
        fake = unet(self.nets["generator"], x, self.dropout_layers)
        of_d = F.softplus(-judge(y)).mean() + F.softplus(judge(fake.detach())).mean()
        self.descend(0.5 * of_d, "discriminator")
        with self.resting("discriminator"):
            of_g = F.softplus(-judge(fake)).mean() + _L1 * (fake - y).abs().mean()
            self.descend(of_g, "generator")
        return [of_d, of_g]


class CycleGAN(Game):
    size = 50

    def __init__(self, *args: Any):
        super().__init__(*args)
        self.pools: dict[str, list[torch.Tensor]] = {"a": [], "b": []}

    def judged(self, batch: Mapping[str, np.ndarray]) -> tuple[torch.Tensor, torch.Tensor]:
        """Translations of a, and their logits."""
        fake = resnet(self.nets["a_to_b"], self.tensor(batch["a"][0]))
        return fake, patchgan(self.nets["discriminator_b"], fake)

    def shown(self, domain: str, fakes: torch.Tensor) -> torch.Tensor:
        pool, found = self.pools[domain], []
        for image in fakes:
            if len(pool) < self.size:
                pool.append(image)
            elif random.random() < 0.5:
                place = random.randrange(self.size)
                pool[place], image = image, pool[place]
            found.append(image)
        return torch.stack(found)

    def round(self, batch: Mapping[str, torch.Tensor]) -> list[torch.Tensor]:
        nets = self.nets
        there, back = (lambda x: resnet(nets["a_to_b"], x)), (lambda x: resnet(nets["b_to_a"], x))
        judge = lambda domain, x: patchgan(nets[f"discriminator_{domain}"], x)
        l1 = lambda u, v: (u - v).abs().mean()
        a, b = batch["a"], batch["b"]
        with self.resting("discriminator_a", "discriminator_b"):
            fake_b, fake_a = there(a), back(b)
            of_g = (judge("b", fake_b) - 1).square().mean() + (judge("a", fake_a) - 1).square().mean()
            of_g = of_g + _CYCLE * (l1(back(fake_b), a) + l1(there(fake_a), b))
            of_g = of_g + _IDENTITY * (l1(there(b), b) + l1(back(a), a))
            self.descend(of_g, "a_to_b", "b_to_a")
        of_d = torch.zeros(())
        for domain, real, fake in (("a", a, fake_a), ("b", b, fake_b)):
            shown = self.shown(domain, fake.detach())
            of_d = of_d + (judge(domain, real) - 1).square().mean() + judge(domain, shown).square().mean()
        self.descend(0.5 * of_d, "discriminator_a", "discriminator_b")
        return [of_d, of_g]


class Gan3D(Game):
    betas = (0.5, 0.9)
    latent_dim = 200

    def __init__(self, *args: Any):
        super().__init__(*args)
        self.average = [leaf.detach().clone() for leaf in leaves(self.nets["generator"])]

    def judged(self, batch: Mapping[str, np.ndarray]) -> tuple[torch.Tensor, torch.Tensor]:
        """Shapes of the batch's latents, and their logits."""
        made = voxels(self.nets["generator"], to_torch(batch["z"]))
        return made, critic(self.nets["discriminator"], made)

    def round(self, batch: Mapping[str, torch.Tensor]) -> list[torch.Tensor]:
        g, d = self.nets["generator"], self.nets["discriminator"]
        for real in batch["voxels"]:
            with torch.no_grad():
                fake = voxels(g, torch.rand(len(real), self.latent_dim))
            both = critic(d, torch.cat([real, fake]))
            t = torch.rand(len(real), 1, 1, 1, 1)
            between = (real + t * (fake - real)).requires_grad_()
            (slope,) = torch.autograd.grad(critic(d, between).sum(), between, create_graph=True)
            penalty = (slope.flatten(1).norm(dim=1) - 1).square().mean()
            of_d = both[len(real) :].mean() - both[: len(real)].mean() + _PENALTY * penalty
            self.descend(of_d, "discriminator")
        with self.resting("discriminator"):
            of_g = -critic(d, voxels(g, torch.rand(len(real), self.latent_dim))).mean()
            self.descend(of_g, "generator")
        with torch.no_grad():
            torch._foreach_lerp_(self.average, leaves(g), 1 - _EMA)
        return [of_d, of_g]
