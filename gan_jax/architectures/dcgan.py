"""DCGAN (Radford et al., arXiv:1511.06434), and the same networks as WGAN and WGAN-GP use them."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax import ranges
from gan_jax.architectures.parts.stem import Stem, base_size, generator_norm
from gan_jax.architectures.parts.verdict import projected_verdict
from gan_jax.nn.conv.convolution import Conv, ConvTranspose
from gan_jax.nn.norms.batch_norm import BatchNorm
from gan_jax.nn.tap import tap
from gan_jax.nn.weights import normal
from gan_jax.types import Verdict


class Generator(linen.Module):
    """latents [B, Z] -> images [B, H, W, C] in [-1, 1]: dense, then strided transposed convolutions, the last to tanh.

    widths: of the first map and of every doubling but the last, which makes the image: 4 of them for 64 pixels.
    """

    image_shape: tuple[int, int, int]
    widths: tuple[int, ...] = (1024, 512, 256, 128)
    kernel: int = 5
    norm: str = "batch"
    num_classes: int = 0
    dtype: Any = None

    def __post_init__(self):
        ranges.wholes("widths", self.widths)
        ranges.whole("kernel", self.kernel)
        ranges.whole("num_classes", self.num_classes, 0)
        super().__post_init__()

    @linen.compact
    def __call__(self, latents: jax.Array, label: jax.Array | None = None, train: bool = False) -> jax.Array:
        first, *widths = self.widths
        window = (self.kernel, self.kernel)
        normalize = generator_norm(self.norm, latents, label, self.num_classes, train)
        x = Stem(base_size(self.image_shape, len(self.widths)), first, normal(), dtype=self.dtype, name="stem")(latents)
        x = jax.nn.relu(normalize("stem_norm", x))
        for i, width in enumerate(widths):
            # No bias where a norm subtracts the mean again.
            x = ConvTranspose(width, window, use_bias=self.norm == "none", dtype=self.dtype, name=f"deconv{i}")(x)
            x = jax.nn.relu(normalize(f"norm{i}", x))
            x = tap(self, f"block{i}", x)
        x = ConvTranspose(self.image_shape[-1], window, dtype=self.dtype, name="to_image")(x)
        return jnp.tanh(x.astype(jnp.float32))


class Discriminator(linen.Module):
    """images [B, H, W, C] -> Verdict: strided convolutions with leaky ReLU 0.2, then one linear layer on the flat map.

    norm: "batch" (on all layers but the first) or "none" (WGAN-GP's critic: a penalty on single images forbids
    statistics over the batch). Features: "conv0", ... (maps) and "pooled": the flat last map.
    """

    image_shape: tuple[int, int, int]
    widths: tuple[int, ...] = (128, 256, 512, 1024)
    kernel: int = 5
    norm: str = "batch"
    scheme: str | None = None
    num_classes: int = 0
    dtype: Any = None

    def __post_init__(self):
        ranges.wholes("widths", self.widths)
        ranges.whole("kernel", self.kernel)
        ranges.whole("num_classes", self.num_classes, 0)
        super().__post_init__()

    @linen.compact
    def __call__(self, images: jax.Array, label: jax.Array | None = None, train: bool = False) -> Verdict:
        if self.norm not in ("batch", "none"):
            raise ValueError(f"norm of DCGAN's discriminator is 'batch' or 'none', not {self.norm!r}")
        base_size(self.image_shape, len(self.widths))
        features, x = {}, images
        for i, width in enumerate(self.widths):
            normed = self.norm == "batch" and i > 0
            window = (self.kernel, self.kernel)
            x = Conv(width, window, 2, use_bias=not normed, scheme=self.scheme, dtype=self.dtype, name=f"conv{i}")(x)
            if normed:
                x = BatchNorm(name=f"norm{i}")(x, train=train)
            x = features[f"conv{i}"] = jax.nn.leaky_relu(x, 0.2)
        features["pooled"] = x.reshape(x.shape[0], -1).astype(jnp.float32)
        return projected_verdict(features, label, self.num_classes, self.scheme, normal())
