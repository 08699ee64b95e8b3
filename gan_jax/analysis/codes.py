"""Tables of what a generator is told: its class, or its codes, with all else of a row the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.game import Sampler
from gan_jax.latents import Code
from gan_jax.nn.compiling import compiled
from gan_jax.types import Array, Batch

RANGE = 2.0  # a continuous code is drawn from U(-1, 1), and walked from -2 to 2: arXiv:1606.03657, figure 2

_made = compiled(lambda sampler, starts: sampler.synthesize(sampler.map(starts))[0])


def class_grid(sampler: Sampler, key: Array, indices: Sequence[int]) -> tuple[np.ndarray, int]:
    """Images [indices * K, H, W, C], an element's latents a row, a class a column; and K.

    Noise of layers is the row's. Raises ValueError for a generator without classes.
    """
    classes = sampler.num_classes
    if not classes:
        raise ValueError("a table of classes is of class-conditional generators, and this one is unconditional")
    starts = sampler.starts(key, jnp.asarray(indices, jnp.uint32))
    rows = [
        {**_row(starts, row, classes), "label": jnp.arange(classes, dtype=jnp.int32)} for row in range(len(indices))
    ]
    return np.concatenate([np.asarray(_made(sampler, each)) for each in rows]), classes


def code_grid(sampler: Any, key: Array, indices: Sequence[int], steps: int) -> tuple[np.ndarray, int]:
    """Images [codes * indices * columns, H, W, C], and how many columns: a band of rows for each code, an element's latents a
    row; across, the values of a categorical code, or a continuous one from -2 to 2.

    steps: of a continuous code; at least as many as the largest categorical code has values. Where a code has fewer values,
    what is left of its rows is empty: -1. Raises ValueError for a generator whose latents have no codes.
    """
    codes = getattr(getattr(sampler, "latents", None), "codes", ())
    if not codes:
        raise ValueError(
            "a table of codes is of generators with codes among their latents (InfoGAN): this one has none"
        )
    columns = max(steps, *(code.size for code in codes))
    starts = sampler.starts(key, jnp.asarray(indices, jnp.uint32))
    table = []
    for code in codes:
        for row in range(len(indices)):
            told = _row(starts, row, columns)
            made = np.array(_made(sampler, {**told, "z": with_code(told["z"], code)}))
            if code.is_categorical:
                made[code.size :] = -1.0
            table.append(made)
    return np.concatenate(table), columns


def with_code(z: Array, code: Code) -> Array:
    """z [n, Z], whose code runs over its values: one-hot 0, 1, ... (and 0 beyond the last), or from -2 to 2."""
    n = len(z)
    values = jnp.eye(n, code.size) if code.is_categorical else jnp.linspace(-RANGE, RANGE, n).reshape(n, 1)
    return z.at[:, code.start : code.start + code.size].set(values.astype(z.dtype))


def _row(starts: Batch, row: int, n: int) -> dict[str, Array]:
    """One element's starts, n times."""
    again = lambda leaf: jnp.broadcast_to(leaf[row : row + 1], (n, *leaf.shape[1:]))
    is_key = lambda leaf: jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    return {name: again(jax.random.clone(leaf) if is_key(leaf) else leaf) for name, leaf in starts.items()}
