"""BigGAN's and BigGAN-deep's widths, and the sizes that follow from them and from a network's settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from gan_jax.architectures.parts.stem import base_size

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


def multiples_of(ch: int, table: dict[int, Any], height: int) -> tuple[int, ...]:
    """The widths of a table, or of its (widths, halvings), for images of a height. Raises ValueError where it has none."""
    if height not in table:
        raise ValueError(
            f"BigGAN has no widths for images {height} pixels high (it has {', '.join(map(str, table))}): set widths"
        )
    widths = table[height][0] if isinstance(table[height][0], tuple) else table[height]
    return tuple(ch * width for width in widths)


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


class GeneratorSizes(NamedTuple):
    """The first map's height, width and channels; each doubling's channels; which doubling's map attends (None: none)."""

    base: tuple[int, int]
    first: int
    widths: tuple[int, ...]
    attending: int | None


def generator_sizes(image_shape: tuple[int, ...], ch: int, widths: tuple[int, ...], attention: int) -> GeneratorSizes:
    """From a generator's settings; widths (): the table's. Raises ValueError for sizes that do not fit together."""
    first, *doublings = widths or multiples_of(ch, GENERATOR_WIDTHS, image_shape[0])
    base = base_size(image_shape, len(doublings))
    heights = [base[0] * 2 ** (i + 1) for i in range(len(doublings))]
    return GeneratorSizes(base, first, tuple(doublings), attended(attention, heights))


class DiscriminatorSizes(NamedTuple):
    """Widths, how many of the first blocks (or pairs of blocks) halve the image, and after which the maps attend."""

    widths: tuple[int, ...]
    halvings: int
    attending: tuple[int, ...]


def discriminator_sizes(
    image_shape: tuple[int, ...],
    ch: int,
    widths: tuple[int, ...],
    halvings: int | None,
    attention: int,
    attention_blocks: tuple[int, ...],
    table: dict[int, Any],
    before: int = 0,
) -> DiscriminatorSizes:
    """From a discriminator's settings; widths (): the table's, by which halvings is known too.

    attention_blocks: which blocks' maps attend, by number, in place of the one that is `attention` high; (): that one.
    before: how many of the widths are of layers in front of the blocks. Raises ValueError for sizes that do not fit
    together.
    """
    height = image_shape[0]
    if not widths:
        widths = multiples_of(ch, table, height)
        halvings = table[height][1] if halvings is None else halvings
    if halvings is None:
        raise ValueError(
            "set halvings, the number of blocks (in BigGAN-deep, of pairs) that halve, together with widths"
        )
    base_size(image_shape, halvings)
    heights = [height >> min(i + 1, halvings) for i in range(len(widths) - before)]
    if wrong := [block for block in attention_blocks if block >= len(heights)]:
        raise ValueError(f"attention_blocks names block {wrong[0]}, and there are {len(heights)}, from 0 on")
    first = attended(attention, heights) if not attention_blocks else None
    return DiscriminatorSizes(widths, halvings, attention_blocks if first is None else (first,))


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
