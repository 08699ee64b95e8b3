"""BigGAN-deep: bottleneck blocks, two for each change of size (Brock et al., arXiv:1809.11096, appendix B, table 7 on).

All latents reach every block, and a shortcut has no weights where it can do without: it drops channels in G, and takes
new ones from a convolution in D.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax import ranges
from gan_jax.architectures.parts.biggan_layers import Layers, initializer
from gan_jax.architectures.parts.biggan_tables import (
    DEEP_DISCRIMINATOR_WIDTHS,
    discriminator_sizes,
    generator_sizes,
)
from gan_jax.architectures.parts.stem import Stem
from gan_jax.architectures.parts.verdict import pooled_verdict
from gan_jax.nn.conv.convolution import conv
from gan_jax.nn.conv.resample import downsample_mean, upsample_nearest
from gan_jax.nn.dense import Embed
from gan_jax.nn.norms.batch_norm import BatchNorm
from gan_jax.nn.norms.conditional_norm import ConditionalBatchNorm
from gan_jax.nn.tap import tap
from gan_jax.nn.weights import Initializer, weight
from gan_jax.types import Verdict

RATIO = 4  # of a block's width to that of its 3 x 3 convolutions


class Generator(linen.Module):
    """latents [B, Z] -> images [B, H, W, C] in [-1, 1]: a dense stem, pairs of blocks of which the second doubles, tanh.

    ch, widths, attention, scheme, initialization, epsilon: as `biggan.Generator`'s. epsilon is 1e-4 in the published weights.
    embedding_dim: of the class embedding that stands beside the latents wherever they enter.
    output_width: of the last convolution, whose first C channels are the image; None: C. In the published weights it is
        ch: the others are never seen, but count in the spectral norm.
    """

    image_shape: tuple[int, int, int]
    ch: int = 128
    widths: tuple[int, ...] = ()
    attention: int = 64
    embedding_dim: int = 128
    output_width: int | None = None
    scheme: str | None = "spectral"
    initialization: str = "orthogonal"
    epsilon: float = 1e-5
    num_classes: int = 0
    dtype: Any = None

    def __post_init__(self):
        ranges.whole("ch", self.ch)
        ranges.wholes("widths", self.widths)
        ranges.whole("attention", self.attention, 0)
        ranges.whole("embedding_dim", self.embedding_dim)
        if self.output_width is not None:
            ranges.whole("output_width", self.output_width)
        ranges.positive("epsilon", self.epsilon)
        ranges.whole("num_classes", self.num_classes, 0)
        super().__post_init__()

    @linen.compact
    def __call__(self, latents: jax.Array, label: jax.Array | None = None, train: bool = False) -> jax.Array:
        size, first, widths, attending = generator_sizes(self.image_shape, self.ch, self.widths, self.attention)
        init, channels, condition = initializer(self.initialization), self.image_shape[-1], latents
        layers = Layers(self.scheme, init, self.dtype)
        if self.num_classes:
            if label is None:
                raise ValueError("a generator with num_classes needs labels")
            embedding = Embed(self.num_classes, self.embedding_dim, embedding_init=init, name="embedding")(label)
            condition = jnp.concatenate([embedding, latents], -1)
        x = Stem(size, first, init, scheme=self.scheme, dtype=self.dtype, name="stem")(condition)
        for i, width in enumerate(widths):
            x = self._block(f"block{2 * i}", x, x.shape[-1], condition, layers, train, double=False)
            x = tap(self, f"block{2 * i}", x)
            x = self._block(f"block{2 * i + 1}", x, width, condition, layers, train, double=True)
            if i == attending:
                x = layers.attend(x)
            x = tap(self, f"block{2 * i + 1}", x)
        x = jax.nn.relu(BatchNorm(epsilon=self.epsilon, name="norm")(x, train=train))
        image = _FirstChannels(channels, self.output_width or channels, self.scheme, init, self.dtype, name="to_image")
        return jnp.tanh(image(x).astype(jnp.float32))

    def _block(self, name, x, width, condition, layers, train, double):
        if width > x.shape[-1]:
            raise ValueError(
                f"BigGAN-deep's shortcuts drop channels: widths must not grow from {x.shape[-1]} to {width}"
            )
        hidden, h = x.shape[-1] // RATIO, x
        parts = ((hidden, 1), (hidden, 3), (hidden, 3), (width, 1))
        for part, (out, side) in enumerate(parts, start=1):
            norm = ConditionalBatchNorm(None, self.scheme, layers.init, epsilon=self.epsilon, name=f"{name}_norm{part}")
            h = jax.nn.relu(norm(h, condition, train=train))
            h = layers.conv(f"{name}_conv{part}", out, side, "up" if double and part == 2 else None)(h)
        x = x[..., :width]
        return h + (upsample_nearest(x) if double else x)


class _FirstChannels(linen.Module):
    """A 3 x 3 convolution to `width` channels of which only the first ones are computed: [B, H, W, I] -> [B, H, W, C]."""

    channels: int
    width: int
    scheme: str | None
    kernel_init: Initializer
    dtype: Any

    @linen.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        shape = (3, 3, x.shape[-1], self.width)
        kernel = weight(self, "kernel", self.kernel_init, shape, self.scheme, 9 * x.shape[-1])[..., : self.channels]
        bias = self.param("bias", linen.initializers.zeros, (self.width,))[: self.channels]
        dtype = self.dtype or x.dtype
        return conv(x.astype(dtype), kernel.astype(dtype)) + bias.astype(dtype).reshape(1, 1, 1, -1)


class Discriminator(linen.Module):
    """images [B, H, W, C] -> Verdict: a convolution, pairs of blocks of which the first halves, ReLU, sum, projection.

    ch, halvings, attention, scheme, initialization: as `biggan.Discriminator`'s, and attention_blocks, which counts pairs of
    blocks. widths: of the first convolution, then of each pair. Features: "block0", "block1", ... (maps) and "pooled" [B, F].
    """

    image_shape: tuple[int, int, int]
    ch: int = 128
    widths: tuple[int, ...] = ()
    halvings: int | None = None
    attention: int = 64
    attention_blocks: tuple[int, ...] = ()
    scheme: str | None = "spectral"
    initialization: str = "orthogonal"
    num_classes: int = 0
    dtype: Any = None

    def __post_init__(self):
        ranges.whole("ch", self.ch)
        ranges.wholes("widths", self.widths)
        if self.halvings is not None:
            ranges.whole("halvings", self.halvings, 0)
        ranges.whole("attention", self.attention, 0)
        ranges.wholes("attention_blocks", self.attention_blocks, 0)
        ranges.whole("num_classes", self.num_classes, 0)
        super().__post_init__()

    @linen.compact
    def __call__(self, images: jax.Array, label: jax.Array | None = None, train: bool = False) -> Verdict:
        (first, *widths), halvings, attending = discriminator_sizes(
            self.image_shape,
            self.ch,
            self.widths,
            self.halvings,
            self.attention,
            self.attention_blocks,
            DEEP_DISCRIMINATOR_WIDTHS,
            before=1,
        )
        init, features = initializer(self.initialization), {}
        layers = Layers(self.scheme, init, self.dtype)
        x = layers.conv("from_image", first, 3)(images)
        for i, width in enumerate(widths):
            x = features[f"block{2 * i}"] = self._block(f"block{2 * i}", x, width, layers, halve=i < halvings)
            x = self._block(f"block{2 * i + 1}", x, width, layers, halve=False)
            if i in attending:
                x = layers.attend(x, f"block{i}_attention" if self.attention_blocks else "attention")
            features[f"block{2 * i + 1}"] = x
        return pooled_verdict(x, features, label, self.num_classes, self.scheme, init)

    def _block(self, name, x, width, layers, halve):
        if width < x.shape[-1]:
            raise ValueError(
                f"BigGAN-deep's shortcuts add channels: widths must not fall from {x.shape[-1]} to {width}"
            )
        hidden, h = width // RATIO, x
        for part, side in enumerate((1, 3, 3), start=1):
            h = layers.conv(f"{name}_conv{part}", hidden, side)(jax.nn.relu(h))
        h = jax.nn.relu(h)  # before the mean, which it does not commute with
        pool = downsample_mean if halve else lambda x: x
        h, x = layers.conv(f"{name}_conv4", width, 1)(pool(h)), pool(x).astype(h.dtype)
        if width > x.shape[-1]:
            new = layers.conv(f"{name}_shortcut", width - x.shape[-1], 1)(x)
            x = jnp.concatenate([x, new], -1)
        return h + x
