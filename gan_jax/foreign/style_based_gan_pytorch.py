"""StyleGAN of style-based-gan-pytorch (github.com/rosinality/style-based-gan-pytorch): "generator", "g_running", "discriminator".

Its networks have layers up to 1024 pixels whatever they were trained for, so the size is told; layers above are left out.
There both layers of a level share one noise map; here each draws its own.
"""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np

from gan_jax.architectures import stylegan
from gan_jax.architectures.parts.mapping import Mapping
from gan_jax.foreign.equalized import EqualizedReading, channels, level_of_size, with_average
from gan_jax.foreign.reading import Imported, example
from gan_jax.foreign.state_dict import StateDict

_TOP = 8  # the level of 1024 pixels
_BLUR = (1, 2, 1)
_GAIN = math.sqrt(2)  # in all of its layers; ours have 1 where no rectifier follows
_WHOLE_BATCH = 2**16  # its standard deviation is over all images of a batch


def convert_generator(state: StateDict, size: int = 1024) -> Imported:
    """size: of the images. Raises ValueError, with the first differences, unless the state is that of such a generator."""
    reading = EqualizedReading(state, "style-based-gan-pytorch's generator")
    last = level_of_size(reading, size)
    layers = 0
    while reading.has(f"style.{2 * layers + 1}.linear.weight_orig"):
        layers += 1
    first = "generator.progression.0.adain1.style.linear.weight_orig"
    latent_dim = w_dim = reading.shape(first, 2)[1]
    base = "generator.progression.{}.conv2.conv.weight_orig"
    widths = [reading.shape(base.format(level), 4)[0] for level in range(_TOP + 1)][: last + 1]
    settings: dict[str, Any] = channels(reading, widths) | {
        "w_dim": w_dim,
        "mapping_layers": layers,
        "mapping_rate": 1.0,
        "epsilon": 1e-5,
        "bias": "before_blur",
    }
    reading.leave_out(
        *(f"generator.{part}.{level}." for part in ("progression", "to_rgb") for level in range(last + 1, _TOP + 1))
    )
    shape = (size, size, 3)
    reading.begin(stylegan.Generator(shape, **settings), *example((latent_dim,), 0))
    for i in range(layers):
        reading.matrix(f"mapping/layer{i}/kernel", f"style.{2 * i + 1}.linear.weight_orig")
        reading.array(f"mapping/layer{i}/bias", f"style.{2 * i + 1}.linear.bias")
    reading.map("synthesis/constant", "generator.progression.0.conv1.input", (1,))
    for level, width in enumerate(widths):
        theirs, ours = f"generator.progression.{level}", f"synthesis/level{level}"
        if level:
            _up(reading, f"{ours}_up", f"{theirs}.conv1", width)
        else:
            reading.put(f"{ours}_epilogue0/bias", 0.0)
        _epilogue(reading, f"{ours}_epilogue0", theirs, 1, width)
        reading.kernel(f"{ours}_conv/kernel", f"{theirs}.conv2.conv.weight_orig")
        reading.array(f"{ours}_epilogue1/bias", f"{theirs}.conv2.conv.bias")
        _epilogue(reading, f"{ours}_epilogue1", theirs, 2, width)
        to_image = f"generator.to_rgb.{level}.conv"
        reading.kernel(f"synthesis/to_image/level{level}/kernel", f"{to_image}.weight_orig", times=_GAIN)
        reading.array(f"synthesis/to_image/level{level}/bias", f"{to_image}.bias")
    variables = with_average(reading.variables(), Mapping(w_dim, layers, 1.0))
    return Imported({"type": "stylegan.Generator", **settings}, shape, 0, variables, latent_dim)


def convert_discriminator(state: StateDict, size: int = 1024) -> Imported:
    """size: of the images. Raises ValueError, with the first differences, unless the state is that of such a discriminator."""
    reading = EqualizedReading(state, "style-based-gan-pytorch's discriminator")
    last = level_of_size(reading, size)
    rectified = reading.has("from_rgb.0.0.conv.weight_orig")
    from_image = "from_rgb.{}.0.conv" if rectified else "from_rgb.{}.conv"
    widths = [reading.shape(f"{from_image.format(_TOP - i)}.weight_orig", 4)[0] for i in range(_TOP + 1)][: last + 1]
    settings: dict[str, Any] = channels(reading, widths) | {
        "widened": "conv",
        "image_rectifier": rectified,
        "stddev_group": _WHOLE_BATCH,
    }
    reading.leave_out(*(f"{part}.{i}." for part in ("progression", "from_rgb") for i in range(_TOP - last)))
    shape = (size, size, 3)
    reading.begin(stylegan.Discriminator(shape, **settings), jnp.zeros((2, *shape)))
    for level in range(last + 1):
        theirs = from_image.format(_TOP - level)
        reading.kernel(f"from_image{level}/kernel", f"{theirs}.weight_orig")
        reading.array(f"from_image{level}/bias", f"{theirs}.bias")
        theirs = f"progression.{_TOP - level}"
        reading.kernel(f"level{level}_conv/kernel", f"{theirs}.conv1.0.conv.weight_orig")
        reading.array(f"level{level}_conv/bias", f"{theirs}.conv1.0.conv.bias")
        if level:
            _down(reading, f"level{level}_down", f"{theirs}.conv2", widths[level - 1])
    theirs = f"progression.{_TOP}.conv2.0.conv"
    reading.matrix("dense/kernel", f"{theirs}.weight_orig", map_shape=(4, 4, widths[0]), window=True)
    reading.array("dense/bias", f"{theirs}.bias")
    reading.matrix("head/kernel", "linear.linear.weight_orig", times=_GAIN)
    reading.array("head/bias", "linear.linear.bias")
    return Imported({"type": "stylegan.Discriminator", **settings}, shape, 0, reading.variables())


def _up(reading: EqualizedReading, ours: str, theirs: str, width: int) -> None:
    """Its fused layer is a transposed convolution that gives a quarter of what the others do."""
    if reading.has(f"{theirs}.0.weight"):
        reading.kernel(f"{ours}/kernel", f"{theirs}.0.weight", times=1 / 4, order="IO", flipped=True)
        reading.array(f"{ours}/bias", f"{theirs}.0.bias")
        _blur(reading, f"{theirs}.1", width)
    else:
        reading.kernel(f"{ours}/kernel", f"{theirs}.1.conv.weight_orig")
        reading.array(f"{ours}/bias", f"{theirs}.1.conv.bias")
        _blur(reading, f"{theirs}.2", width)


def _down(reading: EqualizedReading, ours: str, theirs: str, width: int) -> None:
    fused = reading.has(f"{theirs}.1.weight")
    reading.kernel(f"{ours}/kernel", f"{theirs}.1.weight" if fused else f"{theirs}.1.conv.weight_orig")
    reading.array(f"{ours}/bias", f"{theirs}.1.bias" if fused else f"{theirs}.1.conv.bias")
    _blur(reading, f"{theirs}.0", width)


def _blur(reading: EqualizedReading, theirs: str, width: int) -> None:
    reading.filter(f"{theirs}.weight", _BLUR, channels=width)
    reading.filter(f"{theirs}.weight_flip", _BLUR, channels=width)


def _epilogue(reading: EqualizedReading, ours: str, theirs: str, part: int, width: int) -> None:
    """Its scales are as the map gives them, ours one more; those of the noise are under equalised learning rate."""
    noise = f"{theirs}.noise{part}.weight_orig"
    reading.array(f"{ours}/noise/noise_scale", noise, (1, width, 1, 1), times=_GAIN / math.sqrt(width))
    style = f"{theirs}.adain{part}.style.linear"
    reading.matrix(f"{ours}/style/kernel", f"{style}.weight_orig", times=_GAIN)
    reading.array(f"{ours}/style/bias", f"{style}.bias", plus=-1.0 * (np.arange(2 * width) < width))
