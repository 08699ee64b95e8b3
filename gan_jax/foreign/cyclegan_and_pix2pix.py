"""The networks of pytorch-CycleGAN-and-pix2pix (github.com/junyanz): U-Nets, ResNets and PatchGANs, latest_net_G.pth and others.

They take images of many sizes, so the size is not in the weights: it comes from the config. A norm without parameters is read
as instance normalisation, the authors' other choice.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from gan_jax.architectures import patchgan, resnet_translator, unet
from gan_jax.foreign.reading import Imported, Reading
from gan_jax.foreign.state_dict import StateDict

_OF_INSTANCE = (".running_mean", ".running_var")  # which older versions wrote of norms that do not use them


def convert_generator(state: StateDict, size: int) -> Imported:
    """Of a U-Net, or else of a ResNet. size: height and width of the images.

    Raises ValueError, with the first differences, unless the state is that of such a generator, complete.
    """
    return _unet(state, size) if "model.model.0.weight" in state else _resnet(state, size)


def convert_discriminator(state: StateDict, size: int) -> Imported:
    """Raises ValueError, with the first differences, unless the state is that of such a discriminator, complete."""
    pixels = "net.0.weight" in state
    own = "net" if pixels else "model"
    kind = _norm_of(state, f"{own}.3.weight")
    reading = Reading(_without_unused(state, kind), "pytorch-CycleGAN-and-pix2pix's discriminator")
    width, channels = reading.shape(f"{own}.0.weight", 4)[:2]
    layers = 0
    while not pixels and reading.has(f"{own}.{5 + 3 * layers}.weight"):
        layers += 1
    shape = (size, size, channels)
    settings: dict[str, Any] = {"width": width, "layers": layers, "norm": kind}
    reading.begin(patchgan.Discriminator(shape, **settings), jnp.zeros((1, *shape)))
    reading.conv("conv0", f"{own}.0")
    last = 2 if pixels else layers + 1
    for i in range(1, last):
        reading.conv(f"conv{i}", f"{own}.{3 * i - 1}")
        _norm(reading, f"norm{i}", f"{own}.{3 * i}")
    reading.conv("to_logits", f"{own}.{3 * last - 1}")
    return Imported({"type": "patchgan.Discriminator", **settings}, shape, 0, reading.variables())


def _unet(state: StateDict, size: int) -> Imported:
    prefixes = ["model.model."]  # of each block's own layers, from the outermost
    while f"{(inner := _inside(prefixes))}1.weight" in state:
        prefixes.append(inner)
    depth = len(prefixes)
    kind = _norm_of(state, f"{prefixes[-1]}4.weight")
    reading = Reading(_without_unused(state, kind), "pytorch-CycleGAN-and-pix2pix's U-Net")
    width, inputs = reading.shape("model.model.0.weight", 4)[:2]
    outputs = reading.shape("model.model.3.weight", 4)[1]
    settings: dict[str, Any] = {"width": width, "halvings": depth, "channels": outputs, "norm": kind}
    if depth < 2:
        reading.refuse(["it has no blocks inside of the outermost"])
    if reading.has("model.model.0.bias") != (kind != "batch"):
        settings["use_bias"] = reading.has("model.model.0.bias")
    shape = (size, size, inputs)
    reading.begin(unet.Generator(shape, **settings), jnp.zeros((1, *shape)))
    for level, prefix in enumerate(prefixes):
        up = depth - 1 - level
        if level == 0:
            down, down_norm, back, back_norm = 0, None, 3, None
        elif level == depth - 1:
            down, down_norm, back, back_norm = 1, None, 3, 4
        else:
            down, down_norm, back, back_norm = 1, 2, 5, 6
        reading.conv(f"down{level}", f"{prefix}{down}")
        _deconv(reading, f"up{up}", f"{prefix}{back}")
        if down_norm is not None:
            _norm(reading, f"down_norm{level}", f"{prefix}{down_norm}")
        if back_norm is not None:
            _norm(reading, f"up_norm{up}", f"{prefix}{back_norm}")
    return Imported({"type": "unet.Generator", **settings}, shape, 0, reading.variables())


def _inside(prefixes: list[str]) -> str:
    """The prefix of the next block: it is the second layer of the outermost, and the fourth of others."""
    return f"{prefixes[-1]}{1 if len(prefixes) == 1 else 3}.model."


def _resnet(state: StateDict, size: int) -> Imported:
    kind = _norm_of(state, "model.2.weight")
    reading = Reading(_without_unused(state, kind), "pytorch-CycleGAN-and-pix2pix's ResNet")
    width, inputs = reading.shape("model.1.weight", 4)[:2]
    blocks = reading.count("model.{}.conv_block.1.weight", 10)
    dropout = reading.has("model.10.conv_block.6.weight") and not reading.has("model.10.conv_block.5.weight")
    after = 10 + blocks
    outputs = reading.shape(f"model.{after + 7}.weight", 4)[0]
    settings: dict[str, Any] = {"width": width, "blocks": blocks, "channels": outputs, "norm": kind}
    settings |= {"dropout": 0.5} if dropout else {}
    if reading.has("model.1.bias") != (kind != "batch"):
        settings["use_bias"] = reading.has("model.1.bias")
    shape = (size, size, inputs)
    reading.begin(resnet_translator.Generator(shape, **settings), jnp.zeros((1, *shape)))
    reading.conv("conv_in", "model.1")
    _norm(reading, "norm_in", "model.2")
    for i in range(2):
        reading.conv(f"down{i}", f"model.{4 + 3 * i}")
        _norm(reading, f"down_norm{i}", f"model.{5 + 3 * i}")
        _deconv(reading, f"up{1 - i}", f"model.{after + 3 * i}")
        _norm(reading, f"up_norm{1 - i}", f"model.{after + 1 + 3 * i}")
    second = 6 if dropout else 5
    for i in range(blocks):
        for part, place in ((0, 1), (1, second)):
            reading.conv(f"block{i}_conv{part}", f"model.{10 + i}.conv_block.{place}")
            _norm(reading, f"block{i}_norm{part}", f"model.{10 + i}.conv_block.{place + 1}")
    reading.conv("conv_out", f"model.{after + 7}")
    return Imported({"type": "resnet_translator.Generator", **settings}, shape, 0, reading.variables())


def _norm_of(state: StateDict, scale: str) -> str:
    """The kind of norm, by whether it has a scale. A convolution's weight may have that name: it has more axes."""
    return "batch" if scale in state and state[scale].ndim == 1 else "instance"


def _without_unused(state: StateDict, kind: str) -> StateDict:
    if kind == "batch":
        return state
    return {name: array for name, array in state.items() if not name.endswith(_OF_INSTANCE)}


def _norm(reading: Reading, ours: str, theirs: str) -> None:
    if reading.knows(f"{ours}/"):
        reading.array(f"{ours}/scale", f"{theirs}.weight")
        reading.array(f"{ours}/bias", f"{theirs}.bias")
        reading.moments(ours, theirs)


def _deconv(reading: Reading, ours: str, theirs: str) -> None:
    """[I, O, *window] -> [*window, I, O], flipped: their transposed convolutions turn the kernel round."""
    *window, inputs, outputs = reading.shape_of(f"{ours}/kernel")
    kernel = reading.take(f"{theirs}.weight", (inputs, outputs, *window))
    reading.put(f"{ours}/kernel", np.flip(kernel, (2, 3)).transpose(2, 3, 0, 1))
    if reading.knows(f"{ours}/bias"):
        reading.array(f"{ours}/bias", f"{theirs}.bias")
