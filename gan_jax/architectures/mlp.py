"""Small fully connected networks, for points in the plane."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax import ranges
from gan_jax.architectures.parts.verdict import projected_verdict
from gan_jax.nn.dense import Dense
from gan_jax.nn.tap import tap
from gan_jax.nn.weights import glorot
from gan_jax.types import Verdict

_HIDDEN = glorot(math.sqrt(2))


class Generator(linen.Module):
    """latents [B, Z] -> [B, *image_shape], unbounded. Conditional: one-hot labels are appended to the latents."""

    image_shape: tuple[int, ...]
    widths: tuple[int, ...] = (128, 128, 128)
    num_classes: int = 0
    dtype: Any = None

    def __post_init__(self):
        ranges.wholes("widths", self.widths)
        ranges.whole("num_classes", self.num_classes, 0)
        super().__post_init__()

    @linen.compact
    def __call__(self, latents: jax.Array, label: jax.Array | None = None, train: bool = False) -> jax.Array:
        x = latents
        if self.num_classes:
            if label is None:
                raise ValueError("a class-conditional generator needs labels")
            x = jnp.concatenate([x, jax.nn.one_hot(label, self.num_classes, dtype=x.dtype)], axis=-1)
        for i, width in enumerate(self.widths):
            x = jax.nn.relu(Dense(width, kernel_init=_HIDDEN, dtype=self.dtype, name=f"hidden{i}")(x))
            x = tap(self, f"block{i}", x)
        x = Dense(math.prod(self.image_shape), kernel_init=glorot(), dtype=self.dtype, name="output")(x)
        return x.reshape(-1, *self.image_shape).astype(jnp.float32)


class Discriminator(linen.Module):
    """[B, *image_shape] -> Verdict. Features: "hidden0", ... and "pooled": the last hidden layer."""

    image_shape: tuple[int, ...]
    widths: tuple[int, ...] = (128, 128, 128)
    scheme: str | None = None
    num_classes: int = 0
    dtype: Any = None

    def __post_init__(self):
        ranges.wholes("widths", self.widths)
        ranges.whole("num_classes", self.num_classes, 0)
        super().__post_init__()

    @linen.compact
    def __call__(self, images: jax.Array, label: jax.Array | None = None, train: bool = False) -> Verdict:
        features, x = {}, images.reshape(images.shape[0], -1)
        for i, width in enumerate(self.widths):
            dense = Dense(width, scheme=self.scheme, kernel_init=_HIDDEN, dtype=self.dtype, name=f"hidden{i}")
            x = features[f"hidden{i}"] = jax.nn.leaky_relu(dense(x), 0.2)
        features["pooled"] = x.astype(jnp.float32)
        return projected_verdict(features, label, self.num_classes, self.scheme, glorot())
