"""StyleGAN2's modulated convolution (Karras et al., arXiv:1912.04958, section 2.2)."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen
from jax import lax

from gan_jax.nn.conv.convolution import conv, conv_transpose
from gan_jax.nn.conv.resample import filtered
from gan_jax.nn.dense import Dense

_FILTER = (1, 3, 3, 1)


def modulated_conv(
    x: jax.Array, kernel: jax.Array, style: jax.Array, demodulate: bool = True, up: bool = False
) -> jax.Array:
    """A convolution whose kernel is scaled for each image: by `style` an input channel, then to unit norm an output.

    x [B, H, W, I], kernel [k, k, I, O] with odd k, style [B, I] -> [B, H, W, O], or [B, 2 H, 2 W, O] with `up`: a transposed
    convolution of stride 2, then the filter [1, 3, 3, 1] each way.

    The scales are applied to the maps, before and after one convolution with the shared kernel, which is the same
    and needs no kernel an image: w'_bio = style_bi w_io, and y is divided by sqrt(sum over window and i of w'^2 + 1e-8).
    """
    scaled = x * style.astype(x.dtype)[:, None, None]
    if up:
        y = conv_transpose(scaled, kernel.astype(x.dtype), 2, padding=0)
        y = filtered(y, _FILTER, padding=1, gain=2.0)
    else:
        y = conv(scaled, kernel.astype(x.dtype))
    if not demodulate:
        return y
    norm = jnp.square(style) @ jnp.sum(jnp.square(kernel), (0, 1))  # [B, O]
    return y * lax.rsqrt(norm + 1e-8).astype(x.dtype)[:, None, None]


class ModulatedConv(linen.Module):
    """`modulated_conv` whose style is a linear map of w [B, W], with a bias that starts at 1. x [B, H, W, I] -> [..., features].

    The kernel starts as N(0, 1). One that is not demodulated has its style times 1 / sqrt(I).
    """

    features: int
    window: int = 3
    demodulate: bool = True
    up: bool = False
    dtype: Any = None

    @linen.compact
    def __call__(self, x: jax.Array, w: jax.Array) -> jax.Array:
        inputs = x.shape[-1]
        affine = Dense(inputs, scheme="equalized", gain=1.0, bias_init=linen.initializers.ones, name="style")
        style = affine(w.astype(jnp.float32)) * (1.0 if self.demodulate else 1 / math.sqrt(inputs))
        shape = (self.window, self.window, inputs, self.features)
        kernel = self.param("weight", linen.initializers.normal(1.0), shape, jnp.float32)
        if self.dtype is not None and jnp.finfo(self.dtype).bits < 32 and self.demodulate:
            # Both scales are void where the norm divides by them; they keep narrow floats within their range.
            kernel = kernel / (jnp.max(jnp.abs(kernel), (0, 1, 2), keepdims=True) * math.sqrt(math.prod(shape[:3])))
            style = style / jnp.max(jnp.abs(style), 1, keepdims=True)
        return modulated_conv(x.astype(self.dtype or x.dtype), kernel, style, self.demodulate, self.up)
