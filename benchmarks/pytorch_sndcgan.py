"""SNDCGAN's training round in plain PyTorch, for `train_step.py` to compare with: the round of `pytorch_sngan.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from pytorch_biggan import Normalized, fill
from pytorch_device import to_torch
from pytorch_sngan import Game as ResidualGame
from torch import nn
from torch.nn import functional as F


class Generator(nn.Module):
    """z [B, Z] -> images [B, C, H, W] in (-1, 1)."""

    def __init__(self, latent_dim: int, widths: tuple[int, ...], channels: int, size: int):
        super().__init__()
        self.size, self.first, self.depth = size, widths[0], len(widths) - 1
        self.stem, self.stem_norm = nn.Linear(latent_dim, size * size * widths[0]), nn.BatchNorm2d(widths[0])
        for i, (before, width) in enumerate(zip(widths, widths[1:], strict=False)):
            self.add_module(f"deconv{i}", nn.ConvTranspose2d(before, width, 4, 2, padding=1))
            self.add_module(f"norm{i}", nn.BatchNorm2d(width))
        self.to_image = nn.Conv2d(widths[-1], channels, 3, padding=1)

    def forward(self, z: torch.Tensor, memory_format: torch.memory_format) -> torch.Tensor:
        x = self.stem(z).view(-1, self.size, self.size, self.first).permute(0, 3, 1, 2)
        x = F.relu(self.stem_norm(x.contiguous(memory_format=memory_format)), inplace=True)
        for i in range(self.depth):
            x = getattr(self, f"deconv{i}")(x)
            x = F.relu(getattr(self, f"norm{i}")(x), inplace=True)
        return torch.tanh(self.to_image(x))


class Discriminator(Normalized):
    """images [B, C, H, W] -> logits [B], flat features [B, F]; every weight is spectrally normalised."""

    def __init__(self, channels: int, widths: tuple[int, ...], height: int):
        super().__init__()
        self.depth, before = len(widths), channels
        for i, width in enumerate(widths):
            window, stride = (4, 2) if i % 2 else (3, 1)
            self.layers[f"conv{i}"] = nn.Conv2d(before, width, window, stride, padding=1)
            before = width
        self.layers["head"] = nn.Linear(before * (height // 2 ** (self.depth // 2)) ** 2, 1)
        self.layers["rotation"] = nn.Linear(1, 4)  # unused here; ResidualGame takes it away

    def forward(self, x: torch.Tensor, weights: Mapping[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        for i in range(self.depth):
            name = f"conv{i}"
            x = F.conv2d(x, weights[name], self.layers[name].bias, self.layers[name].stride, padding=1)
            x = F.leaky_relu(x, 0.1, inplace=True)
        flat = x.flatten(1)
        return F.linear(flat, weights["head"], self.layers["head"].bias)[:, 0], flat


class Game(ResidualGame):
    """Both networks, their Adams, and one round."""

    def networks(self, image_shape: tuple[int, int, int], widths_g: tuple, widths_d: tuple, halvings: int) -> tuple:
        del halvings  # every other layer
        height, _, channels = image_shape
        self.side = height // 2 ** (len(widths_d) // 2)
        base = height // 2 ** (len(widths_g) - 1)
        return Generator(self.latent_dim, widths_g, channels, base), Discriminator(channels, widths_d, height)

    @torch.no_grad()
    def load(self, networks: Mapping[str, Any]) -> None:
        """Takes the weights, and D's spectral vectors, of a gan_jax state's networks."""
        params = dict(networks["generator"].params)
        params["stem"] = params["stem"]["Dense_0"]
        layers = dict(self.g.named_children())
        if layers.keys() != params.keys():
            raise ValueError(f"layers differ: {sorted(layers)} here, {sorted(params)} in gan_jax")
        for name, layer in layers.items():
            values = {key: np.array(value) for key, value in params[name].items()}
            if isinstance(layer, nn.ConvTranspose2d):  # [I, O, window], flipped in space
                weight = np.moveaxis(values["kernel"][::-1, ::-1], (-2, -1), (0, 1))
            else:
                weight = values["scale"] if "scale" in values else np.moveaxis(values["kernel"], (-1, -2), (0, 1))
            fill(layer.weight, weight)
            fill(layer.bias, values["bias"])
        params, spectral = networks["discriminator"].params, networks["discriminator"].stats["spectral"]
        for name, layer in self.d.layers.items():
            weight = np.moveaxis(np.array(params[name]["kernel"]), (-1, -2), (0, 1))  # [O, I, *window]
            u, v = (np.array(spectral[name]["kernel"][key]) for key in "uv")
            if name == "head":  # of a flat map: from (H, W, C) to (C, H, W)
                channels_first = lambda flat: np.moveaxis(flat.reshape(self.side, self.side, -1), -1, 0).reshape(-1)
                weight, v = channels_first(weight)[None], channels_first(v)
            else:
                v = v.reshape(-1, weight.shape[1]).T.reshape(-1)  # from (window, I) to (I, window)
            fill(layer.weight, weight)
            fill(layer.bias, params[name]["bias"])
            self.d.vectors[name] = [to_torch(x) for x in (u, v)]
