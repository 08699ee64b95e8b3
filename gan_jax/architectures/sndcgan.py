"""SNDCGAN: SNGAN's plain convolutional networks (Miyato et al., arXiv:1802.05957)."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax import ranges
from gan_jax.architectures.parts.stem import Stem, base_size, generator_norm
from gan_jax.architectures.parts.verdict import projected_verdict
from gan_jax.names import one_of
from gan_jax.nn.conv.convolution import Conv, ConvTranspose
from gan_jax.nn.tap import tap
from gan_jax.nn.weights import normal
from gan_jax.types import Verdict

# Alternately 3 x 3 at stride 1 and 4 x 4 at stride 2, the last 3 x 3.
PAPER_WIDTHS = (64, 64, 128, 128, 256, 256, 512)
COMPARE_GAN_WIDTHS = (64, 128, 128, 256, 256, 512, 512)
STEM_NORMS = ("channels", "units")
WIDTHS = {"paper": PAPER_WIDTHS, "compare_gan": COMPARE_GAN_WIDTHS}


class Generator(linen.Module):
    """latents [B, Z] -> images [B, H, W, C] in [-1, 1]: dense, then 4 x 4 transposed convolutions of stride 2, tanh.

    norm: "batch", "conditional_batch" (labels), "self_modulated" (sBN of SS-GAN) or "none".
    stem_norm: over what the first norm, that of the dense layer's output, takes its statistics, scale and bias: "channels"
        of the first map, as all other norms, or "units": each of the h * w * widths[0] its own (compare_gan).
    """

    image_shape: tuple[int, int, int]
    widths: tuple[int, ...] = (512, 256, 128, 64)
    norm: str = "batch"
    stem_norm: str = "channels"
    num_classes: int = 0
    dtype: Any = None

    def __post_init__(self):
        ranges.wholes("widths", self.widths)
        one_of(self.stem_norm, STEM_NORMS, "stem_norm")
        ranges.whole("num_classes", self.num_classes, 0)
        super().__post_init__()

    @linen.compact
    def __call__(self, latents: jax.Array, label: jax.Array | None = None, train: bool = False) -> jax.Array:
        first, *widths = self.widths
        normalize = generator_norm(self.norm, latents, label, self.num_classes, train)
        x = Stem(base_size(self.image_shape, len(widths)), first, normal(), dtype=self.dtype, name="stem")(latents)
        units = x.reshape(x.shape[0], -1) if self.stem_norm == "units" else x
        x = jax.nn.relu(normalize("stem_norm", units)).reshape(x.shape)
        for i, width in enumerate(widths):
            x = ConvTranspose(width, dtype=self.dtype, name=f"deconv{i}")(x)
            x = jax.nn.relu(normalize(f"norm{i}", x))
            x = tap(self, f"block{i}", x)
        x = Conv(self.image_shape[-1], dtype=self.dtype, name="to_image")(x)
        return jnp.tanh(x.astype(jnp.float32))


class Discriminator(linen.Module):
    """images [B, H, W, C] -> Verdict: seven convolutions with leaky ReLU 0.1, then one linear layer on the flat map.

    widths: "paper", "compare_gan" (wider from the second layer on), or an odd number of widths: layers alternate
    3 x 3 at stride 1 with 4 x 4 at stride 2. Features: "conv0", "conv1", ... (maps) and "pooled": the flat last map.
    """

    image_shape: tuple[int, int, int]
    widths: str | tuple[int, ...] = "paper"
    scheme: str | None = "spectral"
    num_classes: int = 0
    dtype: Any = None

    def __post_init__(self):
        if not isinstance(self.widths, str):
            ranges.wholes("widths", self.widths)
        ranges.whole("num_classes", self.num_classes, 0)
        super().__post_init__()

    @linen.compact
    def __call__(self, images: jax.Array, label: jax.Array | None = None, train: bool = False) -> Verdict:
        if isinstance(self.widths, str) and self.widths not in WIDTHS:
            raise ValueError(f"widths are {', '.join(map(repr, WIDTHS))} or numbers, not {self.widths!r}")
        widths = WIDTHS[self.widths] if isinstance(self.widths, str) else self.widths
        if len(widths) % 2 == 0:
            raise ValueError(f"SNDCGAN's discriminator takes an odd number of widths, got {len(widths)}")
        base_size(self.image_shape, len(widths) // 2)
        features, x = {}, images
        for i, width in enumerate(widths):
            kernel, strides = ((4, 4), 2) if i % 2 else ((3, 3), 1)
            x = Conv(width, kernel, strides, scheme=self.scheme, dtype=self.dtype, name=f"conv{i}")(x)
            x = features[f"conv{i}"] = jax.nn.leaky_relu(x, 0.1)
        features["pooled"] = x.reshape(x.shape[0], -1).astype(jnp.float32)
        return projected_verdict(features, label, self.num_classes, self.scheme, normal())
