"""BigGAN's residual networks at 32 to 512 pixels (Brock et al., arXiv:1809.11096, appendix B, tables 4 to 6).

Widths, blocks and the place of attention are those of the authors' PyTorch code (BigGAN-PyTorch), conditional or not.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax import ranges
from gan_jax.architectures.parts.biggan_layers import Layers, initializer
from gan_jax.architectures.parts.biggan_tables import (
    DISCRIMINATOR_WIDTHS,
    discriminator_sizes,
    generator_sizes,
    split_latents,
)
from gan_jax.architectures.parts.stem import NORMS, Stem
from gan_jax.architectures.parts.verdict import pooled_verdict
from gan_jax.nn.conv.resample import downsample_mean, upsample_nearest
from gan_jax.nn.dense import Embed
from gan_jax.nn.norms.batch_norm import BatchNorm
from gan_jax.nn.norms.conditional_norm import ConditionalBatchNorm, SelfModulatedBatchNorm
from gan_jax.nn.tap import tap
from gan_jax.types import Verdict


class Generator(linen.Module):
    """latents [B, Z] -> images [B, H, W, C] in [-1, 1]: a dense stem, residual blocks that double the size, tanh.

    ch, widths: multiplier of the paper's widths; or the widths themselves, of the first map and of each doubling.
    attention: height of the map that attends to itself, 0 for no attention; smaller images have none.
    norm: by default "conditional_batch" with classes, whose scale and bias are linear maps of the class embedding and
        the block's latents, and "self_modulated" without (SS-GAN's large run); or "batch" or "none".
    hierarchical: the latents are split into equal parts, for the stem and for each block's norms; else the stem gets
        all, and so do self-modulated norms.
    embedding_dim: of the class embedding that all norms share. 0: each norm has a scale and bias for each class of its
        own (BigGAN-PyTorch's CIFAR-10 script, which is not hierarchical either).
    upsample: "nearest" (the paper, BigGAN-PyTorch) or "zeros" (compare_gan, so SS-GAN's large run: a pixel becomes the first
        of a cell of 2 x 2 whose others are zero).
    initialization: "orthogonal", "normal" (stddev 0.02) or "glorot", of all weights. epsilon: of batch normalisation.
    """

    image_shape: tuple[int, int, int]
    ch: int = 96
    widths: tuple[int, ...] = ()
    attention: int = 64
    norm: str | None = None
    hierarchical: bool = True
    embedding_dim: int = 128
    upsample: str = "nearest"
    scheme: str | None = "spectral"
    initialization: str = "orthogonal"
    epsilon: float = 1e-5
    num_classes: int = 0
    dtype: Any = None

    def __post_init__(self):
        ranges.whole("ch", self.ch)
        ranges.wholes("widths", self.widths)
        ranges.whole("attention", self.attention, 0)
        ranges.whole("embedding_dim", self.embedding_dim, 0)
        ranges.positive("epsilon", self.epsilon)
        ranges.whole("num_classes", self.num_classes, 0)
        super().__post_init__()

    @linen.compact
    def __call__(self, latents: jax.Array, label: jax.Array | None = None, train: bool = False) -> jax.Array:
        size, first, widths, attending = generator_sizes(self.image_shape, self.ch, self.widths, self.attention)
        init = initializer(self.initialization)
        layers = Layers(self.scheme, init, self.dtype)
        kind = self.norm or ("conditional_batch" if self.num_classes else "self_modulated")
        self._check(kind, label)

        parts = split_latents(latents, len(widths) + 1) if self.hierarchical else [latents] * (len(widths) + 1)
        embedding = None
        if kind == "conditional_batch" and self.embedding_dim:
            embedding = Embed(self.num_classes, self.embedding_dim, embedding_init=init, name="embedding")(label)

        def condition(part: jax.Array) -> jax.Array | None:
            if kind == "conditional_batch" and embedding is None:
                return label
            if embedding is None:
                return part
            return jnp.concatenate([embedding, part], -1) if self.hierarchical else embedding

        x = Stem(size, first, init, scheme=self.scheme, dtype=self.dtype, name="stem")(parts[0])
        for i, width in enumerate(widths):
            normalize = lambda part, h, i=i: self._norm(
                f"block{i}_{part}", h, kind, condition(parts[i + 1]), init, train
            )
            x = self._block(f"block{i}", x, width, layers, normalize)
            if i == attending:
                x = layers.attend(x)
            x = tap(self, f"block{i}", x)
        if kind != "none":  # the last norm knows neither class nor latents
            x = BatchNorm(epsilon=self.epsilon, name="norm")(x, train=train)
        x = layers.conv("to_image", self.image_shape[-1], 3)(jax.nn.relu(x))
        return jnp.tanh(x.astype(jnp.float32))

    def _check(self, kind: str, label: jax.Array | None) -> None:
        if self.upsample not in ("nearest", "zeros"):
            raise ValueError(f"upsample is 'nearest' or 'zeros', not {self.upsample!r}")
        if kind not in NORMS:
            raise ValueError(f"unknown norm {kind!r}; known: {', '.join(NORMS)}")
        if kind == "conditional_batch":
            if label is None or not self.num_classes:
                raise ValueError("norm='conditional_batch' needs labels: set method.num_classes to the data's classes")
        elif self.num_classes:
            raise ValueError(f"norm={kind!r} knows no classes: use norm='conditional_batch', or set num_classes to 0")
        if self.hierarchical and (
            kind in ("batch", "none") or (kind == "conditional_batch" and not self.embedding_dim)
        ):
            raise ValueError(
                "hierarchical latents reach each block through its norms, and these take none: set hierarchical to "
                "False, or norm to 'self_modulated', or give the classes an embedding_dim"
            )

    def _block(self, name, x, width, layers, normalize):
        h = jax.nn.relu(normalize("norm1", x))
        h = layers.conv(f"{name}_conv1", width, 3, "unpool" if self.upsample == "zeros" else "up")(h)
        h = layers.conv(f"{name}_conv2", width, 3)(jax.nn.relu(normalize("norm2", h)))
        if self.upsample == "zeros":  # between pixels, the shortcut is its bias
            return h + layers.conv(f"{name}_shortcut", width, 1, "unpool")(x)
        # A 1 x 1 convolution and nearest upsampling commute: convolving first is a quarter of the work.
        return h + upsample_nearest(layers.conv(f"{name}_shortcut", width, 1)(x))

    def _norm(self, name, x, kind, condition, init, train):
        if kind == "none":
            return x
        if kind == "batch":
            return BatchNorm(epsilon=self.epsilon, name=name)(x, train=train)
        if kind == "self_modulated":
            module = SelfModulatedBatchNorm(kernel_init=init, epsilon=self.epsilon, name=name)
        elif self.embedding_dim:
            module = ConditionalBatchNorm(None, self.scheme, init, epsilon=self.epsilon, name=name)
        else:
            module = ConditionalBatchNorm(self.num_classes, epsilon=self.epsilon, name=name)
        return module(x, condition, train=train)


class Discriminator(linen.Module):
    """images [B, H, W, C] -> Verdict: wide residual blocks, ReLU, the sum over the image, a linear score, a projection.

    ch, widths, halvings: multiplier of the paper's widths; or the blocks' widths, and how many of the first ones halve.
    attention: height of the map that attends to itself, 0 for no attention; smaller images have none.
    attention_blocks: in place of it, the numbers of the blocks whose maps attend to themselves, each with weights of its own.
    scheme: "spectral", "equalized" or None, of every weight. initialization: as in Generator.
    Features: "block0", "block1", ... (maps) and "pooled" [B, F].
    """

    image_shape: tuple[int, int, int]
    ch: int = 96
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
        widths, halvings, attending = discriminator_sizes(
            self.image_shape,
            self.ch,
            self.widths,
            self.halvings,
            self.attention,
            self.attention_blocks,
            DISCRIMINATOR_WIDTHS,
        )
        init, features, x = initializer(self.initialization), {}, images
        layers = Layers(self.scheme, init, self.dtype)
        for i, width in enumerate(widths):
            x = self._block(f"block{i}", x, width, layers, first=i == 0, halve=i < halvings)
            if i in attending:
                x = layers.attend(x, f"block{i}_attention" if self.attention_blocks else "attention")
            features[f"block{i}"] = x
        return pooled_verdict(x, features, label, self.num_classes, self.scheme, init)

    def _block(self, name, x, width, layers, first, halve):
        h = layers.conv(f"{name}_conv1", width, 3)(x if first else jax.nn.relu(x))  # as wide as the block's output
        h = layers.conv(f"{name}_conv2", width, 3, "down" if halve else None)(jax.nn.relu(h))
        if halve or width != x.shape[-1]:
            # Pooling and a 1 x 1 convolution commute: pooling first is a quarter of the work.
            x = layers.conv(f"{name}_shortcut", width, 1)(downsample_mean(x) if halve else x)
        return h + x
