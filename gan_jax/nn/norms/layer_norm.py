"""Layer normalisation (Ba et al., arXiv:1607.06450)."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen
from jax import lax

from gan_jax.nn.norms.batch_norm import scale_and_shift


def layer_norm(x: jax.Array, epsilon: float = 1e-5) -> jax.Array:
    """(x - mean) / sqrt(variance + epsilon), each image by the moments of all its pixels and channels. x [B, ...] -> as x."""
    axes = tuple(range(1, x.ndim))
    wide = x.astype(jnp.promote_types(x.dtype, jnp.float32))
    centred = wide - jnp.mean(wide, axes, keepdims=True)
    variance = jnp.mean(jnp.square(centred), axes, keepdims=True)
    return (centred * lax.rsqrt(variance + epsilon)).astype(x.dtype)


class LayerNorm(linen.Module):
    """Layer normalisation, then a scale and a bias for each channel: [B, *space, C] -> the same, in `dtype` (None: x's).

    An image's slope is its own: no other image of the batch has a part in it, so that a gradient penalty may be taken of it.
    """

    epsilon: float = 1e-5
    dtype: Any = None

    @linen.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        y = layer_norm(x.astype(jnp.promote_types(x.dtype, jnp.float32)), self.epsilon)
        scale = self.param("scale", linen.initializers.ones, (x.shape[-1],), jnp.float32)
        bias = self.param("bias", linen.initializers.zeros, (x.shape[-1],), jnp.float32)
        return scale_and_shift(y, scale, bias).astype(self.dtype or x.dtype)
