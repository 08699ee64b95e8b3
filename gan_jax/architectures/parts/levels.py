"""The sizes of networks that grow: level 0 is the base, and every level doubles the one before."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from gan_jax import ranges

_CELLS = 4  # the side of level 0 in the papers, by whose multiples widths are given


@dataclasses.dataclass(frozen=True)
class Levels:
    """Levels from `base` (h, w) to an image's (H, W), and their widths.

    The width of a level is channel_base / r, at most channel_max, where r = 4 * 2^level: in the papers, the image's side.
    Raises ValueError for an image that is not the base times a power of two.
    """

    image_shape: tuple[int, ...]
    base: tuple[int, int]
    channel_base: int
    channel_max: int

    def __post_init__(self):
        base = tuple(self.base)
        ranges.wholes("base", base)
        if len(base) != 2:
            raise ValueError(f"base is a height and a width, such as (4, 4), not {self.base!r}")
        ranges.whole("channel_base", self.channel_base)
        ranges.whole("channel_max", self.channel_max)
        object.__setattr__(self, "base", base)
        self.level_of(self.image_shape)

    def level_of(self, shape: Sequence[int]) -> int:
        """The level of images (H, W, C). Raises ValueError where there is no such level."""
        height, width = shape[:2]
        factor = height // self.base[0]
        doubled = factor & (factor - 1) == 0
        if factor < 1 or not doubled or (height, width) != (factor * self.base[0], factor * self.base[1]):
            sizes = ", ".join(f"{self.base[0] << k} x {self.base[1] << k}" for k in range(5))
            raise ValueError(f"images of {height} x {width} do not grow from {self.base}: sizes are {sizes}, ...")
        return factor.bit_length() - 1

    @property
    def last(self) -> int:
        """The level of the finished image."""
        return self.level_of(self.image_shape)

    def width(self, level: int) -> int:
        """Channels of a level's maps."""
        return max(min(self.channel_base // (_CELLS << level), self.channel_max), 1)

    def made(self, module: Any, top: int) -> range:
        """The levels whose layers a module makes: all where it is initialised, so that they exist from the start."""
        return range(self.last + 1) if module.is_initializing() else range(top + 1)
