"""R3GAN's networks: residual, without a norm and without a trick (Huang et al., arXiv:2501.05441, its config E).

Every stage is two residual blocks at one resolution; between stages the image is interpolated by [1, 3, 3, 1], and a 1 x 1
convolution changes the width where it changes. Facts are from the authors' code where the paper is silent.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax import ranges
from gan_jax.architectures.parts.stem import base_size
from gan_jax.nn.conv.convolution import Conv
from gan_jax.nn.conv.resample import downsample_bilinear, upsample_bilinear
from gan_jax.nn.dense import Dense, Embed
from gan_jax.nn.tap import tap
from gan_jax.nn.weights import Initializer, normal
from gan_jax.types import Verdict

# By the image's height: width of each stage, from the base size of 4 x 4 up. At 32 CIFAR-10's, at 64 and 256 FFHQ's.
WIDTHS = {
    32: (768, 768, 768, 768),
    64: (768, 768, 768, 768, 384),
    256: (768, 768, 768, 768, 384, 192, 96),
}
_SLOPE = 0.2
_GAIN = math.sqrt(2 / (1 + _SLOPE**2))  # of a leaky rectifier, He et al., arXiv:1502.01852


def _he(fan_in: int, gain: float = 1.0) -> Initializer:
    return normal(gain / math.sqrt(fan_in))


def _require_fitting(net: Any) -> None:
    """Raises ValueError for settings of either network that do not go together."""
    height = net.image_shape[0]
    ranges.wholes("widths", net.widths)
    for name in ("blocks", "group_width", "expansion"):
        ranges.whole(name, getattr(net, name))
    ranges.whole("num_classes", net.num_classes, 0)
    if not net.widths and height not in WIDTHS:
        raise ValueError(
            f"R3GAN has no widths for images {height} pixels high (it has {', '.join(map(str, WIDTHS))}): set widths"
        )
    widths = tuple(net.widths or WIDTHS[height])
    if odd := [width for width in widths if width * net.expansion % net.group_width]:
        raise ValueError(
            f"a block of width {odd[0]} convolves {odd[0] * net.expansion} channels, which groups of "
            f"group_width={net.group_width} do not divide"
        )
    ranges.whole("float32_stages", net.float32_stages, 0, len(widths))


class Block(linen.Module):
    """x [B, H, W, C] -> the same: x + 1 x 1 (grouped 3 x 3 (1 x 1 x)), with expansion * C channels in between.

    blocks: of the whole network. Weights begin at He's variance times blocks^(-1/2), the last convolution's at zero, so that a
    network begins as its shortcuts (Fixup, Zhang et al., arXiv:1901.09321).
    """

    expansion: int
    group_width: int
    blocks: int
    dtype: Any = None

    @linen.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        width = x.shape[-1]
        inner, gain = width * self.expansion, _GAIN * self.blocks**-0.25
        rectified = lambda x: jax.nn.leaky_relu(x, _SLOPE)
        conv = lambda name, features, side, init, **more: Conv(
            features, (side, side), kernel_init=init, dtype=self.dtype, name=name, **more
        )
        h = rectified(conv("conv1", inner, 1, _he(width, gain))(x))
        grouped = {"groups": inner // self.group_width}
        h = rectified(conv("conv2", inner, 3, _he(9 * self.group_width, gain), **grouped)(h))
        return x + conv("conv3", width, 1, linen.initializers.zeros, use_bias=False)(h)


class Generator(linen.Module):
    """latents [B, Z] -> images [B, H, W, C]: a learned map scaled by the latents, stages that double the size, a 1 x 1 layer.

    No tanh: images are in [-1, 1] as far as the training makes them; whatever lies outside is clipped where it is shown or
    scored. Z is 64 in the paper. H and W are a base size (4 x 4 in the paper) times 2^(stages - 1).

    widths: of the stages, the smallest first; by default the paper's for the image's height. blocks: of each stage.
    group_width: channels of a group of the 3 x 3 convolutions; 16, on ImageNet 32. expansion: channels within a block for
        each one outside.
    embedding: features of the class beside the latents, where num_classes is not 0.
    float32_stages: so many of the smallest stages compute in float32 whatever dtype is. The paper's: all but the 3 (images
        of 32 x 32) or 4 largest.
    """

    image_shape: tuple[int, int, int]
    widths: tuple[int, ...] = ()
    blocks: int = 2
    group_width: int = 16
    expansion: int = 2
    embedding: int = 64
    num_classes: int = 0
    float32_stages: int = 0
    dtype: Any = None

    def __post_init__(self):
        _require_fitting(self)
        ranges.whole("embedding", self.embedding)
        super().__post_init__()

    @property
    def in_float32(self) -> tuple[str, ...]:
        """The layers that compute in float32 whatever dtype is."""
        stages = range(self.float32_stages)
        return _layers(self.blocks, stages, pointwise=stages)

    @linen.compact
    def __call__(self, latents: jax.Array, label: jax.Array | None = None, train: bool = False) -> jax.Array:
        widths = self.widths or WIDTHS[self.image_shape[0]]
        size, total = base_size(self.image_shape, len(widths) - 1), len(widths) * self.blocks
        types = [None if i < self.float32_stages else self.dtype for i in range(len(widths))]
        if self.num_classes:
            if label is None:
                raise ValueError(
                    "a class-conditional generator needs labels: set method.num_classes to the data's classes"
                )
            init = _he(self.num_classes)
            embedded = Embed(self.num_classes, self.embedding, embedding_init=init, name="embedding")(label)
            latents = jnp.concatenate([latents, embedded], axis=-1)
        scales = Dense(widths[0], use_bias=False, kernel_init=_he(latents.shape[-1]), name="stem")(latents)
        basis = self.param("basis", normal(1.0), (*size, widths[0]))
        x = basis[None] * scales[:, None, None, :]  # [B, h, w, widths[0]]
        for i, (width, dtype) in enumerate(zip(widths, types, strict=True)):
            x = x.astype(dtype or jnp.float32)
            if width != x.shape[-1]:
                x = _pointwise(f"to_stage{i}", width, x.shape[-1], dtype)(x)
            x = upsample_bilinear(x) if i else x
            for j in range(i * self.blocks, (i + 1) * self.blocks):
                x = Block(self.expansion, self.group_width, total, dtype, name=f"block{j}_layers")(x)
                x = tap(self, f"block{j}", x)
        x = _pointwise("to_image", self.image_shape[-1], widths[-1], types[-1])(x)
        return x.astype(jnp.float32)


class Discriminator(linen.Module):
    """images [B, H, W, C] -> Verdict: the generator's stages in reverse, one weight for each pixel and channel, a linear layer.

    widths: of the stages, the smallest image's first, as in Generator, whose other settings it shares. With classes the
    verdict is the product of as many features as the first width with the class's vector.
    Features: "block0", "block1", ... (maps, from the largest image down) and "pooled" [B, F].
    """

    image_shape: tuple[int, int, int]
    widths: tuple[int, ...] = ()
    blocks: int = 2
    group_width: int = 16
    expansion: int = 2
    num_classes: int = 0
    float32_stages: int = 0
    dtype: Any = None

    def __post_init__(self):
        _require_fitting(self)
        super().__post_init__()

    @property
    def in_float32(self) -> tuple[str, ...]:
        """The layers that compute in float32 whatever dtype is."""
        n = len(self.widths or WIDTHS[self.image_shape[0]])
        stages = range(n - self.float32_stages, n)
        return _layers(self.blocks, stages, pointwise=range(n - self.float32_stages + 1, n))

    @linen.compact
    def __call__(self, images: jax.Array, label: jax.Array | None = None, train: bool = False) -> Verdict:
        widths = (self.widths or WIDTHS[self.image_shape[0]])[::-1]
        total = len(widths) * self.blocks
        base_size(self.image_shape, len(widths) - 1)
        types = [None if len(widths) - i <= self.float32_stages else self.dtype for i in range(len(widths))]
        x, features = _pointwise("from_image", widths[0], images.shape[-1], types[0])(images), {}
        for i, (width, dtype) in enumerate(zip(widths, types, strict=True)):
            x = downsample_bilinear(x) if i else x
            if width != x.shape[-1]:
                x = _pointwise(f"to_stage{i}", width, x.shape[-1], types[i - 1])(x)
            x = x.astype(dtype or jnp.float32)
            for j in range(i * self.blocks, (i + 1) * self.blocks):
                x = Block(self.expansion, self.group_width, total, dtype, name=f"block{j}_layers")(x)
                features[f"block{j}"] = x
        basis = self.param("basis", _he(math.prod(x.shape[1:3])), x.shape[1:])
        pooled = jnp.sum(x.astype(jnp.float32) * basis[None], axis=(1, 2))  # [B, widths[-1]]
        linear = lambda n: Dense(n, use_bias=False, kernel_init=_he(pooled.shape[-1]), name="head")(pooled)
        features["pooled"] = pooled
        if not self.num_classes:
            return Verdict(linear(1)[:, 0], features)
        if label is None:
            raise ValueError("a projection discriminator needs labels")
        width = pooled.shape[-1]
        init = _he(self.num_classes, gain=width**-0.5)
        vectors = Embed(self.num_classes, width, embedding_init=init, name="projection")(label)
        return Verdict(jnp.sum(linear(width) * vectors, axis=-1), features)


def _layers(blocks: int, stages: range, pointwise: range) -> tuple[str, ...]:
    """The names of these stages' blocks, and of the 1 x 1 convolutions before them."""
    of = [f"block{i * blocks + j}_layers" for i in stages for j in range(blocks)]
    return (*of, *(f"to_stage{i}" for i in pointwise))


def _pointwise(name: str, features: int, inputs: int, dtype: Any) -> Conv:
    return Conv(features, (1, 1), use_bias=False, kernel_init=_he(inputs), dtype=dtype, name=name)
