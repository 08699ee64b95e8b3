"""Progressive GAN of pro_gan_pytorch (github.com/akanimax/pro_gan_pytorch): "generator", "shadow_generator", "discriminator".

Read are networks with equalised learning rate, its default, at their full depth. Its conditional discriminator is another
network than ours and is refused.
"""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp

from gan_jax.architectures import progan
from gan_jax.foreign.equalized import EqualizedReading, channels
from gan_jax.foreign.reading import Imported, example
from gan_jax.foreign.state_dict import StateDict

_GAIN = math.sqrt(2)  # in all of its layers; ours have 1 where no rectifier follows


def convert_generator(state: StateDict) -> Imported:
    """Raises ValueError, with the first differences, unless the state is that of such a generator, complete."""
    reading = EqualizedReading(state, "pro_gan_pytorch's generator")
    latent_dim = reading.shape("layers.0.conv_1.weight", 4)[0]
    levels = reading.count("layers.{}.conv_2.weight")
    widths = [reading.shape(f"layers.{level}.conv_2.weight", 4)[0] for level in range(levels)]
    image_channels = reading.shape("rgb_converters.0.weight", 4)[0]
    shape = (2 << levels, 2 << levels, image_channels)
    settings: dict[str, Any] = channels(reading, widths) | {"stem_norm": False}
    reading.begin(progan.Generator(shape, **settings), *example((latent_dim,), 0))
    stem = reading.take("layers.0.conv_1.weight", (latent_dim, widths[0], 4, 4))  # its fan-in is the latents alone, too
    reading.put("stem/kernel", 4 * stem.transpose(0, 2, 3, 1).reshape(latent_dim, -1))
    reading.array("stem_bias", "layers.0.conv_1.bias")
    for level in range(levels):
        if level:
            _conv(reading, f"level{level}_up", f"layers.{level}.conv_1")
        _conv(reading, f"level{level}_conv", f"layers.{level}.conv_2")
        _conv(reading, f"to_image/level{level}", f"rgb_converters.{level}", times=_GAIN)
    return Imported({"type": "progan.Generator", **settings}, shape, 0, reading.variables(), latent_dim)


def convert_discriminator(state: StateDict) -> Imported:
    """Raises ValueError, with the first differences, unless the state is that of such a discriminator, complete."""
    reading = EqualizedReading(state, "pro_gan_pytorch's discriminator")
    levels = reading.count("from_rgb.{}.0.weight")
    last = levels - 1
    if reading.has(f"layers.{last}.label_embedder.weight"):
        reading.refuse(
            [
                f"layers.{last}.label_embedder.weight: it adds a projection of classes to a rectified score; ours does not"
            ]
        )
    image_channels = reading.shape("from_rgb.0.0.weight", 4)[1]
    widths = [reading.shape(f"from_rgb.{last - level}.0.weight", 4)[0] for level in range(levels)]
    shape = (2 << levels, 2 << levels, image_channels)
    settings: dict[str, Any] = channels(reading, widths) | {"rectified": "before"}
    reading.begin(progan.Discriminator(shape, **settings), jnp.zeros((2, *shape)))
    for level in range(levels):
        theirs = f"layers.{last - level}"
        _conv(reading, f"from_image{level}", f"from_rgb.{last - level}.0")
        _conv(reading, f"level{level}_conv", f"{theirs}.conv_1")
        if level:
            _conv(reading, f"level{level}_down", f"{theirs}.conv_2")
    reading.matrix("dense/kernel", f"layers.{last}.conv_2.weight", map_shape=(4, 4, widths[0]), window=True)
    reading.array("dense/bias", f"layers.{last}.conv_2.bias")
    reading.matrix("head/kernel", f"layers.{last}.conv_3.weight", _GAIN, map_shape=(1, 1, widths[0]), window=True)
    reading.array("head/bias", f"layers.{last}.conv_3.bias")
    return Imported({"type": "progan.Discriminator", **settings}, shape, 0, reading.variables())


def _conv(reading: EqualizedReading, ours: str, theirs: str, times: float = 1.0) -> None:
    reading.kernel(f"{ours}/kernel", f"{theirs}.weight", times)
    reading.array(f"{ours}/bias", f"{theirs}.bias")
