"""Points whose distribution is known, in the plane or on a line: the classic tests for mode collapse."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gan_jax import ranges
from gan_jax.data.in_memory import InMemory
from gan_jax.names import one_of


class Toy(NamedTuple):
    """A toy, and the scale and the standard deviation that it has where nothing else is said."""

    dimensions: int
    scale: float
    std: float


TOYS = {
    "ring": Toy(2, 1.0, 0.01),
    "grid": Toy(2, 4.0, 0.05),
    "swiss_roll": Toy(2, 2.0, 0.035),
    "line": Toy(1, 2.0, 0.05),
}
_PIECES = 200  # of the swiss roll
_TURNS = (1.5 * np.pi, 4.5 * np.pi)  # its angles


class Toys(InMemory):
    """Points: a `ring` of 8 Gaussians, a `grid` of 25, a `line` of 5, or a `swiss_roll`.

    Ring and grid have PacGAN's defaults, arXiv:1712.04086. The roll is a spiral of one turn and a half, as in WGAN-GP's
    toys: its angle is uniform, and noise is added; its modes are 200 equally likely pieces.

    Attributes:
        modes: float32 [K, D], the centres, all equally likely. A point's label is the number of its mode.
        std: standard deviation of each Gaussian, or of the noise around the spiral, in the units of the points.

    Args:
        name: "ring", "grid", "swiss_roll" (points [2]) or "line" (points [1]).
        split: "train" or "test": other points of the same distribution.
        scale: the ring's radius (1), half the grid's side (4), half the line's length (2), the spiral's outer radius (2).
        std: 0.01 on the ring, 0.05 on grid and line, 0.035 around the spiral.
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
        one_of(name, TOYS, "toys: name")
        one_of(split, ("train", "test"), "toys: split")
        ranges.whole("toys: length", length)
        scale = TOYS[name].scale if scale is None else scale
        self.std = TOYS[name].std if std is None else std
        ranges.positive("toys: scale", scale)
        ranges.not_negative("toys: std", self.std)
        rng = np.random.default_rng([seed, split == "test"])
        modes = _modes(name, scale)
        self.modes = modes.astype(np.float32)
        labels = rng.integers(len(modes), size=length)
        noise = self.std * rng.standard_normal((length, TOYS[name].dimensions))
        if name == "swiss_roll":
            centres = _spiral((labels + rng.random(length)) / _PIECES, scale)
        else:
            centres = modes[labels]
        names = [f"mode {mode}" for mode in range(len(modes))]
        told = f"Toys({name!r}, split={split!r}, scale={scale}, std={self.std}, length={length}, seed={seed})"
        super().__init__((centres + noise).astype(np.float32), labels, names, told)


def _modes(name: str, scale: float) -> np.ndarray:
    """Centres [K, D]."""
    axis = scale * np.linspace(-1, 1, 5)
    if name == "ring":
        angles = 2 * np.pi * np.arange(8) / 8
        return scale * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    if name == "grid":
        return np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    if name == "line":
        return axis[:, None]
    return _spiral((np.arange(_PIECES) + 0.5) / _PIECES, scale)


def _spiral(along: np.ndarray, scale: float) -> np.ndarray:
    """From 0 to 1, [n] -> points of the spiral [n, 2]; its radius grows with its angle, to `scale`."""
    first, last = _TURNS
    angle = first + (last - first) * along
    radius = scale * angle / last
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
