"""Batch normalisation whose scale and bias depend on a condition: a class, an embedding, or the latent."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax.nn.dense import Dense, Embed
from gan_jax.nn.norms.batch_norm import BatchNorm, scale_and_shift
from gan_jax.nn.weights import Initializer, normal


class ConditionalBatchNorm(linen.Module):
    """Class-conditional batch normalisation: x [B, *space, C], a condition for each image -> as x.

    With `num_classes` the condition is a label, [B] int in [0, num_classes), and every class has a scale (at first 1)
    and a bias (at first 0) of its own: SNGAN's (Dumoulin et al., arXiv:1610.07629; Miyato & Koyama, arXiv:1802.05637).

    Without, the condition y is a vector, [B, Y], and scale = 1 + linear(y), bias = linear(y), without biases of their
    own: BigGAN's (Brock et al., arXiv:1809.11096). `scheme` as in `weights.weight`, for those two matrices only.

    The other fields as in `BatchNorm`. Raises ValueError where the condition is missing or of the wrong kind.
    """

    num_classes: int | None = None
    scheme: str | None = None
    kernel_init: Initializer = normal()
    decay: float = 0.9
    epsilon: float = 1e-5
    groups: int = 1
    dtype: Any = None

    @linen.compact
    def __call__(self, x: jax.Array, condition: jax.Array, *, train: bool) -> jax.Array:
        _check_present(self, x, condition)
        channels = x.shape[-1]
        of_labels = condition.ndim == 1 and jnp.issubdtype(condition.dtype, jnp.integer)
        if of_labels != (self.num_classes is not None):
            wanted = "vectors [B, Y]" if self.num_classes is None else "integer labels [B]"
            raise ValueError(f"num_classes={self.num_classes} needs {wanted}; got {condition.dtype}{condition.shape}")
        if self.num_classes is None:
            scale = 1 + Dense(channels, False, self.scheme, self.kernel_init, name="scale")(condition)  # [B, C]
            bias = Dense(channels, False, self.scheme, self.kernel_init, name="bias")(condition)
        elif self.scheme is None:
            ones, zeros = linen.initializers.ones, linen.initializers.zeros
            scale = Embed(self.num_classes, channels, embedding_init=ones, name="scale")(condition)  # [B, C]
            bias = Embed(self.num_classes, channels, embedding_init=zeros, name="bias")(condition)
        else:
            raise ValueError(
                f"scheme={self.scheme!r} is for a condition that is a vector; num_classes makes it a label"
            )
        return _modulated(self, x, scale, bias, train)


class SelfModulatedBatchNorm(linen.Module):
    """Batch normalisation that the latent modulates: x [B, *space, C], z [B, Z] -> as x.

    scale = linear(relu(linear(z))), its last bias starting at 1; bias = another linear map of the same hidden layer,
    starting at 0 (Chen et al., arXiv:1810.01365). The other fields as in `BatchNorm`. Raises ValueError without z.
    """

    hidden: int = 32
    kernel_init: Initializer = normal()
    decay: float = 0.9
    epsilon: float = 1e-5
    groups: int = 1
    dtype: Any = None

    @linen.compact
    def __call__(self, x: jax.Array, condition: jax.Array, *, train: bool) -> jax.Array:
        _check_present(self, x, condition)
        channels, init, ones = x.shape[-1], self.kernel_init, linen.initializers.ones
        h = linen.relu(Dense(self.hidden, kernel_init=init, name="hidden")(condition))  # [B, hidden]
        scale = Dense(channels, kernel_init=init, bias_init=ones, name="scale")(h)  # [B, C]
        bias = Dense(channels, kernel_init=init, name="bias")(h)
        return _modulated(self, x, scale, bias, train)


def _check_present(module: linen.Module, x: jax.Array, condition: jax.Array | None) -> None:
    if condition is None or condition.shape[:1] != x.shape[:1]:
        got = "none" if condition is None else f"one of shape {condition.shape}"
        raise ValueError(f"{type(module).__name__} needs a condition for each of {x.shape[0]} images; got {got}")


def _modulated(module: Any, x: jax.Array, scale: jax.Array, bias: jax.Array, train: bool) -> jax.Array:
    """scale * normalised x + bias, in float32 (or wider) to the end. scale and bias [B, C]."""
    wide = jnp.promote_types(x.dtype, jnp.float32)
    plain = BatchNorm(module.decay, module.epsilon, False, False, module.groups, dtype=wide, name="norm")
    return scale_and_shift(plain(x, train=train), scale, bias).astype(module.dtype or x.dtype)
