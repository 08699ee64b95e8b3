"""Progressive GAN, StyleGAN and StyleGAN2 once more, in PyTorch and by their formulas, for the parity tests.

Weights are those of the networks under test, by their names; layers are written in other forms: dilation by zeros and full
filters, kernels made anew for each image.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F

SQRT2 = math.sqrt(2)


def tensors(tree):
    """A tree of arrays as one of float64 tensors that have gradients."""
    if isinstance(tree, dict):
        return {key: tensors(value) for key, value in tree.items()}
    return torch.tensor(np.asarray(tree, np.float64), requires_grad=True)


def at(tree, name):
    for part in name.split("/"):
        tree = tree[part]
    return tree


def lrelu(x):
    return F.leaky_relu(x, 0.2)


def pixel_norm(x):
    return x / torch.sqrt(torch.mean(x**2, 1, keepdim=True) + 1e-8)


def conv(params, x, gain=SQRT2, stride=1, padding=None):
    """With equalised learning rate; images [B, C, H, W]."""
    kernel = params["kernel"].permute(3, 2, 0, 1)
    kernel = kernel * (gain / math.sqrt(kernel[0].numel()))
    return F.conv2d(x, kernel, params.get("bias"), stride, kernel.shape[-1] // 2 if padding is None else padding)


def dense(params, x, gain=SQRT2, multiplier=1.0):
    kernel = params["kernel"]
    y = x @ (kernel * (gain * multiplier / math.sqrt(kernel.shape[0])))
    return y + params["bias"] * multiplier if "bias" in params else y


def nearest(x):
    return x.repeat_interleave(2, 2).repeat_interleave(2, 3)


def fir(x, taps, before, after, gain=1.0):
    taps = torch.tensor(taps, dtype=torch.float64)
    kernel = torch.outer(taps, taps) / taps.sum() ** 2 * gain
    x = F.pad(x, (before, after, before, after))
    return F.conv2d(x, kernel[None, None].repeat(x.shape[1], 1, 1, 1), groups=x.shape[1])


def zeros_between(x):
    """[B, C, H, W] -> [B, C, 2 H, 2 W], pixels at even places."""
    out = torch.zeros(*x.shape[:2], 2 * x.shape[2], 2 * x.shape[3], dtype=x.dtype)
    out[:, :, ::2, ::2] = x
    return out


def smooth_up(x):
    return fir(zeros_between(x), [1, 3, 3, 1], 2, 1, 4.0)


def stddev_channel(x, group, epsilon=1e-8):
    group = min(group, len(x))
    several = x.reshape(group, -1, *x.shape[1:])
    of_group = torch.sqrt(several.var(0, unbiased=False) + epsilon).mean((1, 2, 3))
    plane = of_group.repeat(group).reshape(-1, 1, 1, 1).expand(-1, 1, *x.shape[2:])
    return torch.cat([x, plane], 1)


def flat(x):
    """In the order of [B, H, W, C]."""
    return x.permute(0, 2, 3, 1).reshape(len(x), -1)


# --- Progressive GAN and StyleGAN


def blend(fade, new, old):
    return fade * new + (1 - fade) * old


def to_image(p, maps, fade):
    top = max(maps)
    image = conv(p[f"level{top}"], maps[top], 1.0)
    return image if not top else blend(fade, image, nearest(conv(p[f"level{top - 1}"], maps[top - 1], 1.0)))


def progan_generator(p, z, base, top, fade, label=None, classes=0):
    z = pixel_norm(z)
    if classes:
        z = torch.cat([z, F.one_hot(label, classes).double()], 1)
    x = dense(p["stem"], z, math.sqrt(2) / 4).reshape(len(z), *base, -1).permute(0, 3, 1, 2)
    x = pixel_norm(lrelu(x + p["stem_bias"].reshape(1, -1, 1, 1)))
    maps = {}
    for level in range(top + 1):
        if level:
            x = pixel_norm(lrelu(conv(p[f"level{level}_up"], nearest(x))))
        x = maps[level] = pixel_norm(lrelu(conv(p[f"level{level}_conv"], x)))
    return to_image(p["to_image"], maps, fade)


def progan_discriminator(p, images, top, fade, group=4, blur=False, label=None, classes=0):
    x = lrelu(conv(p[f"from_image{top}"], images))
    for level in range(top, 0, -1):
        x = lrelu(conv(p[f"level{level}_conv"], x))
        x = fir(x, [1, 2, 1], 1, 1) if blur else x
        bias = p[f"level{level}_down"]["bias"].reshape(1, -1, 1, 1)
        x = conv({"kernel": p[f"level{level}_down"]["kernel"]}, x)
        x = lrelu(F.avg_pool2d(x, 2) + bias)
        if level == top:
            x = blend(fade, x, lrelu(conv(p[f"from_image{level - 1}"], F.avg_pool2d(images, 2))))
    x = stddev_channel(x, group) if group else x
    x = lrelu(conv(p["level0_conv"], x))
    logits = dense(p["head"], lrelu(dense(p["dense"], flat(x))), 1.0)
    return logits[torch.arange(len(logits)), label] if classes else logits[:, 0]


def mapping(p, z, label=None, second=False):
    if second:
        parts = [pixel_norm(z)] if z.shape[1] else []
        if "embed" in p:
            one_hot = F.one_hot(label, len(p["embed"]["kernel"])).double()
            parts.append(pixel_norm(dense(p["embed"], one_hot, 1.0)))
        x = torch.cat(parts, 1)
    else:
        x = pixel_norm(torch.cat([z, p["embed"]["embedding"][label]], 1) if "embed" in p else z)
    for i in range(sum(name.startswith("layer") for name in p)):
        if second:
            x = math.sqrt(2) * lrelu(dense(p[f"layer{i}"], x, 1.0, 0.01))
        else:
            x = lrelu(dense(p[f"layer{i}"], x, math.sqrt(2), 0.01))
    return x


def stylegan_synthesis(p, codes, base, top, fade, noise, adain=True, constant=True):
    """noise: [h, w, 1] maps by the name of their layer."""

    def epilogue(p, name, x, w):
        p = p[name]
        if "noise" in p:
            x = x + p["noise"]["noise_scale"].reshape(1, -1, 1, 1) * noise[name].reshape(1, 1, *x.shape[2:])
        x = lrelu(x + p["bias"].reshape(1, -1, 1, 1))
        if not adain:
            return pixel_norm(x)
        x = (x - x.mean((2, 3), keepdim=True)) / torch.sqrt(x.var((2, 3), unbiased=False, keepdim=True) + 1e-8)
        scale, bias = dense(p["style"], w, 1.0).chunk(2, 1)
        return (scale[..., None, None] + 1) * x + bias[..., None, None]

    if constant:
        x = p["constant"].permute(2, 0, 1)[None].repeat(len(codes), 1, 1, 1)
    else:
        x = dense(p["stem"], codes[:, 0], math.sqrt(2) / 4).reshape(len(codes), *base, -1).permute(0, 3, 1, 2)
    maps = {}
    for level in range(top + 1):
        if level:
            x = fir(conv(p[f"level{level}_up"], nearest(x)), [1, 2, 1], 1, 1)
        x = epilogue(p, f"level{level}_epilogue0", x, codes[:, 2 * level])
        x = conv(p[f"level{level}_conv"], x)
        x = maps[level] = epilogue(p, f"level{level}_epilogue1", x, codes[:, 2 * level + 1])
    return to_image(p["to_image"], maps, fade)


# --- StyleGAN2


def modulated(p, x, w, demodulate=True, up=False):
    """By kernels of each image's own, as groups of one convolution."""
    kernel = p["weight"].permute(3, 2, 0, 1)
    style = dense(p["style"], w, 1.0)
    style = style if demodulate else style / math.sqrt(kernel.shape[1])
    kernels = kernel[None] * style[:, None, :, None, None]
    if demodulate:
        kernels = kernels / torch.sqrt((kernels**2).sum((2, 3, 4), keepdim=True) + 1e-8)
    n, outs, ins, k, _ = kernels.shape
    if up:  # zeros between, the whole convolution, then the filter
        x = zeros_between(x)[:, :, :-1, :-1]
        x = F.pad(x, (2, 2, 2, 2))
    else:
        x = F.pad(x, (k // 2,) * 4)
    y = F.conv2d(x.reshape(1, n * ins, *x.shape[2:]), kernels.reshape(n * outs, ins, k, k), groups=n)
    y = y.reshape(n, outs, *y.shape[2:])
    return fir(y, [1, 3, 3, 1], 1, 1, 4.0) if up else y


def stylegan2_synthesis(p, codes, noise, skip=True):
    """noise: [h, w, 1] maps by the name of their layer."""

    def layer(name, x, w, up=False):
        x = modulated(p[name]["conv"], x, w, up=up)
        if "noise" in p[name]:
            x = x + p[name]["noise"]["noise_scale"] * noise[name].reshape(1, 1, *x.shape[2:])
        return math.sqrt(2) * lrelu(x + p[name]["bias"].reshape(1, -1, 1, 1))

    x = p["constant"].permute(2, 0, 1)[None].repeat(len(codes), 1, 1, 1)
    image, level = None, 0
    while f"level{level}_conv" in p:
        if not level:
            x = layer("level0_conv", x, codes[:, 0])
        else:
            y = layer(f"level{level}_up", x, codes[:, 2 * level - 1], True)
            y = layer(f"level{level}_conv", y, codes[:, 2 * level])
            x = y if skip else math.sqrt(0.5) * (y + smooth_up(conv(p[f"level{level}_past"], x, 1.0)))
        if f"level{level}_to_image" in p:
            made = modulated(p[f"level{level}_to_image"], x, codes[:, 2 * level + 1], demodulate=False)
            made = made + p[f"level{level}_image_bias"].reshape(1, -1, 1, 1)
            image = made if image is None else smooth_up(image) + made
        level += 1
    return image


def stylegan2_discriminator(p, images, top, group=4, residual=True, label=None):
    act = lambda x: math.sqrt(2) * lrelu(x)
    x = act(conv(p["from_image"], images, 1.0))
    for level in range(top, 0, -1):
        y = act(conv(p[f"level{level}_conv"], x, 1.0))
        y = act(conv(p[f"level{level}_down"], fir(y, [1, 3, 3, 1], 2, 2), 1.0, 2, 0))
        if residual:
            past = conv(p[f"level{level}_past"], fir(x, [1, 3, 3, 1], 1, 1)[:, :, ::2, ::2], 1.0)
            y = math.sqrt(0.5) * (y + past)
        x = y
    x = stddev_channel(x, group) if group else x
    x = act(conv(p["level0_conv"], x, 1.0))
    x = dense(p["head"], act(dense(p["dense"], flat(x), 1.0)), 1.0)
    if "labels" not in p:
        return x[:, 0]
    of_label = mapping(p["labels"], torch.zeros(len(x), 0, dtype=torch.float64), label, second=True)
    return (x * of_label).sum(1) / math.sqrt(x.shape[1])
