"""Mixtures of Gaussians in the plane, whose modes are known: the classic test for mode collapse."""

from __future__ import annotations

import numpy as np

from gan_jax import ranges
from gan_jax.data.in_memory import InMemory
from gan_jax.names import one_of

_NAMES = ("ring", "grid")


class Toys(InMemory):
    """2D points: `ring` of 8 Gaussians, or `grid` of 25. The defaults are those of PacGAN, arXiv:1712.04086.

    Attributes:
        modes: float32 [K, 2], the centres. A point's label is the number of its mode.
        std: standard deviation of each Gaussian, in the units of the points.

    Args:
        name: "ring" or "grid".
        split: "train" or "test": other points of the same mixture.
        scale: the ring's radius (1), or half the grid's side (4).
        std: standard deviation of each mode: 0.01 on the ring, 0.05 on the grid.
        length: number of points.
        seed: another seed gives other points.
    """

    def __init__(
        self,
        name: str = "ring",
        split: str = "train",
        scale: float | None = None,
        std: float | None = None,
        length: int = 100_000,
        seed: int = 0,
    ):
        one_of(name, _NAMES, "toys: name")
        one_of(split, ("train", "test"), "toys: split")
        ranges.whole("toys: length", length)
        ring = name == "ring"
        scale = (1.0 if ring else 4.0) if scale is None else scale
        self.std = (0.01 if ring else 0.05) if std is None else std
        ranges.positive("toys: scale", scale)
        ranges.not_negative("toys: std", self.std)
        if ring:
            angles = 2 * np.pi * np.arange(8) / 8
            modes = scale * np.stack([np.cos(angles), np.sin(angles)], axis=1)  # [8, 2]
        else:
            axis = scale * np.linspace(-1, 1, 5)
            modes = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)  # [25, 2]
        self.modes = modes.astype(np.float32)
        rng = np.random.default_rng([seed, split == "test"])
        labels = rng.integers(len(modes), size=length)
        points = (modes[labels] + self.std * rng.standard_normal((length, 2))).astype(np.float32)
        names = [f"mode {mode}" for mode in range(len(modes))]
        told = f"Toys({name!r}, split={split!r}, scale={scale}, std={self.std}, length={length}, seed={seed})"
        super().__init__(points, labels, names, told)
