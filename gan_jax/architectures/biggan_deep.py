"""BigGAN-deep: bottleneck blocks, two for each change of size (Brock et al., arXiv:1809.11096, appendix B, table 7 on).

All latents reach every block, and a shortcut has no weights where it can do without: it drops channels in G, and takes
new ones from a convolution in D.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax.architectures.biggan_tables import (
    DEEP_DISCRIMINATOR_WIDTHS,
    GENERATOR_WIDTHS,
    attended,
    initializer,
    multiples_of,
)
from gan_jax.architectures.stem import Stem, base_size
from gan_jax.architectures.verdict import projected_verdict
from gan_jax.nn.attention import SelfAttention
from gan_jax.nn.conv.convolution import Conv, conv
from gan_jax.nn.conv.resample import downsample_mean, sum_pool, upsample_nearest
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

    @linen.compact
    def __call__(self, latents: jax.Array, label: jax.Array | None = None, train: bool = False) -> jax.Array:
        height, _, channels = self.image_shape
        first, *widths = self.widths or multiples_of(self.ch, GENERATOR_WIDTHS, height)
        size, init = base_size(self.image_shape, len(widths)), initializer(self.initialization)
        attending = attended(self.attention, [size[0] * 2 ** (i + 1) for i in range(len(widths))])
        condition = latents
        if self.num_classes:
            if label is None:
                raise ValueError("a generator with num_classes needs labels")
            embedding = Embed(self.num_classes, self.embedding_dim, embedding_init=init, name="embedding")(label)
            condition = jnp.concatenate([embedding, latents], -1)
        x = Stem(size, first, init, scheme=self.scheme, dtype=self.dtype, name="stem")(condition)
        for i, width in enumerate(widths):
            x = self._block(f"block{2 * i}", x, x.shape[-1], condition, init, train, double=False)
            x = tap(self, f"block{2 * i}", x)
            x = self._block(f"block{2 * i + 1}", x, width, condition, init, train, double=True)
            if i == attending:
                x = SelfAttention(self.scheme, init, self.dtype, name="attention")(x)
            x = tap(self, f"block{2 * i + 1}", x)
        x = jax.nn.relu(BatchNorm(epsilon=self.epsilon, name="norm")(x, train=train))
        image = _FirstChannels(channels, self.output_width or channels, self.scheme, init, self.dtype, name="to_image")
        return jnp.tanh(image(x).astype(jnp.float32))

    def _block(self, name, x, width, condition, init, train, double):
        if width > x.shape[-1]:
            raise ValueError(
                f"BigGAN-deep's shortcuts drop channels: widths must not grow from {x.shape[-1]} to {width}"
            )
        hidden, h = x.shape[-1] // RATIO, x
        features, kernels = (hidden, hidden, hidden, width), ((1, 1), (3, 3), (3, 3), (1, 1))
        for part, (out, kernel) in enumerate(zip(features, kernels, strict=True), start=1):
            norm = ConditionalBatchNorm(None, self.scheme, init, epsilon=self.epsilon, name=f"{name}_norm{part}")
            h = jax.nn.relu(norm(h, condition, train=train))
            h = Conv(
                out,
                kernel,
                scheme=self.scheme,
                kernel_init=init,
                dtype=self.dtype,
                resample="up" if double and part == 2 else None,
                name=f"{name}_conv{part}",
            )(h)
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

    ch, halvings, attention, scheme, initialization: as `biggan.Discriminator`'s. widths: of the first convolution, then of each
    pair. Features: "block0", "block1", ... (maps) and "pooled" [B, F].
    """

    image_shape: tuple[int, int, int]
    ch: int = 128
    widths: tuple[int, ...] = ()
    halvings: int | None = None
    attention: int = 64
    scheme: str | None = "spectral"
    initialization: str = "orthogonal"
    num_classes: int = 0
    dtype: Any = None

    @linen.compact
    def __call__(self, images: jax.Array, label: jax.Array | None = None, train: bool = False) -> Verdict:
        height, widths, halvings = self.image_shape[0], self.widths, self.halvings
        if not widths:
            widths = multiples_of(self.ch, DEEP_DISCRIMINATOR_WIDTHS, height)
            halvings = DEEP_DISCRIMINATOR_WIDTHS[height][1] if halvings is None else halvings
        if halvings is None:
            raise ValueError("set halvings, the number of pairs of blocks that halve the image, together with widths")
        base_size(self.image_shape, halvings)
        init, features = initializer(self.initialization), {}
        first, *widths = widths
        attending = attended(self.attention, [height >> min(i + 1, halvings) for i in range(len(widths))])
        x = self._conv("from_image", first, (3, 3), init)(images)
        for i, width in enumerate(widths):
            x = features[f"block{2 * i}"] = self._block(f"block{2 * i}", x, width, init, halve=i < halvings)
            x = self._block(f"block{2 * i + 1}", x, width, init, halve=False)
            if i == attending:
                x = SelfAttention(self.scheme, init, self.dtype, name="attention")(x)
            features[f"block{2 * i + 1}"] = x
        features["pooled"] = sum_pool(jax.nn.relu(x.astype(jnp.float32)))  # [B, F]
        return projected_verdict(features, label, self.num_classes, self.scheme, init)

    def _conv(self, name, width, kernel, init):
        return Conv(width, kernel, scheme=self.scheme, kernel_init=init, dtype=self.dtype, name=name)

    def _block(self, name, x, width, init, halve):
        if width < x.shape[-1]:
            raise ValueError(
                f"BigGAN-deep's shortcuts add channels: widths must not fall from {x.shape[-1]} to {width}"
            )
        hidden, h = width // RATIO, x
        for part, kernel in enumerate(((1, 1), (3, 3), (3, 3)), start=1):
            h = self._conv(f"{name}_conv{part}", hidden, kernel, init)(jax.nn.relu(h))
        h = jax.nn.relu(h)  # before the mean, which it does not commute with
        pool = downsample_mean if halve else lambda x: x
        h, x = self._conv(f"{name}_conv4", width, (1, 1), init)(pool(h)), pool(x).astype(h.dtype)
        if width > x.shape[-1]:
            new = self._conv(f"{name}_shortcut", width - x.shape[-1], (1, 1), init)(x)
            x = jnp.concatenate([x, new], -1)
        return h + x
