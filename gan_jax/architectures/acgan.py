"""AC-GAN's networks (Odena et al., arXiv:1610.09585, appendix A).

The class head of D is the regulariser's, `auxiliary_classifier`: this D has the paper's trunk and its real-or-fake logit.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax import ranges
from gan_jax.architectures.parts.stem import Stem, base_size
from gan_jax.architectures.parts.verdict import projected_verdict
from gan_jax.names import one_of
from gan_jax.nn.conv.convolution import Conv, ConvTranspose
from gan_jax.nn.dense import Embed
from gan_jax.nn.norms.batch_norm import BatchNorm
from gan_jax.nn.tap import tap
from gan_jax.nn.weights import normal
from gan_jax.types import Verdict

LABELS = ("joined", "times")


class Generator(linen.Module):
    """latents [B, Z] and labels [B] -> images [B, H, W, C] in [-1, 1]: dense, then transposed convolutions, the last to tanh.

    widths: of the first map and of every doubling but the last. label: "joined", one-hot labels stand beside z;
    "times", z is multiplied by a learned vector of the class. norm: BatchNorm on every layer but the last.
    """

    image_shape: tuple[int, int, int]
    widths: tuple[int, ...] = (768, 384, 256, 192)
    kernel: int = 5
    label: str = "joined"
    num_classes: int = 0
    dtype: Any = None

    def __post_init__(self):
        ranges.wholes("widths", self.widths)
        ranges.whole("kernel", self.kernel)
        ranges.whole("num_classes", self.num_classes, 0)
        one_of(self.label, LABELS, "label")
        super().__post_init__()

    @linen.compact
    def __call__(self, latents: jax.Array, label: jax.Array | None = None, train: bool = False) -> jax.Array:
        first, *widths = self.widths
        window = (self.kernel, self.kernel)
        if self.num_classes:
            latents = self._told(latents, label)
        size = base_size(self.image_shape, len(self.widths))
        x = Stem(size, first, normal(), use_bias=False, dtype=self.dtype, name="stem")(latents)
        x = jax.nn.relu(BatchNorm(name="stem_norm")(x, train=train))
        for i, width in enumerate(widths):
            x = ConvTranspose(width, window, use_bias=False, dtype=self.dtype, name=f"deconv{i}")(x)
            x = jax.nn.relu(BatchNorm(name=f"norm{i}")(x, train=train))
            x = tap(self, f"block{i}", x)
        x = ConvTranspose(self.image_shape[-1], window, dtype=self.dtype, name="to_image")(x)
        return jnp.tanh(x.astype(jnp.float32))

    def _told(self, latents: jax.Array, label: jax.Array | None) -> jax.Array:
        if label is None:
            raise ValueError("a class-conditional generator needs labels: set method.num_classes to the data's classes")
        if self.label == "joined":
            return jnp.concatenate([latents, jax.nn.one_hot(label, self.num_classes, dtype=latents.dtype)], axis=-1)
        return latents * Embed(self.num_classes, latents.shape[-1], name="of_class")(label)


class Discriminator(linen.Module):
    """images [B, H, W, C] -> Verdict: 3 x 3 convolutions, strides 2 and 1 in turn, leaky ReLU 0.2 and dropout after each.

    widths: of the layers, the first of which halves the image. BatchNorm on all layers but the first where `norm` is
    "batch"; none where it is "none". dropout: the share of activations that training leaves out. Features: "conv0", ...
    (maps) and "pooled": the flat last map, as the class head sees it.
    """

    image_shape: tuple[int, int, int]
    widths: tuple[int, ...] = (16, 32, 64, 128, 256, 512)
    norm: str = "batch"
    dropout: float = 0.5
    scheme: str | None = None
    num_classes: int = 0
    dtype: Any = None

    def __post_init__(self):
        ranges.wholes("widths", self.widths)
        ranges.decay("dropout", self.dropout)
        ranges.whole("num_classes", self.num_classes, 0)
        one_of(self.norm, ("batch", "none"), "norm")
        super().__post_init__()

    @linen.compact
    def __call__(self, images: jax.Array, label: jax.Array | None = None, train: bool = False) -> Verdict:
        base_size(self.image_shape, (len(self.widths) + 1) // 2)
        features, x = {}, images
        for i, width in enumerate(self.widths):
            normed = self.norm == "batch" and i > 0
            conv = Conv(
                width, strides=2 - i % 2, use_bias=not normed, scheme=self.scheme, dtype=self.dtype, name=f"conv{i}"
            )
            x = conv(x)
            if normed:
                x = BatchNorm(name=f"norm{i}")(x, train=train)
            x = features[f"conv{i}"] = jax.nn.leaky_relu(x, 0.2)
            x = linen.Dropout(self.dropout, deterministic=not train, rng_collection="noise")(x)
        features["pooled"] = x.reshape(x.shape[0], -1).astype(jnp.float32)
        return projected_verdict(features, label, self.num_classes, self.scheme, normal())
