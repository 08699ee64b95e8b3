"""Networks of StyleGAN, StyleGAN2 and R3GAN at one size in plain PyTorch: functions of gan_jax's weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from pytorch_device import to_torch
from torch.nn import functional as F

Tree = dict[str, Any]


def tree_of(params: Mapping[str, Any], channels_last: bool) -> Tree:
    """gan_jax's parameters: kernels [h, w, I, O] as [O, I, h, w], first maps [h, w, C] as [1, C, h, w]."""
    found: Tree = {}
    for name, value in params.items():
        if isinstance(value, Mapping):
            found[name] = tree_of(value, channels_last)
            continue
        array = np.array(value)
        if array.ndim == 4:
            array = np.transpose(array, (3, 2, 0, 1))
        elif array.ndim == 3:
            array = np.moveaxis(array, -1, 0)[None]
        leaf = to_torch(array)
        if channels_last and leaf.ndim == 4:
            leaf = leaf.contiguous(memory_format=torch.channels_last)
        found[name] = leaf.requires_grad_()
    return found


def leaves(tree: Tree) -> list[torch.Tensor]:
    return [leaf for value in tree.values() for leaf in (leaves(value) if isinstance(value, dict) else [value])]


def lrelu(x: torch.Tensor, gain: float = 1.0) -> torch.Tensor:
    x = F.leaky_relu(x, 0.2)
    return x if gain == 1 else gain * x


def pixel_norm(x: torch.Tensor) -> torch.Tensor:
    return x * torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-8)


def conv(p: Tree, x: torch.Tensor, gain: float = math.sqrt(2), stride: int = 1, padding: int | None = None) -> Any:
    """With equalised learning rate."""
    kernel = p["kernel"] * (gain / math.sqrt(p["kernel"][0].numel()))
    return F.conv2d(x, kernel, p.get("bias"), stride, kernel.shape[-1] // 2 if padding is None else padding)


def dense(p: Tree, x: torch.Tensor, gain: float = math.sqrt(2), multiplier: float = 1.0) -> torch.Tensor:
    kernel = p["kernel"] * (gain * multiplier / math.sqrt(len(p["kernel"])))
    return torch.addmm(p["bias"] * multiplier, x, kernel) if "bias" in p else x @ kernel


def nearest(x: torch.Tensor) -> torch.Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


def fir(x: torch.Tensor, taps: tuple[int, ...], padding: Any, gain: float = 1.0, stride: int = 1) -> torch.Tensor:
    one = torch.tensor(taps, dtype=x.dtype)
    kernel = (torch.outer(one, one) * (gain / one.sum() ** 2)).expand(x.shape[1], 1, -1, -1)
    if isinstance(padding, tuple):
        x, padding = F.pad(x, padding), 0
    return F.conv2d(x, kernel, None, stride, padding, groups=x.shape[1])


def smooth_up(x: torch.Tensor) -> torch.Tensor:
    one = torch.tensor([1.0, 3.0, 3.0, 1.0])
    kernel = (torch.outer(one, one) / 16).expand(x.shape[1], 1, -1, -1)
    return F.conv_transpose2d(x, kernel, None, 2, 1, groups=x.shape[1])


def stddev_channel(x: torch.Tensor, group: int = 4) -> torch.Tensor:
    several = x.reshape(group, -1, *x.shape[1:])
    of_group = torch.sqrt(several.var(0, unbiased=False) + 1e-8).mean((1, 2, 3))
    return torch.cat([x, of_group.repeat(group).view(-1, 1, 1, 1).expand(-1, 1, *x.shape[2:])], 1)


def flat(x: torch.Tensor) -> torch.Tensor:
    return x.permute(0, 2, 3, 1).flatten(1)


def noisy(p: Tree, x: torch.Tensor) -> torch.Tensor:
    if "noise" not in p:
        return x
    scale = p["noise"]["noise_scale"].view(1, -1, 1, 1)
    return torch.addcmul(x, scale, torch.randn(len(x), 1, *x.shape[2:]))


def mapping(p: Tree, z: torch.Tensor, second: bool = False) -> torch.Tensor:
    x = pixel_norm(z)
    for i in range(len(p)):
        x = lrelu(dense(p[f"layer{i}"], x, 1.0 if second else math.sqrt(2), 0.01), math.sqrt(2) if second else 1.0)
    return x


def stylegan_synthesis(p: Tree, codes: torch.Tensor) -> torch.Tensor:
    def epilogue(p: Tree, x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        x = lrelu(noisy(p, x) + p["bias"].view(1, -1, 1, 1))
        scale, bias = dense(p["style"], w, 1.0).chunk(2, 1)
        return torch.addcmul(bias[..., None, None], scale[..., None, None] + 1, F.instance_norm(x, eps=1e-8))

    x = p["constant"].expand(len(codes), -1, -1, -1)
    top = max(int(name[5:-5]) for name in p if name.endswith("_conv"))
    for level in range(top + 1):
        if level:
            x = fir(conv(p[f"level{level}_up"], nearest(x)), (1, 2, 1), 1)
        x = epilogue(p[f"level{level}_epilogue0"], x, codes[:, 2 * level])
        x = epilogue(p[f"level{level}_epilogue1"], conv(p[f"level{level}_conv"], x), codes[:, 2 * level + 1])
    return conv(p["to_image"][f"level{top}"], x, 1.0)


def stylegan_discriminator(p: Tree, images: torch.Tensor) -> torch.Tensor:
    top = max(int(name[5:-5]) for name in p if name.endswith("_down"))
    x = lrelu(conv(p[f"from_image{top}"], images))
    for level in range(top, 0, -1):
        x = fir(lrelu(conv(p[f"level{level}_conv"], x)), (1, 2, 1), 1)
        down = p[f"level{level}_down"]
        x = lrelu(F.avg_pool2d(conv({"kernel": down["kernel"]}, x), 2) + down["bias"].view(1, -1, 1, 1))
    x = lrelu(conv(p["level0_conv"], stddev_channel(x)))
    return dense(p["head"], lrelu(dense(p["dense"], flat(x))), 1.0)[:, 0]


def modulated(p: Tree, x: torch.Tensor, w: torch.Tensor, demodulate: bool, up: bool, grouped: bool) -> torch.Tensor:
    """grouped: by a kernel for each image, the groups of one convolution; else by scaled channels before and after."""
    kernel, style = p["weight"], dense(p["style"], w, 1.0)
    outs, ins, k, _ = kernel.shape
    kernel = kernel.flip(2, 3) if up else kernel  # the transposed convolution turns it about
    style = style if demodulate else style / math.sqrt(ins)
    inverse = torch.rsqrt(style.square() @ kernel.square().sum((2, 3)).T + 1e-8) if demodulate else None
    if grouped:
        n = len(x)
        kernels = kernel[None] * style[:, None, :, None, None]
        kernels = kernels if inverse is None else kernels * inverse[..., None, None, None]
        x = x.reshape(1, n * ins, *x.shape[2:])
        if up:
            kernels = kernels.transpose(1, 2).reshape(n * ins, outs, k, k)
            y = F.conv_transpose2d(x, kernels, None, 2, 0, groups=n)
        else:
            y = F.conv2d(x, kernels.reshape(n * outs, ins, k, k), None, 1, k // 2, groups=n)
        y = y.view(n, outs, *y.shape[2:])
    else:
        x = x * style[..., None, None]
        y = F.conv_transpose2d(x, kernel.transpose(0, 1), None, 2) if up else F.conv2d(x, kernel, None, 1, k // 2)
        y = y if inverse is None else y * inverse[..., None, None]
    return fir(y, (1, 3, 3, 1), 1, 4.0) if up else y


def stylegan2_synthesis(p: Tree, codes: torch.Tensor, grouped: bool) -> torch.Tensor:
    def layer(p: Tree, x: torch.Tensor, w: torch.Tensor, up: bool = False) -> torch.Tensor:
        x = noisy(p, modulated(p["conv"], x, w, True, up, grouped))
        return lrelu(x + p["bias"].view(1, -1, 1, 1), math.sqrt(2))

    x = p["constant"].expand(len(codes), -1, -1, -1)
    image = None
    for level in range(sum(name.endswith("_conv") for name in p)):
        if level:
            x = layer(p[f"level{level}_up"], x, codes[:, 2 * level - 1], True)
        x = layer(p[f"level{level}_conv"], x, codes[:, 2 * level])
        made = modulated(p[f"level{level}_to_image"], x, codes[:, 2 * level + 1], False, False, grouped)
        made = made + p[f"level{level}_image_bias"].view(1, -1, 1, 1)
        image = made if image is None else smooth_up(image) + made
    return image


def stylegan2_discriminator(p: Tree, images: torch.Tensor) -> torch.Tensor:
    root = math.sqrt(2)
    x = lrelu(conv(p["from_image"], images, 1.0), root)
    for level in range(sum(name.endswith("_down") for name in p), 0, -1):
        past = conv(p[f"level{level}_past"], fir(x, (1, 3, 3, 1), 1, stride=2), 1.0)
        y = fir(lrelu(conv(p[f"level{level}_conv"], x, 1.0), root), (1, 3, 3, 1), 2)
        x = math.sqrt(0.5) * (lrelu(conv(p[f"level{level}_down"], y, 1.0, 2, 0), root) + past)
    x = lrelu(conv(p["level0_conv"], stddev_channel(x), 1.0), root)
    return dense(p["head"], lrelu(dense(p["dense"], flat(x), 1.0), root), 1.0)[:, 0]


def plain(p: Tree, x: torch.Tensor, groups: int = 1) -> torch.Tensor:
    return F.conv2d(x, p["kernel"], p.get("bias"), padding=p["kernel"].shape[-1] // 2, groups=groups)


def residual(p: Tree, x: torch.Tensor) -> torch.Tensor:
    groups = len(p["conv2"]["kernel"]) // p["conv2"]["kernel"].shape[1]
    return x + plain(p["conv3"], lrelu(plain(p["conv2"], lrelu(plain(p["conv1"], x)), groups)))


def r3gan_stages(p: Tree, x: torch.Tensor, stages: int, resample: Any) -> torch.Tensor:
    each = sum(name.startswith("block") for name in p) // stages
    for i in range(stages):
        x = resample(i, x) if i else x
        for j in range(each):
            x = residual(p[f"block{each * i + j}_layers"], x)
    return x


def r3gan_generator(p: Tree, z: torch.Tensor, stages: int) -> torch.Tensor:
    to = lambda i, x: plain(p[f"to_stage{i}"], x) if f"to_stage{i}" in p else x
    x = p["basis"] * (z @ p["stem"]["kernel"])[:, :, None, None]
    return plain(p["to_image"], r3gan_stages(p, x, stages, lambda i, x: smooth_up(to(i, x))))


def r3gan_discriminator(p: Tree, x: torch.Tensor, stages: int) -> torch.Tensor:
    to = lambda i, x: plain(p[f"to_stage{i}"], x) if f"to_stage{i}" in p else x
    x = r3gan_stages(p, plain(p["from_image"], x), stages, lambda i, x: to(i, fir(x, (1, 3, 3, 1), 1, stride=2)))
    return ((x * p["basis"]).sum((2, 3)) @ p["head"]["kernel"])[:, 0]
