"""BigGAN's widths, and what BigGAN and BigGAN-deep decide alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from gan_jax.nn.weights import Initializer, glorot, normal, orthogonal

# By the image's height, in multiples of `ch`: width of the first map, then of each doubling block.
GENERATOR_WIDTHS = {
    32: (4, 4, 4, 4),
    64: (16, 16, 8, 4, 2),
    128: (16, 16, 8, 4, 2, 1),
    256: (16, 16, 8, 8, 4, 2, 1),
    512: (16, 16, 8, 8, 4, 2, 1, 1),
}
# Width of each block, and how many of the first blocks halve the image. At 32 compare_gan has (2, 2, 2, 2) and 3.
DISCRIMINATOR_WIDTHS = {
    32: ((4, 4, 4, 4), 2),
    64: ((1, 2, 4, 8, 16), 4),
    128: ((1, 2, 4, 8, 16, 16), 5),
    256: ((1, 2, 4, 8, 8, 16, 16), 6),
    512: ((1, 1, 2, 4, 8, 8, 16, 16), 7),
}
# Of BigGAN-deep: width of the first convolution, then of each pair of blocks; and how many pairs halve the image.
DEEP_DISCRIMINATOR_WIDTHS = {
    32: ((4, 4, 4, 4), 2),
    64: ((1, 2, 4, 8, 16), 4),
    128: ((1, 2, 4, 8, 16, 16), 5),
    256: ((1, 2, 4, 8, 8, 16, 16), 6),
}
INITIALIZERS = {"orthogonal": orthogonal(), "normal": normal(0.02), "glorot": glorot()}


def multiples_of(ch: int, table: dict[int, Any], height: int) -> tuple[int, ...]:
    """The widths of a table, or of its (widths, halvings), for images of a height. Raises ValueError where it has none."""
    if height not in table:
        raise ValueError(
            f"BigGAN has no widths for images {height} pixels high (it has {', '.join(map(str, table))}): set widths"
        )
    widths = table[height][0] if isinstance(table[height][0], tuple) else table[height]
    return tuple(ch * width for width in widths)


def initializer(name: str) -> Initializer:
    """The initializer of a name. Raises ValueError for one that is not known."""
    if name not in INITIALIZERS:
        raise ValueError(f"initialization is one of {', '.join(INITIALIZERS)}, not {name!r}")
    return INITIALIZERS[name]


def attended(attention: int, heights: Sequence[int]) -> int | None:
    """Which block's map, given their heights, attends to itself: the first that is `attention` high; None for none.

    Raises ValueError where no map is, unless all are smaller: images so small have no attention.
    """
    if attention in heights:
        return heights.index(attention)
    if attention and attention < max(heights):
        listed = ", ".join(map(str, dict.fromkeys(heights)))
        raise ValueError(f"attention={attention}: no block's map is {attention} high; their heights are {listed}")
    return None


def split_latents(latents: jax.Array, parts: int) -> list[jax.Array]:
    """[B, Z] -> `parts` of [B, Z / parts]. Raises ValueError, naming the nearest Z that works, unless they divide it."""
    size = latents.shape[-1]
    if size % parts:
        nearest = max(round(size / parts), 1) * parts
        raise ValueError(
            f"latents of {size} numbers cannot be split into {parts} equal parts, one for the first layer and one for "
            f"each of {parts - 1} blocks: set latents.dim to {nearest}, or generator.hierarchical to False"
        )
    return jnp.split(latents, parts, axis=-1)
