"""Images continued beyond their edge by their own reflection."""

from __future__ import annotations

import jax
import jax.numpy as jnp


def reflect(x: jax.Array, margin: int) -> jax.Array:
    """x [B, *space, C] with `margin` pixels more on every side, mirrored at the outermost pixels, which are not repeated.

    Raises ValueError where a side has no more pixels than the margin.
    """
    if min(x.shape[1:-1]) <= margin:
        raise ValueError(f"a reflection of {margin} pixels needs more of them along each side than {x.shape} has")
    return jnp.pad(x, ((0, 0), *[(margin, margin)] * (x.ndim - 2), (0, 0)), mode="reflect")
