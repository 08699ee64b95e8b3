"""Drawn patterns in random colours, made as they are asked for: styles to paint with, and textures to tell apart."""

from __future__ import annotations

import colorsys
from collections.abc import Callable

import numpy as np

from gan_jax import ranges
from gan_jax.data.source import Element
from gan_jax.names import one_of

KINDS = ("stripes", "waves", "checks", "dots", "rings", "cells", "clouds", "strokes")
_FINE = 2  # pixels are drawn at twice the size, and their means taken


class Patterns:
    """RGB patterns of eight kinds, each in a palette of three or four colours, turned and scaled at random.

    Pattern i is a function of the seed, the split and i alone. Its label is its kind: kinds take turns. No pictures ship for
    it: all is drawn by this file.

    Args:
        split: "train" or "test": other patterns of the same kinds.
        length: number of patterns.
        size: their side in pixels; the motifs grow with it.
        seed: another seed gives other patterns.
    """

    def __init__(self, split: str = "train", length: int = 10_000, size: int = 64, seed: int = 0):
        one_of(split, ("train", "test"), "patterns: split")
        ranges.whole("patterns: length", length)
        ranges.whole("patterns: size", size, lowest=8)
        ranges.whole("patterns: seed", seed, lowest=0)
        self.keys, self.classes = ("image", "label"), KINDS
        self._length, self._size, self._stream = length, size, (seed, int(split == "test"))
        self._name = f"Patterns(split={split!r}, length={length}, size={size}, seed={seed})"

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> Element:
        if not 0 <= index < self._length:
            raise IndexError(f"patterns: there are {self._length}, and {index} is not among them.")
        rng = np.random.default_rng([*self._stream, int(index)])
        kind = int(index) % len(KINDS)
        y, x = (np.indices((_FINE * self._size,) * 2) + 0.5) / (_FINE * self._size)  # [2n, 2n], from 0 to 1
        colours = _DRAWN[KINDS[kind]](x, y, _palette(rng), rng)  # [2n, 2n, 3] from 0 to 1
        cells = colours.reshape(self._size, _FINE, self._size, _FINE, 3).mean((1, 3))
        return {"image": np.round(255 * np.clip(cells, 0, 1)).astype(np.uint8), "label": kind}

    def __repr__(self) -> str:
        return self._name

    def sizes_of(self, index: int) -> dict[str, tuple[int, ...]]:
        return {"image": (self._size, self._size, 3)}

    def labels(self) -> np.ndarray:
        return (np.arange(self._length) % len(KINDS)).astype(np.int32)


def _palette(rng: np.random.Generator) -> np.ndarray:
    """[k, 3] from 0 to 1: dark, light and one or two between, of hues that lie apart."""
    count, hue = int(rng.integers(3, 5)), rng.random()
    hues = hue + rng.choice([0.08, 0.33, 0.5]) * np.arange(count) + rng.normal(0, 0.03, count)
    values = rng.permutation(np.linspace(rng.uniform(0.1, 0.4), rng.uniform(0.85, 1), count))
    return np.array([colorsys.hsv_to_rgb(h % 1, rng.uniform(0.3, 1), v) for h, v in zip(hues, values, strict=True)])


def _turned(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    angle, shift = rng.uniform(0, 2 * np.pi), rng.random(2)
    return np.cos(angle) * x + np.sin(angle) * y + shift[0], np.cos(angle) * y - np.sin(angle) * x + shift[1]


def _steps(t: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Bands of the palette's colours, one period of t [h, w] after the other."""
    return palette[np.floor(len(palette) * (t % 1)).astype(int) % len(palette)]


def _stripes(x, y, palette, rng):
    u, _ = _turned(x, y, rng)
    return _steps(rng.uniform(2, 6) * u, palette)


def _waves(x, y, palette, rng):
    u, v = _turned(x, y, rng)
    bent = u + rng.uniform(0.04, 0.12) * np.sin(2 * np.pi * rng.uniform(1, 4) * v)
    return _steps(rng.uniform(2, 6) * bent, palette)


def _checks(x, y, palette, rng):
    u, v = _turned(x, y, rng)
    often = rng.uniform(3, 9)
    return palette[(np.floor(often * u) + np.floor(often * v)).astype(int) % 2]


def _dots(x, y, palette, rng):
    often = rng.uniform(3, 9)
    u, v = (often * each for each in _turned(x, y, rng))
    inside = np.hypot(u % 1 - 0.5, v % 1 - 0.5) < rng.uniform(0.2, 0.45)
    colour = 1 + (np.floor(u) + np.floor(v)).astype(int) % (len(palette) - 1)
    return palette[np.where(inside, colour, 0)]


def _rings(x, y, palette, rng):
    centre = rng.uniform(-0.2, 1.2, 2)
    return _steps(rng.uniform(2, 6) * np.hypot(x - centre[0], y - centre[1]), palette)


def _cells(x, y, palette, rng):
    points = rng.random((int(rng.integers(12, 60)), 2))
    # The nearest point is the one of the largest p . q - |q|^2 / 2.
    near = (
        np.stack([x, y], -1).astype(np.float32) @ points.T.astype(np.float32) - (points**2).sum(1, dtype=np.float32) / 2
    )
    return palette[rng.integers(len(palette), size=len(points))[near.argmax(-1)]]


def _clouds(x, y, palette, rng):
    """Noise of several scales, each half as strong as the coarser one, between the palette's colours."""
    t, often = np.zeros_like(x), int(rng.integers(2, 5))
    for octave in range(4):
        side = often * 2**octave
        grid = rng.random((side + 1, side + 1))
        at = [np.minimum(side * each, side - 1e-6) for each in (y, x)]
        i, j = (each.astype(int) for each in at)
        a, b = ((3 - 2 * f) * f * f for f in (at[0] - i, at[1] - j))  # smooth weights between the grid's points
        rows = [(1 - b) * grid[i + k, j] + b * grid[i + k, j + 1] for k in (0, 1)]
        t += ((1 - a) * rows[0] + a * rows[1]) / 2**octave
    place = (t - t.min()) / max(np.ptp(t), 1e-9) * (len(palette) - 1)
    low = np.minimum(place.astype(int), len(palette) - 2)
    share = (place - low)[..., None]
    return (1 - share) * palette[low] + share * palette[low + 1]


def _strokes(x, y, palette, rng):
    """Short lines with round ends, one over the other, about one direction."""
    drawn = np.broadcast_to(palette[0], (*x.shape, 3)).copy()
    angle, length, width = rng.uniform(0, np.pi), rng.uniform(0.08, 0.25), rng.uniform(0.015, 0.05)
    far = length / 2 + width
    for place in rng.random((60, 2)):
        turn = angle + rng.normal(0, 0.3)
        shade = palette[rng.integers(len(palette))] * rng.uniform(0.8, 1.1)
        low, high = (np.clip((place + reach) * len(x), 0, len(x)).astype(int) for reach in (-far, far))
        part = slice(low[1], high[1] + 1), slice(low[0], high[0] + 1)  # no further does a stroke reach
        right, down = x[part] - place[0], y[part] - place[1]
        beyond = np.maximum(np.abs(np.cos(turn) * right + np.sin(turn) * down) - length / 2, 0)
        across = np.cos(turn) * down - np.sin(turn) * right
        drawn[part][beyond**2 + across**2 < width**2] = shade
    return drawn


_DRAWN: dict[str, Callable] = {
    "stripes": _stripes,
    "waves": _waves,
    "checks": _checks,
    "dots": _dots,
    "rings": _rings,
    "cells": _cells,
    "clouds": _clouds,
    "strokes": _strokes,
}
