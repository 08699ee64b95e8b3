"""BigGAN's training round at 32 x 32 in plain PyTorch, for `train_step.py` to compare with.

The networks are those of gan_jax.architectures.biggan as BigGAN-PyTorch's CIFAR-10 script has them: spectral norm in
both, a scale and bias for each class in G's norms, wide blocks and projection in D. All is computed in the order that is
fast for PyTorch: one normalised weight for an update, all images of D in one pass, fused Adam.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from pytorch_device import runner, to_numpy, to_torch
from torch import nn
from torch.nn import functional as F


class Normalized(nn.Module):
    """A network whose weights, all but those of its norms, are divided by their largest singular value."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleDict()
        self.vectors: dict[str, list[torch.Tensor]] = {}  # u and v of every layer

    @torch.no_grad()
    def iterate(self) -> None:
        """One power iteration of every weight."""
        for name, layer in self.layers.items():
            matrix = self._matrix(layer)
            u = self.vectors[name][0] if name in self.vectors else torch.randn(matrix.shape[0])
            v = F.normalize(matrix.t() @ u, dim=0)
            self.vectors[name] = [F.normalize(matrix @ v, dim=0), v]

    def weights(self) -> dict[str, torch.Tensor]:
        """weight / sigma of every layer, once for all passes of an update."""
        normalized = {}
        for name, layer in self.layers.items():
            u, v = self.vectors[name]
            normalized[name] = layer.weight / torch.dot(u, self._matrix(layer) @ v)
        return normalized

    def conv(self, name: str, x: torch.Tensor, weights: Mapping[str, torch.Tensor]) -> torch.Tensor:
        return F.conv2d(x, weights[name], self.layers[name].bias, padding=weights[name].shape[-1] // 2)

    @staticmethod
    def _matrix(layer: nn.Module) -> torch.Tensor:
        """[outputs, inputs]; a table of classes is one of outputs [F, classes]."""
        return layer.weight.t() if isinstance(layer, nn.Embedding) else layer.weight.flatten(1)


class ClassNorm(nn.Module):
    """Batch norm with a scale and bias for each class."""

    def __init__(self, width: int, num_classes: int):
        super().__init__()
        self.norm = nn.BatchNorm2d(width, affine=False)
        self.scale, self.bias = nn.Embedding(num_classes, width), nn.Embedding(num_classes, width)

    def forward(self, x: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        scale, bias = self.scale(label)[:, :, None, None], self.bias(label)[:, :, None, None]
        return torch.addcmul(bias, self.norm(x), scale)


class Generator(Normalized):
    """latents [B, Z], labels [B] -> images [B, C, H, W]."""

    def __init__(self, latent_dim: int, widths: tuple[int, ...], channels: int, size: int, num_classes: int):
        super().__init__()
        self.size, self.first, self.depth = size, widths[0], len(widths) - 1
        self.layers["stem"] = nn.Linear(latent_dim, size * size * widths[0])
        self.norms = nn.ModuleDict()
        for i, (before, width) in enumerate(zip(widths, widths[1:], strict=False)):
            self.norms[f"block{i}_norm1"] = ClassNorm(before, num_classes)
            self.norms[f"block{i}_norm2"] = ClassNorm(width, num_classes)
            self.layers[f"block{i}_conv1"] = nn.Conv2d(before, width, 3, padding=1)
            self.layers[f"block{i}_conv2"] = nn.Conv2d(width, width, 3, padding=1)
            self.layers[f"block{i}_shortcut"] = nn.Conv2d(before, width, 1)
        self.norm = nn.BatchNorm2d(widths[-1])
        self.layers["to_image"] = nn.Conv2d(widths[-1], channels, 3, padding=1)

    def forward(
        self, z: torch.Tensor, label: torch.Tensor, weights: Mapping[str, torch.Tensor], layout: torch.memory_format
    ) -> torch.Tensor:
        x = F.linear(z, weights["stem"], self.layers["stem"].bias)
        x = x.view(-1, self.size, self.size, self.first).permute(0, 3, 1, 2).contiguous(memory_format=layout)
        double = lambda x: F.interpolate(x, scale_factor=2, mode="nearest")
        for i in range(self.depth):
            norm1, norm2 = self.norms[f"block{i}_norm1"], self.norms[f"block{i}_norm2"]
            h = self.conv(f"block{i}_conv1", double(F.relu(norm1(x, label), inplace=True)), weights)
            h = self.conv(f"block{i}_conv2", F.relu(norm2(h, label), inplace=True), weights)
            x = h + double(self.conv(f"block{i}_shortcut", x, weights))
        return torch.tanh(self.conv("to_image", F.relu(self.norm(x), inplace=True), weights))


class Discriminator(Normalized):
    """images [B, C, H, W], labels [B] -> logits [B]."""

    def __init__(self, channels: int, widths: tuple[int, ...], halvings: int, num_classes: int):
        super().__init__()
        self.halvings, self.depth, before = halvings, len(widths), channels
        for i, width in enumerate(widths):
            self.layers[f"block{i}_conv1"] = nn.Conv2d(before, width, 3, padding=1)
            self.layers[f"block{i}_conv2"] = nn.Conv2d(width, width, 3, padding=1)
            if i < halvings or width != before:
                self.layers[f"block{i}_shortcut"] = nn.Conv2d(before, width, 1)
            before = width
        self.layers["head"], self.layers["projection"] = nn.Linear(before, 1), nn.Embedding(num_classes, before)

    def forward(self, x: torch.Tensor, label: torch.Tensor, weights: Mapping[str, torch.Tensor]) -> torch.Tensor:
        for i in range(self.depth):
            pool = (lambda x: F.avg_pool2d(x, 2)) if i < self.halvings else (lambda x: x)
            h = self.conv(f"block{i}_conv1", F.relu(x) if i else x, weights)
            h = pool(self.conv(f"block{i}_conv2", F.relu(h, inplace=True), weights))
            shortcut = f"block{i}_shortcut"
            x = h + (self.conv(shortcut, pool(x), weights) if shortcut in self.layers else x)
        pooled = F.relu(x, inplace=True).sum((2, 3))
        score = F.linear(pooled, weights["head"], self.layers["head"].bias)[:, 0]
        return score + (F.embedding(label, weights["projection"]) * pooled).sum(1)


class Game:
    """Both networks, their Adams, and one round."""

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        generator_widths: tuple[int, ...],
        discriminator_widths: tuple[int, ...],
        halvings: int,
        num_classes: int,
        channels_last: bool = False,
        compile: bool = False,
        bfloat16: bool = False,
        latent_dim: int = 128,
    ):
        height, _, channels = image_shape
        self.latent_dim, self.num_classes = latent_dim, num_classes
        self.layout = torch.channels_last if channels_last else torch.contiguous_format
        base = height // 2 ** (len(generator_widths) - 1)
        self.g = Generator(latent_dim, generator_widths, channels, base, num_classes).to(memory_format=self.layout)
        self.d = Discriminator(channels, discriminator_widths, halvings, num_classes).to(memory_format=self.layout)
        adam = lambda net: torch.optim.Adam(net.parameters(), lr=2e-4, betas=(0.5, 0.999), fused=True)
        self.adam_g, self.adam_d = adam(self.g), adam(self.d)
        self.run_g, self.run_d = (runner(network, compile, bfloat16) for network in (self.g, self.d))

    def images(self, images: np.ndarray) -> torch.Tensor:
        """[B, H, W, C] -> the layout of this game."""
        return to_torch(images).permute(0, 3, 1, 2).contiguous(memory_format=self.layout)

    def round(self, reals: list[torch.Tensor], labels: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """One update of D for each batch of reals, then one of G. -> both losses, [] on the device."""
        for real, label in zip(reals, labels, strict=True):
            loss_d = self._update_d(real, label)
        loss_g = self._update_g(len(reals[0]))
        return loss_d, loss_g

    def _fakes(self, n: int) -> tuple[torch.Tensor, torch.Tensor]:
        label = torch.randint(self.num_classes, (n,))
        return self.run_g(torch.randn(n, self.latent_dim), label, self.g.weights(), self.layout), label

    def _update_d(self, real: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        self.d.requires_grad_(True)
        with torch.no_grad():
            fake, fake_label = self._fakes(len(real))
        both = torch.cat([real, fake]).contiguous(memory_format=self.layout)
        on_real, on_fake = self.run_d(both, torch.cat([label, fake_label]), self.d.weights()).split(len(real))
        loss = F.relu(1 - on_real).mean() + F.relu(1 + on_fake).mean()
        return self._descend(loss, self.adam_d, self.d)

    def _update_g(self, n: int) -> torch.Tensor:
        self.d.requires_grad_(False)
        fake, label = self._fakes(n)
        loss = -self.run_d(fake, label, self.d.weights()).mean()
        return self._descend(loss, self.adam_g, self.g)

    def _descend(self, loss: torch.Tensor, adam: torch.optim.Optimizer, net: Normalized) -> torch.Tensor:
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()
        net.iterate()
        return loss.detach()

    @torch.no_grad()
    def load(self, networks: Mapping[str, Any]) -> None:
        """Takes the weights and the spectral vectors of a gan_jax state's networks."""
        for name, net in (("generator", self.g), ("discriminator", self.d)):
            params, spectral = dict(networks[name].params), dict(networks[name].stats["spectral"])
            if name == "generator":
                params["stem"], spectral["stem"] = params["stem"]["Dense_0"], spectral["stem"]["Dense_0"]
                fill(self.g.norm.weight, params["norm"]["scale"])
                fill(self.g.norm.bias, params["norm"]["bias"])
                for norm, parts in self.g.norms.items():
                    fill(parts.scale.weight, params[norm]["scale"]["embedding"])
                    fill(parts.bias.weight, params[norm]["bias"]["embedding"])
            for layer, parts in net.layers.items():
                leaf = "embedding" if isinstance(parts, nn.Embedding) else "kernel"
                weight, vectors = np.array(params[layer][leaf]), spectral[layer][leaf]
                v = np.array(vectors["v"])
                if leaf == "kernel":
                    weight = np.moveaxis(weight, (-1, -2), (0, 1))
                    v = v.reshape(-1, weight.shape[1]).T.reshape(-1)  # from (window, I) to (I, window)
                    fill(parts.bias, params[layer]["bias"])
                fill(parts.weight, weight)
                net.vectors[layer] = [to_torch(vectors["u"]), to_torch(v)]

    @torch.no_grad()
    def judge(self, z: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Images [B, H, W, C] and logits [B] of given latents and classes."""
        label = to_torch(label)
        images = self.g(to_torch(z), label, self.g.weights(), self.layout)
        return to_numpy(images.permute(0, 2, 3, 1)), to_numpy(self.d(images, label, self.d.weights()))


def fill(parameter: torch.Tensor, values: Any) -> None:
    """Writes the values into a parameter of the same shape."""
    values = to_torch(values)
    if parameter.shape != values.shape:
        raise ValueError(f"a weight is {tuple(parameter.shape)} here and {tuple(values.shape)} in gan_jax")
    parameter.copy_(values)
