"""Pixelwise feature normalisation (Karras et al., arXiv:1710.10196, section 4.2)."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax


def pixel_norm(x: jax.Array, epsilon: float = 1e-8) -> jax.Array:
    """x / sqrt(mean over channels of x^2 + epsilon). x [..., C] -> as x, every vector of root mean square 1.

    On latents [B, Z] this lays them on the sphere of radius sqrt(Z).
    """
    y = x.astype(jnp.promote_types(x.dtype, jnp.float32))
    return (y * lax.rsqrt(jnp.mean(jnp.square(y), -1, keepdims=True) + epsilon)).astype(x.dtype)
