"""Rounds of StyleGAN, StyleGAN2 and R3GAN at one size in plain PyTorch, for `style_rounds.py` to compare with.

Written as is fast for PyTorch: fakes of D's update are made without gradients, the slope of R1 shares D's pass over the reals,
Adam is fused, the average of weights moves by one call.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from pytorch_device import to_torch
from pytorch_styles import (
    leaves,
    mapping,
    r3gan_discriminator,
    r3gan_generator,
    stylegan2_discriminator,
    stylegan2_synthesis,
    stylegan_discriminator,
    stylegan_synthesis,
    tree_of,
)
from torch.nn import functional as F

_MIXING, _W_DECAY, _LENGTHS_DECAY, _EMA, _GAMMA = 0.9, 0.995, 0.99, 0.999, 1.0


class Game:
    """Both networks of a gan_jax state, their Adams, G's average, and rounds counted from 0."""

    second = False

    def __init__(self, networks: Mapping[str, Any], channels_last: bool, grouped: bool = False):
        self.g, self.d = (tree_of(networks[name].params, channels_last) for name in ("generator", "discriminator"))
        self.grouped, self.channels_last, self.played = grouped, channels_last, 0
        adam = lambda net: torch.optim.Adam(leaves(net), 1e-3, (0.0, 0.99), fused=True)
        self.adams = adam(self.g), adam(self.d)
        self.average = [leaf.detach().clone() for leaf in leaves(self.g)]
        self.w = self.length = torch.zeros(())

    def tensor(self, images: np.ndarray) -> torch.Tensor:
        found = to_torch(np.moveaxis(images, -1, 1))
        return found.contiguous(memory_format=torch.channels_last) if self.channels_last else found

    def make(self, z: torch.Tensor) -> torch.Tensor:
        return self.synthesize(self.codes(z))

    def codes(self, z: torch.Tensor, mixed: bool = False) -> torch.Tensor:
        """w [B, layers, W]; mixed: from a random layer on those of other latents, and the average of w moves."""
        w = mapping(self.g["mapping"], z, self.second)
        codes = w[:, None].expand(-1, self.layers, -1)
        if mixed:
            self.w = torch.lerp(w.detach().mean(0), self.w, _W_DECAY)
            other = mapping(self.g["mapping"], torch.randn_like(z), self.second)
            place = random.randrange(1, self.layers) if random.random() < _MIXING else self.layers
            codes = torch.where(torch.arange(self.layers)[None, :, None] >= place, other[:, None], codes)
        return codes

    @property
    def layers(self) -> int:
        return 2 * sum(name.endswith("_conv") for name in self.g["synthesis"])

    def synthesize(self, codes: torch.Tensor) -> torch.Tensor:
        if self.second:
            return stylegan2_synthesis(self.g["synthesis"], codes, self.grouped)
        return stylegan_synthesis(self.g["synthesis"], codes)

    def judge(self, images: torch.Tensor) -> torch.Tensor:
        return (stylegan2_discriminator if self.second else stylegan_discriminator)(self.d, images)

    def descend(self, loss: torch.Tensor, which: int) -> None:
        self.adams[which].zero_grad()
        loss.backward()
        self.adams[which].step()

    def resting(self, rests: bool) -> None:
        for leaf in leaves(self.d):
            leaf.requires_grad_(not rests)

    def fakes(self, z: torch.Tensor) -> torch.Tensor:
        return self.synthesize(self.codes(z, mixed=True))

    def slope(self, logits: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        (by,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
        return by.square().sum((1, 2, 3)).mean()

    def of_d(self, real: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            fake = self.fakes(z)
        every = 16 if self.second else 1
        penal = self.played % every == 0
        real = real.detach().requires_grad_(penal)
        logits = self.judge(real)
        loss = F.softplus(self.judge(fake)).mean() + F.softplus(-logits).mean()
        return loss + every * _GAMMA / 2 * self.slope(logits, real) if penal else loss

    def of_g(self, real: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        del real
        loss = F.softplus(-self.judge(self.fakes(z))).mean()
        if self.second and self.played % 4 == 0:
            codes = self.codes(z[: len(z) // 2])
            made = self.synthesize(codes)
            y = torch.randn_like(made) / math.sqrt(made[0, 0].numel())
            (by,) = torch.autograd.grad((made * y).sum(), codes, create_graph=True)
            lengths = by.square().sum(2).mean(1).sqrt()
            mean = torch.lerp(lengths.mean(), self.length, _LENGTHS_DECAY)
            self.length = mean.detach()
            loss = loss + 4 * 2 * (lengths - mean).square().mean()
        return loss

    def round(self, real: torch.Tensor, latents: int) -> list[float]:
        losses = [self.of_d(real, torch.randn(len(real), latents))]
        self.descend(losses[0], 1)
        self.resting(True)
        losses.append(self.of_g(real, torch.randn(len(real), latents)))
        self.descend(losses[1], 0)
        self.resting(False)
        torch._foreach_lerp_(self.average, [leaf.detach() for leaf in leaves(self.g)], 1 - _EMA)
        self.played += 1
        return [loss.item() for loss in losses]


class StyleGAN(Game):
    pass


class StyleGAN2(Game):
    second = True


class R3GAN(Game):
    @property
    def stages(self) -> int:
        return sum(name.startswith("block") for name in self.g)

    def fakes(self, z: torch.Tensor) -> torch.Tensor:
        return self.make(z)

    def make(self, z: torch.Tensor) -> torch.Tensor:
        return r3gan_generator(self.g, z, self.stages)

    def judge(self, images: torch.Tensor) -> torch.Tensor:
        return r3gan_discriminator(self.d, images, self.stages)

    def of_d(self, real: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            fake = self.fakes(z)
        real, fake = real.detach().requires_grad_(), fake.requires_grad_()
        of_real, of_fake = self.judge(real), self.judge(fake)
        penalty = self.slope(of_real, real) + self.slope(of_fake, fake)
        return F.softplus(of_fake - of_real).mean() + _GAMMA / 2 * penalty

    def of_g(self, real: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        return F.softplus(self.judge(real) - self.judge(self.fakes(z))).mean()
