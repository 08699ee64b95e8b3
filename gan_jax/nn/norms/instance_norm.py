"""Instance normalisation (Ulyanov et al., arXiv:1607.08022)."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen
from jax import lax

from gan_jax.nn.norms.batch_norm import scale_and_shift


def instance_moments(x: jax.Array, unbiased: bool = False) -> tuple[jax.Array, jax.Array]:
    """Mean and variance of each channel of each image. x [B, *space, C] -> two [B, 1, ..., 1, C], float32 or wider.

    `unbiased` divides by n - 1 instead of n pixels. Raises ValueError where there are too few pixels for a variance.
    """
    axes = tuple(range(1, x.ndim - 1))
    pixels = math.prod(x.shape[1:-1])
    if not axes or pixels <= int(unbiased):
        raise ValueError(f"moments over an image's pixels need more of them than {x.shape} has")
    x = x.astype(jnp.promote_types(x.dtype, jnp.float32))
    mean = jnp.mean(x, axes, keepdims=True)
    variance = jnp.sum(jnp.square(x - mean), axes, keepdims=True) / (pixels - int(unbiased))
    return mean, variance


def instance_norm(x: jax.Array, epsilon: float = 1e-5) -> jax.Array:
    """(x - mean) / sqrt(variance + epsilon), each channel of each image by its own. x [B, *space, C] -> as x."""
    mean, variance = instance_moments(x)
    return ((x.astype(mean.dtype) - mean) * lax.rsqrt(variance + epsilon)).astype(x.dtype)


class InstanceNorm(linen.Module):
    """Instance normalisation: [B, *space, C] -> the same, in `dtype` (None: x's).

    The default has no parameters, as in CycleGAN. `condition` and `train` are ignored, so that it stands in any place
    where a batch normalisation may: it is the same in training and after.
    """

    epsilon: float = 1e-5
    use_scale: bool = False
    use_bias: bool = False
    dtype: Any = None

    @linen.compact
    def __call__(self, x: jax.Array, condition: jax.Array | None = None, *, train: bool = False) -> jax.Array:
        del condition, train
        y = instance_norm(x.astype(jnp.promote_types(x.dtype, jnp.float32)), self.epsilon)
        shape = (x.shape[-1],)
        scale = self.param("scale", linen.initializers.ones, shape, jnp.float32) if self.use_scale else None
        bias = self.param("bias", linen.initializers.zeros, shape, jnp.float32) if self.use_bias else None
        return scale_and_shift(y, scale, bias).astype(self.dtype or x.dtype)
