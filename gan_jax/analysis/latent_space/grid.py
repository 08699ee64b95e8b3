"""All that lies between four latents."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.analysis.walks import places
from gan_jax.game import Sampler
from gan_jax.nn.compiling import compiled
from gan_jax.nn.sphere import slerp
from gan_jax.types import Array, Batch


def corner_grid(
    sampler: Sampler, key: Array, corners: tuple[int, int, int, int], side: int, space: str | None = None
) -> np.ndarray:
    """Images [side * side, H, W, C], row by row; in the corners the elements top left, top right, bottom left, bottom right.

    space: z goes along the sphere, across and then down; w straight on. None: w where there is one. Label and noise are those
    of the first corner. Raises ValueError for a side below 2, and a space that there is not.
    """
    if len(corners) != 4 or side < 2:
        raise ValueError(f"a grid lies between 4 corners, 2 images or more a side; got {len(corners)} and {side}")
    space, codes = places(sampler, key, jnp.asarray(corners, jnp.uint32), space)

    def row(sampler: Any, codes: Batch, down: Array) -> Array:
        between = _between(space)
        across = jnp.linspace(0.0, 1.0, side)
        ends = codes[space]
        wide = lambda i: jnp.broadcast_to(ends[i], (side, *ends.shape[1:]))
        top, bottom = between(wide(0), wide(1), across), between(wide(2), wide(3), across)
        here = between(top, bottom, jnp.broadcast_to(down, (side,)))
        whole = {name: jnp.repeat(leaf[:1], side, 0) for name, leaf in codes.items()}
        if space == "z":
            whole.pop("w", None)
            return sampler.synthesize(sampler.map({**whole, "z": here}))[0]
        return sampler.synthesize({**whole, "w": here})[0]

    row = compiled(row)
    with jax.debug_key_reuse(False):
        return np.concatenate([np.asarray(row(sampler, codes, t)) for t in np.linspace(0, 1, side, dtype=np.float32)])


def _between(space: str) -> Any:
    def straight(a: Array, b: Array, t: Array) -> Array:
        t = t.reshape(-1, *(1,) * (a.ndim - 1))
        return (1 - t) * a + t * b

    return slerp if space == "z" else straight


def steps_of(images: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Root mean squared differences of neighbours across [side, side - 1] and down [side - 1, side], of a grid's images."""
    grid = np.asarray(images, np.float64).reshape(side, side, -1)
    apart = lambda axis: np.sqrt(np.mean(np.square(np.diff(grid, axis=axis)), -1))
    return apart(1), apart(0)
