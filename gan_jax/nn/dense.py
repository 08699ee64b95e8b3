"""Fully connected layers and embeddings."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen
from jax import lax

from gan_jax.nn.weights import Initializer, normal, weight


class Dense(linen.Module):
    """y = x W + b: [..., I] -> [..., features]. `scheme`, `gain` and `lr_multiplier` as in `weights.weight`.

    The multiplier is the bias's too: it is used that much smaller than it is stored.
    """

    features: int
    use_bias: bool = True
    scheme: str | None = None
    gain: float = math.sqrt(2)
    lr_multiplier: float = 1.0
    kernel_init: Initializer = normal()
    bias_init: Initializer = linen.initializers.zeros
    dtype: Any = None

    @linen.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        shape = (x.shape[-1], self.features)
        kernel = weight(self, "kernel", self.kernel_init, shape, self.scheme, shape[0], self.gain, self.lr_multiplier)
        dtype = self.dtype or x.dtype
        y = x.astype(dtype) @ kernel.astype(dtype)
        if self.use_bias:
            bias = self.param("bias", self.bias_init, (self.features,)) * self.lr_multiplier
            y = y + bias.astype(dtype).reshape((1,) * (y.ndim - 1) + (-1,))
        return y


class Embed(linen.Module):
    """One learned vector for each class: labels [B] int -> [B, features]."""

    num_classes: int
    features: int
    scheme: str | None = None
    embedding_init: Initializer = normal(1.0)
    dtype: Any = None

    @linen.compact
    def __call__(self, labels: jax.Array) -> jax.Array:
        table = weight(
            self, "embedding", self.embedding_init, (self.num_classes, self.features), self.scheme, self.num_classes
        )
        # A product with one-hot rows: its gradient is a matrix product too, where a gather's is a scatter.
        table = table.astype(self.dtype or table.dtype)
        rows = jax.nn.one_hot(labels, self.num_classes, dtype=table.dtype)
        return jnp.matmul(rows, table, precision=lax.Precision.HIGHEST)  # picks rows: must not round them
