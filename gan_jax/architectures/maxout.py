"""The networks of PacGAN's experiments on points in the plane, those of ALI (arXiv:1712.04086 and its code)."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax import ranges
from gan_jax.architectures.parts.verdict import projected_verdict
from gan_jax.nn.dense import Dense
from gan_jax.nn.norms.batch_norm import BatchNorm
from gan_jax.nn.tap import tap
from gan_jax.nn.weights import normal
from gan_jax.types import Verdict


class Generator(linen.Module):
    """latents [B, Z] -> [B, *image_shape], unbounded: dense layers with batch normalisation and ReLU, the last one plain.

    The running statistics keep 0.95 of themselves an update, as the paper's code has it.
    """

    image_shape: tuple[int, ...]
    widths: tuple[int, ...] = (400, 400, 400, 400)
    dtype: Any = None

    def __post_init__(self):
        ranges.wholes("widths", self.widths)
        super().__post_init__()

    @linen.compact
    def __call__(self, latents: jax.Array, label: jax.Array | None = None, train: bool = False) -> jax.Array:
        del label  # the data may have classes that these networks do not know
        x = latents
        for i, width in enumerate(self.widths):
            x = Dense(width, use_bias=False, kernel_init=normal(), dtype=self.dtype, name=f"hidden{i}")(x)
            x = tap(self, f"block{i}", jax.nn.relu(BatchNorm(decay=0.95, name=f"norm{i}")(x, train=train)))
        x = Dense(math.prod(self.image_shape), kernel_init=normal(), dtype=self.dtype, name="output")(x)
        return x.reshape(-1, *self.image_shape).astype(jnp.float32)


class Discriminator(linen.Module):
    """[B, *image_shape] -> Verdict: each unit of a hidden layer is the largest of `pieces` linear ones (arXiv:1302.4389).

    Features: "hidden0", ... and "pooled": the last hidden layer.
    """

    image_shape: tuple[int, ...]
    widths: tuple[int, ...] = (200, 200, 200)
    pieces: int = 5
    dtype: Any = None

    def __post_init__(self):
        ranges.wholes("widths", self.widths)
        ranges.whole("pieces", self.pieces, 2)
        super().__post_init__()

    @linen.compact
    def __call__(self, images: jax.Array, label: jax.Array | None = None, train: bool = False) -> Verdict:
        del label
        features, x = {}, images.reshape(images.shape[0], -1)
        for i, width in enumerate(self.widths):
            x = Dense(width * self.pieces, kernel_init=normal(), dtype=self.dtype, name=f"hidden{i}")(x)
            x = features[f"hidden{i}"] = jnp.max(x.reshape(-1, width, self.pieces), axis=-1)
        features["pooled"] = x.astype(jnp.float32)
        return projected_verdict(features, None, 0, None, normal())
