"""The residual critic of WGAN-GP for 64 x 64 images, with layer normalisation (Gulrajani et al., arXiv:1704.00028).

After the authors' gan_64x64.py. Their residual networks for CIFAR-10, and the generator of this critic, are those of
`sngan`: without spectral norm, with other widths.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax import ranges
from gan_jax.architectures.parts.stem import base_size
from gan_jax.architectures.parts.verdict import projected_verdict
from gan_jax.nn.conv.convolution import Conv
from gan_jax.nn.conv.resample import downsample_mean
from gan_jax.nn.norms.layer_norm import LayerNorm
from gan_jax.nn.weights import glorot
from gan_jax.types import Verdict

_RESIDUAL, _PLAIN = glorot(math.sqrt(2)), glorot()


class Discriminator(linen.Module):
    """images [B, H, W, C] -> Verdict: a 3 x 3 convolution, residual blocks that halve the image, a linear layer on the flat map.

    widths: of the first convolution, then of each block. norm: "layer", or "none".
    Features: "block0", ... (maps) and "pooled": the flat last map.
    """

    image_shape: tuple[int, int, int]
    widths: tuple[int, ...] = (64, 128, 256, 512, 512)
    norm: str = "layer"
    num_classes: int = 0
    dtype: Any = None

    def __post_init__(self):
        ranges.wholes("widths", self.widths)
        ranges.whole("num_classes", self.num_classes, 0)
        if self.norm not in ("layer", "none"):
            raise ValueError(f"norm of WGAN-GP's critic is 'layer' or 'none', not {self.norm!r}")
        super().__post_init__()

    @linen.compact
    def __call__(self, images: jax.Array, label: jax.Array | None = None, train: bool = False) -> Verdict:
        del train  # an image's norm is its own, at any time
        first, *widths = self.widths
        base_size(self.image_shape, len(widths))
        x = Conv(first, kernel_init=_PLAIN, dtype=self.dtype, name="from_image")(images)
        features = {}
        for i, width in enumerate(widths):
            x = features[f"block{i}"] = self._block(f"block{i}", x, width)
        features["pooled"] = x.reshape(x.shape[0], -1).astype(jnp.float32)
        return projected_verdict(features, label, self.num_classes, None, _PLAIN)

    def _block(self, name: str, x: jax.Array, width: int) -> jax.Array:
        """[B, h, w, I] -> [B, h / 2, w / 2, width]."""
        conv = lambda part, features, **more: Conv(
            features, kernel_init=_RESIDUAL, dtype=self.dtype, name=f"{name}_{part}", **more
        )
        normalize = lambda part, x: LayerNorm(name=f"{name}_{part}")(x) if self.norm == "layer" else x
        h = jax.nn.relu(normalize("norm1", x))
        h = conv("conv1", x.shape[-1], use_bias=False)(h)
        h = conv("conv2", width, resample="down")(jax.nn.relu(normalize("norm2", h)))
        shortcut = Conv(width, (1, 1), kernel_init=_PLAIN, dtype=self.dtype, name=f"{name}_shortcut")
        return h + shortcut(downsample_mean(x))
