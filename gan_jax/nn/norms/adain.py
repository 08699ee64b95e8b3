"""Adaptive instance normalisation: an image takes the moments of a style (Huang & Belongie, arXiv:1703.06868)."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax.nn.norms.batch_norm import scale_and_shift
from gan_jax.nn.norms.instance_norm import instance_moments, instance_norm
from gan_jax.nn.weights import weight


def adain(x: jax.Array, scale: jax.Array, bias: jax.Array, epsilon: float = 1e-8) -> jax.Array:
    """scale * instance_norm(x) + bias: Eq. (1), arXiv:1812.04948. x [B, *space, C], scale and bias [B, C] -> as x."""
    y = instance_norm(x.astype(jnp.promote_types(x.dtype, jnp.float32)), epsilon)
    return scale_and_shift(y, scale, bias).astype(x.dtype)


def style_moments(features: jax.Array, epsilon: float = 1e-5, unbiased: bool = True) -> tuple[jax.Array, jax.Array]:
    """A style: the mean and deviation of each channel of each image. [B, *space, C] -> two [B, 1, ..., 1, C].

    The deviation is sqrt(variance + epsilon); `unbiased` variances divide by n - 1, as in the PyTorch port of the authors'
    code.
    """
    mean, variance = instance_moments(features, unbiased)
    return mean, jnp.sqrt(variance + epsilon)


def with_moments(
    content: jax.Array, mean: jax.Array, deviation: jax.Array, epsilon: float = 1e-5, unbiased: bool = True
) -> jax.Array:
    """deviation * (content - mean(content)) / std(content) + mean. content [B, *space, C], the moments as `style_moments`."""
    own_mean, own_deviation = style_moments(content, epsilon, unbiased)
    return ((content.astype(own_mean.dtype) - own_mean) * (deviation / own_deviation) + mean).astype(content.dtype)


def adain_transfer(content: jax.Array, style: jax.Array, epsilon: float = 1e-5, unbiased: bool = True) -> jax.Array:
    """std(style) * (content - mean(content)) / std(content) + mean(style): Eq. (8), arXiv:1703.06868.

    content [B, *space, C], style [B, *space', C] -> as content. Every std is that of `style_moments`.
    """
    return with_moments(content, *style_moments(style, epsilon, unbiased), epsilon, unbiased)


class AdaIN(linen.Module):
    """StyleGAN's style: x [B, *space, C], condition w [B, W] -> as x, in `dtype` (None: x's).

    (1 + scale, bias) are one linear map of w, with equalised learning rate (gain 1) and a bias that starts at 0
    (Karras et al., arXiv:1812.04948). `train` is ignored: the layer is the same in training and after.
    """

    epsilon: float = 1e-8
    dtype: Any = None

    @linen.compact
    def __call__(self, x: jax.Array, condition: jax.Array, *, train: bool = False) -> jax.Array:
        del train
        channels = x.shape[-1]
        wide = jnp.promote_types(x.dtype, jnp.float32)
        shape = (condition.shape[-1], 2 * channels)
        kernel = weight(self, "kernel", linen.initializers.normal(1.0), shape, "equalized", shape[0], gain=1.0)
        offset = self.param("bias", linen.initializers.zeros, (2 * channels,), jnp.float32)
        style = condition.astype(wide) @ kernel.astype(wide) + offset.astype(wide).reshape(1, -1)  # [B, 2C]
        scale, bias = jnp.split(style, 2, axis=-1)  # [B, C] each
        return adain(x.astype(wide), 1 + scale, bias, self.epsilon).astype(self.dtype or x.dtype)
