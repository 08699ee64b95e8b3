"""StyleGAN2 of stylegan2-pytorch (github.com/rosinality/stylegan2-pytorch): "g", "g_ema" and "d" of its checkpoints.

NVIDIA's own weights have this layout once its convert_weight.py has been over them. Its fixed noise of sampling is not
taken: ours is drawn by image.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from gan_jax.architectures import stylegan2
from gan_jax.architectures.parts.mapping import Mapping
from gan_jax.foreign.equalized import EqualizedReading, channels, with_average
from gan_jax.foreign.reading import Imported, example
from gan_jax.foreign.state_dict import StateDict

_FILTER = (1, 3, 3, 1)
_RATE = 0.01  # lr_mlp of its Generator, which the state does not tell


def convert_generator(state: StateDict) -> Imported:
    """Raises ValueError, with the first differences, unless the state is that of such a generator, complete."""
    reading = EqualizedReading(state, "stylegan2-pytorch's generator")
    w_dim = reading.shape("conv1.conv.modulation.weight", 2)[1]
    layers, last = reading.count("style.{}.weight", 1), reading.count("to_rgbs.{}.conv.weight")
    first = reading.shape("input.input", 4)[1]
    widths = (first, *(reading.shape(f"convs.{2 * i}.conv.weight", 5)[1] for i in range(last)))
    shape = (4 << last, 4 << last, 3)
    settings: dict[str, Any] = channels(reading, widths) | {
        "w_dim": w_dim,
        "mapping_layers": layers,
        "mapping_rate": _RATE,
    }
    reading.begin(stylegan2.Generator(shape, **settings), *example((w_dim,), 0))
    for i in range(layers):
        reading.matrix(f"mapping/layer{i}/kernel", f"style.{i + 1}.weight")
        reading.array(f"mapping/layer{i}/bias", f"style.{i + 1}.bias")
    reading.map("synthesis/constant", "input.input", (1,))
    _layer(reading, "synthesis/level0_conv", "conv1")
    _to_image(reading, 0, "to_rgb1")
    for i in range(last):
        _layer(reading, f"synthesis/level{i + 1}_up", f"convs.{2 * i}", up=True)
        _layer(reading, f"synthesis/level{i + 1}_conv", f"convs.{2 * i + 1}")
        _to_image(reading, i + 1, f"to_rgbs.{i}")
    for i in range(2 * last + 1):
        side = 4 << (i + 1) // 2
        reading.take(f"noises.noise_{i}", (1, 1, side, side))
    variables = with_average(reading.variables(), Mapping(w_dim, layers, _RATE, style="stylegan2"))
    return Imported({"type": "stylegan2.Generator", **settings}, shape, 0, variables, w_dim)


def convert_discriminator(state: StateDict) -> Imported:
    """Raises ValueError, with the first differences, unless the state is that of such a discriminator, complete."""
    reading = EqualizedReading(state, "stylegan2-pytorch's discriminator")
    last = reading.count("convs.{}.conv1.0.weight", 1)
    top = reading.shape("convs.0.0.weight", 4)[0]
    widths = (*(reading.shape(f"convs.{i}.conv2.1.weight", 4)[0] for i in range(last, 0, -1)), top)
    shape = (4 << last, 4 << last, 3)
    settings = channels(reading, widths)
    reading.begin(stylegan2.Discriminator(shape, **settings), jnp.zeros((2, *shape)))
    _conv(reading, "from_image", "convs.0.0.weight", "convs.0.1.bias")
    for i in range(1, last + 1):
        level = f"level{last + 1 - i}"
        _conv(reading, f"{level}_conv", f"convs.{i}.conv1.0.weight", f"convs.{i}.conv1.1.bias")
        _conv(reading, f"{level}_down", f"convs.{i}.conv2.1.weight", f"convs.{i}.conv2.2.bias")
        reading.kernel(f"{level}_past/kernel", f"convs.{i}.skip.1.weight")
        reading.filter(f"convs.{i}.conv2.0.kernel", _FILTER)
        reading.filter(f"convs.{i}.skip.0.kernel", _FILTER)
    _conv(reading, "level0_conv", "final_conv.0.weight", "final_conv.1.bias")
    reading.matrix("dense/kernel", "final_linear.0.weight", map_shape=(4, 4, widths[0]))
    reading.array("dense/bias", "final_linear.0.bias")
    reading.matrix("head/kernel", "final_linear.1.weight")
    reading.array("head/bias", "final_linear.1.bias")
    return Imported({"type": "stylegan2.Discriminator", **settings}, shape, 0, reading.variables())


def _layer(reading: EqualizedReading, ours: str, theirs: str, up: bool = False) -> None:
    _modulated(reading, f"{ours}/conv", f"{theirs}.conv", up)
    if up:
        reading.filter(f"{theirs}.conv.blur.kernel", _FILTER, gain=4.0)
    reading.array(f"{ours}/noise/noise_scale", f"{theirs}.noise.weight")
    reading.array(f"{ours}/bias", f"{theirs}.activate.bias")


def _to_image(reading: EqualizedReading, level: int, theirs: str) -> None:
    _modulated(reading, f"synthesis/level{level}_to_image", f"{theirs}.conv")
    reading.array(f"synthesis/level{level}_image_bias", f"{theirs}.bias", (1, 3, 1, 1))
    if level:
        reading.filter(f"{theirs}.upsample.kernel", _FILTER, gain=4.0)


def _modulated(reading: EqualizedReading, ours: str, theirs: str, up: bool = False) -> None:
    reading.kernel(f"{ours}/weight", f"{theirs}.weight", order="1OI", flipped=up)
    reading.matrix(f"{ours}/style/kernel", f"{theirs}.modulation.weight")
    reading.array(f"{ours}/style/bias", f"{theirs}.modulation.bias")


def _conv(reading: EqualizedReading, ours: str, weight: str, bias: str) -> None:
    reading.kernel(f"{ours}/kernel", weight)
    reading.array(f"{ours}/bias", bias)
