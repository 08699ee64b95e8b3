"""pix2pix's and CycleGAN's networks and losses once more, in PyTorch's own functions, on the same parameters."""

import numpy as np
import torch
from torch.nn import functional


def tensors(params):
    """Parameters as leaves that gradients reach."""
    if hasattr(params, "items"):
        return {name: tensors(each) for name, each in params.items()}
    return torch.tensor(np.asarray(params, np.float64), requires_grad=True)


def leaves(tree):
    return [leaf for each in tree.values() for leaf in (leaves(each) if isinstance(each, dict) else [each])]


def conv(layer, x, stride=1, padding=0):
    return functional.conv2d(x, layer["kernel"].permute(3, 2, 0, 1).contiguous(), layer.get("bias"), stride, padding)


def deconv(layer, x, padding, more=0):
    kernel = layer["kernel"].flip(0, 1).permute(2, 3, 0, 1).contiguous()
    return functional.conv_transpose2d(x, kernel, layer.get("bias"), 2, padding, more)


def norm(net, name, x):
    """Batch normalisation where it has parameters, else instance normalisation."""
    if name in net:
        return functional.batch_norm(x, None, None, net[name]["scale"], net[name]["bias"], training=True, eps=1e-5)
    return functional.instance_norm(x, eps=1e-5)


def unet(net, x):
    """Recursively: what lies inside a pair of layers is a smaller U-Net."""
    depth = sum(name.startswith("down") and "norm" not in name for name in net)

    def inside(level, x):
        y = conv(net[f"down{level}"], x if level == 0 else functional.leaky_relu(x, 0.2), 2, 1)
        if 0 < level < depth - 1:
            y = norm(net, f"down_norm{level}", y)
        if level < depth - 1:
            y = torch.cat([y, inside(level + 1, y)], 1)
        up = depth - 1 - level
        y = deconv(net[f"up{up}"], functional.relu(y), 1)
        return torch.tanh(y) if level == 0 else norm(net, f"up_norm{up}", y)

    return inside(0, x)


def patchgan(net, x):
    layers = sum(name.startswith("conv") for name in net)
    pixels = net["conv0"]["kernel"].shape[0] == 1
    for i in range(layers):
        stride = 1 if pixels or i == layers - 1 else 2
        x = conv(net[f"conv{i}"], x, stride, 0 if pixels else 1)
        x = functional.leaky_relu(norm(net, f"norm{i}", x) if i else x, 0.2)
    return conv(net["to_logits"], x, 1, 0 if pixels else 1)


def resnet(net, x):
    reflected = lambda name, x, margin: conv(net[name], functional.pad(x, (margin,) * 4, mode="reflect"))
    x = functional.relu(norm(net, "norm_in", reflected("conv_in", x, 3)))
    for i in range(2):
        x = functional.relu(norm(net, f"down_norm{i}", conv(net[f"down{i}"], x, 2, 1)))
    for i in range(sum(name.endswith("_conv0") for name in net)):
        y = functional.relu(norm(net, f"block{i}_norm0", reflected(f"block{i}_conv0", x, 1)))
        x = x + norm(net, f"block{i}_norm1", reflected(f"block{i}_conv1", y, 1))
    for i in (1, 0):
        x = functional.relu(norm(net, f"up_norm{i}", deconv(net[f"up{i}"], x, 1, 1)))
    return torch.tanh(reflected("conv_out", x, 3))
