"""The decoder of AdaIN style transfer (Huang & Belongie, arXiv:1703.06868): VGG-19 up to relu4_1, mirrored."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax import ranges
from gan_jax.nn.conv.convolution import Conv
from gan_jax.nn.conv.reflect import reflect
from gan_jax.nn.conv.resample import upsample_nearest
from gan_jax.nn.tap import tap

# Each layer undoes the one of VGG-19 whose name it has; its widths are in multiples of the first block's. "up" between them.
_LAYERS = (
    *(("conv4_1", 4), "up", ("conv3_4", 4), ("conv3_3", 4), ("conv3_2", 4), ("conv3_1", 2)),
    *("up", ("conv2_2", 2), ("conv2_1", 1), "up", ("conv1_2", 1)),
)


class Decoder(linen.Module):
    """Features [B, h, w, F] -> images [B, 8h, 8w, C] about [-1, 1]: the last layer is linear, as the authors'.

    Nearest upsampling, 3 x 3 convolutions with reflection at the borders, ReLU, no norm: one would take the style away
    again (Sec. 6.2). Taps: the layers' names, after the ReLU.

    width: channels of the last layer before the image; the authors' is 64, their features have 512 = 8 x 64.
    """

    image_shape: tuple[int, int, int]
    width: int = 64
    dtype: Any = None

    def __post_init__(self):
        ranges.whole("width", self.width)
        super().__post_init__()

    @linen.compact
    def __call__(self, features: jax.Array) -> jax.Array:
        x = features
        layer = lambda width, name, gain=2.0: Conv(
            width,
            padding="VALID",
            kernel_init=linen.initializers.variance_scaling(gain, "fan_in", "normal"),
            dtype=self.dtype,
            name=name,
        )
        for each in _LAYERS:
            if each == "up":
                x = upsample_nearest(x)
                continue
            name, multiple = each
            x = tap(self, name.replace("conv", "relu"), linen.relu(layer(multiple * self.width, name)(reflect(x, 1))))
        # The first images are nearly grey: beyond [-1, 1] the encoder sees what it never saw, and nothing is learned.
        return layer(self.image_shape[-1], "conv1_1", 0.01)(reflect(x, 1)).astype(jnp.float32)
