"""Style mixing and truncation as pictures (Karras et al., arXiv:1812.04948, figures 3 and 8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from gan_jax.game import Sampler
from gan_jax.nn.compiling import compiled
from gan_jax.types import Array, Batch

COARSE, MIDDLE = 4, 8  # layers below which styles are coarse and middle, as the paper's figure has it for 18 layers

_made = compiled(lambda sampler, codes: sampler.synthesize(codes)[0])


def layers_of(which: str, layers: int) -> tuple[int, int]:
    """The first layer, and the one after the last, of "coarse", "middle", "fine", "all" or "3:7" (3, 4, 5 and 6).

    Raises ValueError for layers that there are not.
    """
    named = {"coarse": (0, COARSE), "middle": (COARSE, MIDDLE), "fine": (MIDDLE, layers), "all": (0, layers)}
    try:
        first, after = named[which] if which in named else map(int, which.split(":"))
    except ValueError:
        raise ValueError(f"layers are {', '.join(named)} or such as 3:7, not {which!r}") from None
    after = min(after, layers) if which in named else after
    if which in named and first >= after:
        raise ValueError(
            f"this generator has layers 0 to {layers - 1}, and {which} ones begin at {first}: take coarse, all, or such as"
            f" {layers // 2}:{layers}"
        )
    if first >= after:
        raise ValueError(f"layers such as 3:7 are those from 3 to 6; {which!r} names none")
    if not 0 <= first < after <= layers:
        raise ValueError(f"this generator has layers 0 to {layers - 1}; {which!r} are {first} to {after - 1}")
    return first, after


def mixed(codes: Batch, other: Batch, first: int, after: int) -> Batch:
    """codes, of which layers first .. after - 1 are those of `other`. "w" [n, layers, W] of both."""
    if "w" not in codes:
        raise ValueError("styles are mixed layer by layer: this generator has no codes w for each layer")
    layer = jnp.arange(codes["w"].shape[1])
    from_other = ((layer >= first) & (layer < after)).reshape(1, -1, 1)
    return {**codes, "w": jnp.where(from_other, other["w"], codes["w"])}


def mixing_grid(sampler: Sampler, key: Array, rows: Sequence[int], columns: Sequence[int], which: str) -> np.ndarray:
    """Images [(rows + 1) * (columns + 1), H, W, C] of a table: sources in the first column and row, mixtures between.

    rows, columns: indices of the elements of `key`'s sample. Image (r, c) is row r's, with the styles `which` (see
    `layers_of`) of column c. Its noise is row r's. The corner is empty: -1 everywhere.
    """
    codes_of = lambda indices: sampler.map(sampler.starts(key, jnp.asarray(indices, jnp.uint32)))
    down, across = codes_of(rows), codes_of(columns)
    if "w" not in down:
        raise ValueError("styles are mixed layer by layer: this generator has no codes w for each layer")
    first, after = layers_of(which, down["w"].shape[1])
    of_rows, of_columns = np.asarray(_made(sampler, down)), np.asarray(_made(sampler, across))
    table = [np.full_like(of_columns[:1], -1.0), of_columns]
    for r in range(len(rows)):
        row = {name: jnp.repeat(leaf[r : r + 1], len(columns), 0) for name, leaf in down.items()}
        table += [of_rows[r : r + 1], np.asarray(_made(sampler, mixed(row, across, first, after)))]
    return np.concatenate(table)


def truncation_grid(
    truncate: Any, sampler: Sampler, key: Array, indices: Sequence[int], amounts: Sequence[float]
) -> np.ndarray:
    """Images [indices * amounts, H, W, C]: an element a row, truncate(sampler, amount) a column."""
    drawn = []
    for amount in amounts:
        truncated = truncate(sampler, amount)
        codes = truncated.map(truncated.starts(key, jnp.asarray(indices, jnp.uint32)))
        drawn.append(np.asarray(_made(truncated, codes)))
    return np.stack(drawn, 1).reshape(-1, *drawn[0].shape[1:])
