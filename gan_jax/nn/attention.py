"""Self-attention over an image's pixels (Zhang et al., arXiv:1805.08318), in BigGAN's form."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax.nn.conv.convolution import Conv
from gan_jax.nn.conv.resample import downsample_max
from gan_jax.nn.weights import Initializer, normal


def attention(queries: jax.Array, keys: jax.Array, values: jax.Array) -> jax.Array:
    """softmax(queries keys^T) values, without a temperature: Eq. (1) and (2), arXiv:1805.08318.

    queries [B, N, K], keys [B, M, K], values [B, M, V] -> [B, N, V], as values. The softmax is in float32 (or wider).
    """
    wide = jnp.promote_types(queries.dtype, jnp.float32)
    scores = jnp.einsum("bnk,bmk->bnm", queries, keys, preferred_element_type=wide)
    weights = jax.nn.softmax(scores, axis=-1).astype(values.dtype)  # [B, N, M], rows sum to 1
    return jnp.einsum("bnm,bmv->bnv", weights, values)


class SelfAttention(linen.Module):
    """x + gain * attention of x to itself: [B, *space, C] -> the same. The gain starts at 0.

    Queries and keys have C / 8 channels, values C / 2; keys and values are max-pooled 2 x 2. The four convolutions are
    1 x 1 without bias; `scheme` as in `weights.weight`. Raises ValueError for fewer than 8 channels or an odd side.
    """

    scheme: str | None = None
    kernel_init: Initializer = normal()
    dtype: Any = None

    @linen.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        batch, *space, channels = x.shape
        if channels < 8:
            raise ValueError(f"self-attention takes an eighth of the channels as keys: 8 or more, not {channels}")
        x = x.astype(self.dtype or x.dtype)

        def project(h: jax.Array, features: int, name: str) -> jax.Array:
            one = (1,) * len(space)
            plain = {"use_bias": False, "scheme": self.scheme, "kernel_init": self.kernel_init, "dtype": self.dtype}
            return Conv(features, one, name=name, **plain)(h)

        pixels = lambda h: h.reshape(batch, -1, h.shape[-1])  # [B, N, features]
        theta = pixels(project(x, channels // 8, "theta"))
        phi = pixels(downsample_max(project(x, channels // 8, "phi")))
        g = pixels(downsample_max(project(x, channels // 2, "g")))
        seen = attention(theta, phi, g).reshape(batch, *space, -1)
        gain = self.param("gain", linen.initializers.zeros, (), jnp.float32)
        return x + gain.astype(x.dtype) * project(seen, channels, "out")
