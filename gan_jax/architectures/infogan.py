"""InfoGAN's networks for MNIST (Chen et al., arXiv:1606.03657, appendix C.1).

Q, which tells the codes, is the regulariser's head, `mutual_information`: this D has the trunk and its logit.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax import ranges
from gan_jax.architectures.parts.stem import Stem, base_size
from gan_jax.architectures.parts.verdict import projected_verdict
from gan_jax.nn.conv.convolution import Conv, ConvTranspose
from gan_jax.nn.dense import Dense
from gan_jax.nn.norms.batch_norm import BatchNorm
from gan_jax.nn.tap import tap
from gan_jax.nn.weights import normal
from gan_jax.types import Verdict


class Generator(linen.Module):
    """latents [B, Z] -> images [B, H, W, C] in [-1, 1]: dense layers, then 4 x 4 transposed convolutions, the last to tanh.

    hidden: width of the first dense layer. widths: of the first map and of every doubling but the last. All layers but the
    last have BatchNorm and ReLU. Conditional: one-hot labels stand beside the latents.
    """

    image_shape: tuple[int, int, int]
    widths: tuple[int, ...] = (128, 64)
    hidden: int = 1024
    num_classes: int = 0
    dtype: Any = None

    def __post_init__(self):
        ranges.wholes("widths", self.widths)
        ranges.whole("hidden", self.hidden)
        ranges.whole("num_classes", self.num_classes, 0)
        super().__post_init__()

    @linen.compact
    def __call__(self, latents: jax.Array, label: jax.Array | None = None, train: bool = False) -> jax.Array:
        first, *widths = self.widths
        if self.num_classes:
            if label is None:
                raise ValueError("a class-conditional generator needs labels")
            latents = jnp.concatenate([latents, jax.nn.one_hot(label, self.num_classes, dtype=latents.dtype)], axis=-1)
        x = Dense(self.hidden, use_bias=False, kernel_init=normal(), dtype=self.dtype, name="hidden")(latents)
        x = jax.nn.relu(BatchNorm(name="hidden_norm")(x, train=train))
        size = base_size(self.image_shape, len(self.widths))
        x = Stem(size, first, normal(), use_bias=False, dtype=self.dtype, name="stem")(x)
        x = tap(self, "block0", jax.nn.relu(BatchNorm(name="stem_norm")(x, train=train)))
        for i, width in enumerate(widths):
            x = ConvTranspose(width, use_bias=False, dtype=self.dtype, name=f"deconv{i}")(x)
            x = jax.nn.relu(BatchNorm(name=f"norm{i}")(x, train=train))
            x = tap(self, f"block{i + 1}", x)
        x = ConvTranspose(self.image_shape[-1], dtype=self.dtype, name="to_image")(x)
        return jnp.tanh(x.astype(jnp.float32))


class Discriminator(linen.Module):
    """images [B, H, W, C] -> Verdict: 4 x 4 convolutions of stride 2, a dense layer, leaky ReLU 0.1; BatchNorm on all but
    the first.

    hidden: width of the dense layer. Features: "conv0", ... (maps) and "pooled": the dense layer [B, hidden], Q's input.
    """

    image_shape: tuple[int, int, int]
    widths: tuple[int, ...] = (64, 128)
    hidden: int = 1024
    scheme: str | None = None
    num_classes: int = 0
    dtype: Any = None

    def __post_init__(self):
        ranges.wholes("widths", self.widths)
        ranges.whole("hidden", self.hidden)
        ranges.whole("num_classes", self.num_classes, 0)
        super().__post_init__()

    @linen.compact
    def __call__(self, images: jax.Array, label: jax.Array | None = None, train: bool = False) -> Verdict:
        base_size(self.image_shape, len(self.widths))
        features, x = {}, images
        options = {"scheme": self.scheme, "dtype": self.dtype}
        for i, width in enumerate(self.widths):
            x = Conv(width, (4, 4), 2, use_bias=i == 0, **options, name=f"conv{i}")(x)
            x = BatchNorm(name=f"norm{i}")(x, train=train) if i else x
            x = features[f"conv{i}"] = jax.nn.leaky_relu(x, 0.1)
        x = x.reshape(x.shape[0], -1)
        x = Dense(self.hidden, use_bias=False, kernel_init=normal(), **options, name="hidden")(x)
        x = jax.nn.leaky_relu(BatchNorm(name="hidden_norm")(x, train=train), 0.1)
        features["pooled"] = x.astype(jnp.float32)
        return projected_verdict(features, label, self.num_classes, self.scheme, normal())
