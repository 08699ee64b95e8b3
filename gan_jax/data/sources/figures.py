"""Figures made by a formula: colour images whose shape, colour, place, size and background are known exactly."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from gan_jax import ranges
from gan_jax.data import figure_drawing
from gan_jax.data.figure_drawing import PARTS, SHAPES
from gan_jax.data.in_memory import InMemory
from gan_jax.names import one_of

SIDES = (16, 128)


class Figures(InMemory):
    """A disc, square, triangle, ring or cross on grey: RGB images, and all that is to be known of them.

    Image i is a function of seed, split and i alone. Shapes are equally likely; all factors are uniform and independent.
    Edges are smooth: a pixel is mixed by how much of it the figure covers.

    Attributes:
        factors: float64 [N] by name, in the ranges of `figure_drawing.FACTORS`: hue (on a circle), x, y, size, background.
        parts: the names of the masks: the shapes, then "background".

    Args:
        split: "train" or "test": other images of the same distribution.
        size: pixels a side, from 16 to 128.
        length: number of images; by default 10,000 to train on and 1,000 to test on. All are in memory.
        seed: another seed gives other images.
    """

    parts = PARTS

    def __init__(self, split: str = "train", size: int = 32, length: int | None = None, seed: int = 0):
        one_of(split, ("train", "test"), "figures: split")
        if isinstance(size, bool) or not isinstance(size, int | np.integer) or not SIDES[0] <= size <= SIDES[1]:
            raise ValueError(f"figures: size is a whole number of pixels from {SIDES[0]} to {SIDES[1]}, not {size!r}")
        length = {"train": 10_000, "test": 1_000}[split] if length is None else length
        ranges.whole("figures: length", length)
        ranges.whole("figures: seed", seed, lowest=0)
        self.size = size
        self._shapes, self.factors = figure_drawing.drawn_factors(seed, split == "test", length)
        images = figure_drawing.painted(self._covered(slice(None)), self.factors)
        name = f"Figures(split={split!r}, size={size}, length={length}, seed={seed})"
        attributes = figure_drawing.attributes_of(self._shapes, self.factors)
        super().__init__(images, self._shapes, SHAPES, name, attributes)

    def part_masks(self, indices: Sequence[int] | np.ndarray | None = None) -> np.ndarray:
        """bool [n, 6, size, size]: where the figure of each shape is, and the background; by default of all images.

        In the order of `parts`: of the shapes, the image's own has the pixels that the figure covers by half or more.
        """
        chosen = slice(None) if indices is None else np.asarray(indices)
        return figure_drawing.masks_of(self._shapes[chosen], self._covered(chosen))

    def fingerprint(self) -> dict[str, str]:
        """Of the formula's settings: another machine may round a pixel otherwise."""
        return {"content": hashlib.sha256(repr(self).encode()).hexdigest()}

    def _covered(self, indices: slice | np.ndarray) -> np.ndarray:
        factors = {name: column[indices] for name, column in self.factors.items()}
        return figure_drawing.coverage(self._shapes[indices], factors, self.size)
