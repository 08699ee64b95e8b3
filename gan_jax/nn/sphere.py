"""Along the sphere from one vector to another."""

from __future__ import annotations

import jax.numpy as jnp

from gan_jax.types import Array


def slerp(a: Array, b: Array, t: Array) -> Array:
    """Between latents a and b [..., Z] along the sphere, t [...] from 0 to 1: direction and length each change evenly.

    Where the two point the same way, or straight apart, it is the straight line.
    """
    length = lambda x: jnp.sqrt(jnp.sum(jnp.square(x), -1, keepdims=True))
    t = t[..., None]
    unit_a, unit_b = a / length(a), b / length(b)
    cosine = jnp.sum(unit_a * unit_b, -1, keepdims=True)
    angle = jnp.arccos(jnp.clip(cosine, -1.0, 1.0))
    straight = jnp.abs(cosine) > 1 - 1e-6
    sine = jnp.where(straight, 1.0, jnp.sin(angle))
    between = (jnp.sin((1 - t) * angle) * unit_a + jnp.sin(t * angle) * unit_b) / sine
    between = between * ((1 - t) * length(a) + t * length(b))
    return jnp.where(straight, (1 - t) * a + t * b, between)
