"""SNGAN's and SS-GAN's training round in plain PyTorch, for `train_step.py` to compare with.

The same networks, losses and order of work as `gan_jax.architectures.sngan` in `gan_jax.methods.adversarial`, in the
form that is fast for PyTorch on a CPU: one pass of D for all its images, each spectrally normalised weight computed
once an update, fused Adam, activations in place, pooling before the shortcut. `load` copies a gan_jax state, so that
`train_step.py` can check that both compute the same images and logits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from pytorch_device import runner, to_numpy, to_torch
from torch import nn
from torch.nn import functional as F


class Generator(nn.Module):
    """z [B, Z] -> images [B, C, H, W] in (-1, 1)."""

    def __init__(self, latent_dim: int, widths: tuple[int, ...], channels: int, size: int):
        super().__init__()
        self.size, self.first = size, widths[0]
        self.stem = nn.Linear(latent_dim, size * size * widths[0])
        self.blocks = nn.ModuleList()
        for before, width in zip(widths, widths[1:], strict=False):
            block = nn.Module()
            block.norm1, block.conv1 = nn.BatchNorm2d(before), nn.Conv2d(before, width, 3, padding=1)
            block.norm2, block.conv2 = nn.BatchNorm2d(width), nn.Conv2d(width, width, 3, padding=1)
            block.shortcut = nn.Conv2d(before, width, 1)
            self.blocks.append(block)
        self.norm = nn.BatchNorm2d(widths[-1])
        self.to_image = nn.Conv2d(widths[-1], channels, 3, padding=1)

    def forward(self, z: torch.Tensor, memory_format: torch.memory_format) -> torch.Tensor:
        x = self.stem(z).view(-1, self.size, self.size, self.first).permute(0, 3, 1, 2)
        x = x.contiguous(memory_format=memory_format)
        double = lambda x: F.interpolate(x, scale_factor=2, mode="nearest")
        for block in self.blocks:
            h = block.conv1(double(F.relu(block.norm1(x), inplace=True)))
            h = block.conv2(F.relu(block.norm2(h), inplace=True))
            x = h + double(block.shortcut(x))
        return torch.tanh(self.to_image(F.relu(self.norm(x), inplace=True)))


class Discriminator(nn.Module):
    """images [B, C, H, W] -> logits [B], pooled features [B, F]; every weight is spectrally normalised."""

    def __init__(self, channels: int, widths: tuple[int, ...], halvings: int):
        super().__init__()
        self.halvings, self.layers = halvings, nn.ModuleDict()
        before = channels
        for i, width in enumerate(widths):
            hidden = before if i else width
            self.layers[f"block{i}_conv1"] = nn.Conv2d(before, hidden, 3, padding=1)
            self.layers[f"block{i}_conv2"] = nn.Conv2d(hidden, width, 3, padding=1)
            if i < max(halvings, 1) or width != before:
                self.layers[f"block{i}_shortcut"] = nn.Conv2d(before, width, 1)
            before = width
        self.layers["head"], self.layers["rotation"] = nn.Linear(before, 1), nn.Linear(before, 4)
        self.depth = len(widths)
        self.vectors: dict[str, list[torch.Tensor]] = {}  # u [O] and v [I * window] of every layer

    @torch.no_grad()
    def iterate(self) -> None:
        """One power iteration of every weight."""
        for name, layer in self.layers.items():
            matrix = layer.weight.flatten(1)
            u = self.vectors[name][0] if name in self.vectors else torch.randn(matrix.shape[0])
            v = F.normalize(matrix.t() @ u, dim=0)
            self.vectors[name] = [F.normalize(matrix @ v, dim=0), v]

    def weights(self) -> dict[str, torch.Tensor]:
        """weight / sigma of every layer, once for all passes of an update."""
        normalized = {}
        for name, layer in self.layers.items():
            u, v = self.vectors[name]
            normalized[name] = layer.weight / torch.dot(u, layer.weight.flatten(1) @ v)
        return normalized

    def forward(self, x: torch.Tensor, weights: Mapping[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        def conv(name: str, x: torch.Tensor) -> torch.Tensor:
            return F.conv2d(x, weights[name], self.layers[name].bias, padding=weights[name].shape[-1] // 2)

        for i in range(self.depth):
            pool = (lambda x: F.avg_pool2d(x, 2)) if i < self.halvings else (lambda x: x)
            h = conv(f"block{i}_conv1", F.relu(x) if i else x)
            h = pool(conv(f"block{i}_conv2", F.relu(h, inplace=True)))
            x = h + (conv(f"block{i}_shortcut", pool(x)) if f"block{i}_shortcut" in self.layers else x)
        pooled = F.relu(x, inplace=True).sum((2, 3))
        return F.linear(pooled, weights["head"], self.layers["head"].bias)[:, 0], pooled


class Game:
    """Both networks, their Adams, and one round."""

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        generator_widths: tuple[int, ...],
        discriminator_widths: tuple[int, ...],
        halvings: int,
        rotation: bool,
        channels_last: bool = False,
        compile: bool = False,
        bfloat16: bool = False,
        latent_dim: int = 128,
        alpha: float = 0.2,
    ):
        self.rotation, self.latent_dim, self.alpha = rotation, latent_dim, alpha
        self.memory_format = torch.channels_last if channels_last else torch.contiguous_format
        made = self.networks(image_shape, generator_widths, discriminator_widths, halvings)
        self.g, self.d = (network.to(memory_format=self.memory_format) for network in made)
        if not rotation:
            del self.d.layers["rotation"]
        self.d.iterate()
        adam = lambda net: torch.optim.Adam(net.parameters(), lr=2e-4, betas=(0.5, 0.999), fused=True)
        self.adam_g, self.adam_d = adam(self.g), adam(self.d)
        self.run_g, self.run_d = (runner(network, compile, bfloat16) for network in (self.g, self.d))

    def networks(self, image_shape: tuple[int, int, int], widths_g: tuple, widths_d: tuple, halvings: int) -> tuple:
        """(generator, discriminator), with the calls of those above."""
        height, _, channels = image_shape
        base = height // 2 ** (len(widths_g) - 1)
        return Generator(self.latent_dim, widths_g, channels, base), Discriminator(channels, widths_d, halvings)

    def images(self, images: np.ndarray) -> torch.Tensor:
        """[B, H, W, C] -> the layout of this game."""
        return to_torch(images).permute(0, 3, 1, 2).contiguous(memory_format=self.memory_format)

    def round(self, reals: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """One update of D for each batch of reals, then one of G. -> both losses, [] on the device."""
        for real in reals:
            loss_d = self._update_d(real)
        loss_g = self._update_g(reals[0].shape[0])
        return loss_d, loss_g

    def _fakes(self, n: int) -> torch.Tensor:
        return self.run_g(torch.randn(n, self.latent_dim), self.memory_format)

    def _judged(self, images: torch.Tensor, other: torch.Tensor | None, turned: torch.Tensor, weights: Any):
        """Logits of images, logits of other, and the rotation loss on a quarter of `turned`, all in one pass of D."""
        parts = [images] if other is None else [images, other]
        if self.rotation:  # the upright quarter is among the images already
            parts += [torch.rot90(turned[::4], q, (2, 3)) for q in (1, 2, 3)]
        batch = torch.cat(parts) if len(parts) > 1 else parts[0]
        logits, pooled = self.run_d(batch.contiguous(memory_format=self.memory_format), weights)
        n, m = len(images), 0 if other is None else len(other)
        loss = torch.zeros(())
        if self.rotation:
            features = torch.cat([pooled[:n:4], pooled[n + m :]])
            turns = torch.arange(4).repeat_interleave(len(features) // 4)
            loss = F.cross_entropy(F.linear(features, weights["rotation"], self.d.layers["rotation"].bias), turns)
        return logits[:n], logits[n : n + m], loss

    def _update_d(self, real: torch.Tensor) -> torch.Tensor:
        self.d.requires_grad_(True)
        with torch.no_grad():
            fake = self._fakes(len(real))
        on_real, on_fake, rotation = self._judged(real, fake, real, self.d.weights())
        loss = F.relu(1 - on_real).mean() + F.relu(1 + on_fake).mean() + rotation
        self.adam_d.zero_grad(set_to_none=True)
        loss.backward()
        self.adam_d.step()
        self.d.iterate()
        return loss.detach()

    def _update_g(self, n: int) -> torch.Tensor:
        self.d.requires_grad_(False)
        fake = self._fakes(n)
        on_fake, _, rotation = self._judged(fake, None, fake, self.d.weights())
        loss = -on_fake.mean() + self.alpha * rotation
        self.adam_g.zero_grad(set_to_none=True)
        loss.backward()
        self.adam_g.step()
        return loss.detach()

    @torch.no_grad()
    def load(self, networks: Mapping[str, Any]) -> None:
        """Takes the weights, and D's spectral vectors, of a gan_jax state's networks."""
        layers = dict(self.d.layers)
        g = {"stem": self.g.stem, "norm": self.g.norm, "to_image": self.g.to_image}
        for i, block in enumerate(self.g.blocks):
            g |= {f"block{i}_{name}": part for name, part in block.named_children()}
        params = dict(networks["generator"].params)
        params["stem"] = params["stem"]["Dense_0"]
        _copy(g, params)
        params, spectral = dict(networks["discriminator"].params), dict(networks["discriminator"].stats["spectral"])
        if self.rotation:
            params["rotation"] = networks["rotation"].params
            spectral["rotation"] = networks["rotation"].stats["spectral"]
        _copy(layers, params)
        for name, layer in layers.items():
            u, v = (np.array(spectral[name]["kernel"][key]) for key in "uv")
            v = v.reshape(-1, layer.weight.shape[1]).T.reshape(-1)  # from (window, I) to (I, window)
            self.d.vectors[name] = [to_torch(u), to_torch(v)]

    @torch.no_grad()
    def judge(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Images [B, H, W, C] and logits [B] of given latents."""
        images = self.g(to_torch(z), self.memory_format)
        return to_numpy(images.permute(0, 2, 3, 1)), to_numpy(self.d(images, self.d.weights())[0])


def _copy(layers: Mapping[str, nn.Module], params: Mapping[str, Any]) -> None:
    if layers.keys() != params.keys():
        raise ValueError(f"layers differ: {sorted(layers)} here, {sorted(params)} in gan_jax")
    for name, layer in layers.items():
        values = {key: np.array(value) for key, value in params[name].items()}
        weight = values["scale"] if "scale" in values else np.moveaxis(values["kernel"], (-1, -2), (0, 1))
        if layer.weight.shape != weight.shape:
            raise ValueError(f"{name} is {tuple(layer.weight.shape)} here and {weight.shape} in gan_jax")
        layer.weight.copy_(to_torch(weight))
        layer.bias.copy_(to_torch(values["bias"]))
