"""Figures by formula: five shapes of one area each, laid on grey. What they look like follows from a few numbers alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

SHAPES = ("disc", "square", "triangle", "ring", "cross")
FACTORS = {  # and the range that each is drawn from, uniformly
    "hue": (0.0, 1.0),  # on a circle: 0 red, 1/3 green, 2/3 blue
    "x": (0.31, 0.69),  # of the figure's barycentre, in sides of the image from its left edge
    "y": (0.31, 0.69),  # from its upper edge
    "size": (0.2, 0.34),  # the square root of the figure's area, in sides of the image, whatever the shape
    "background": (0.1, 0.9),  # grey, from black 0 to white 1
}
ATTRIBUTES = (*SHAPES, "right", "low", "large", "bright", "warm")
PARTS = (*SHAPES, "background")
_STRIPS = 16  # a pixel is cut into so many, each covered exactly from left to right
_AT_ONCE = 128

# Of figures of area 1 around their barycentre, v pointing down.
_DISC = 1 / np.sqrt(np.pi)
_RING = np.sqrt(4 / (3 * np.pi))  # its hole has half the radius
_HEIGHT = 3**0.25  # of the triangle, whose sides are 2 / 3 ** 0.25
_ARM = 1 / np.sqrt(5)  # of five squares, the cross


def drawn_factors(seed: int, test: bool, length: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """(Shapes int32 [length], factors float64 [length] by name) of images 0, 1, ...: of seed, split and number alone."""
    shapes, rows = np.empty(length, np.int32), np.empty((length, len(FACTORS)))
    for index in range(length):
        rng = np.random.default_rng([seed, test, index])
        shapes[index], rows[index] = rng.integers(len(SHAPES)), rng.random(len(FACTORS))
    low, high = np.array(list(FACTORS.values())).T
    return shapes, dict(zip(FACTORS, (low + (high - low) * rows).T, strict=True))


def coverage(shapes: np.ndarray, factors: Mapping[str, np.ndarray], side: int) -> np.ndarray:
    """How much of each pixel the figure covers, from 0 to 1: float32 [n, side, side]. shapes int [n], factors [n] each."""
    parts = []
    for first in range(0, len(shapes), _AT_ONCE):
        chunk = slice(first, first + _AT_ONCE)
        parts.append(_coverage(shapes[chunk], {name: column[chunk] for name, column in factors.items()}, side))
    return np.concatenate(parts) if parts else np.zeros((0, side, side), np.float32)


def colours(hue: np.ndarray) -> np.ndarray:
    """RGB from 0 to 1 on a circle around middle grey, as far from any grey whatever the hue: [n] -> [n, 3]."""
    return 0.5 + 0.5 * np.cos(2 * np.pi * (hue[:, None] - np.arange(3) / 3))


def painted(covered: np.ndarray, factors: Mapping[str, np.ndarray]) -> np.ndarray:
    """Images uint8 [n, side, side, 3] of figures that cover so much of each pixel."""
    ground = factors["background"].reshape(-1, 1, 1, 1).astype(np.float32)
    colour = colours(factors["hue"]).reshape(-1, 1, 1, 3).astype(np.float32)
    return np.concatenate(
        [
            np.round(255 * (ground[part] + covered[part, ..., None] * (colour[part] - ground[part]))).astype(np.uint8)
            for part in (slice(first, first + _AT_ONCE) for first in range(0, len(covered), _AT_ONCE))
        ]
    )


def attributes_of(shapes: np.ndarray, factors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """By name, bool [n]: which shape it is, and whether a factor is above the middle of its range.

    `warm` hues are nearer to red than to cyan.
    """
    above = lambda name: factors[name] > sum(FACTORS[name]) / 2
    halves = {"right": above("x"), "low": above("y"), "large": above("size"), "bright": above("background")}
    warm = np.cos(2 * np.pi * factors["hue"]) > 0
    return {**{name: shapes == number for number, name in enumerate(SHAPES)}, **halves, "warm": warm}


def masks_of(shapes: np.ndarray, covered: np.ndarray) -> np.ndarray:
    """bool [n, 6, side, side] in the order of PARTS: pixels that the figure covers by half or more, and all others."""
    figure = covered >= 0.5
    of_shapes = [figure & (shapes == number)[:, None, None] for number in range(len(SHAPES))]
    return np.stack([*of_shapes, ~figure], axis=1)


def _coverage(shapes: np.ndarray, factors: Mapping[str, np.ndarray], side: int) -> np.ndarray:
    x, y, size = (side * factors[name].reshape(-1, 1) for name in ("x", "y", "size"))  # in pixels
    v = ((np.arange(side * _STRIPS) + 0.5) / _STRIPS - y) / size  # [n, strips]
    widths = size * np.choose(shapes[:, None], _half_widths(v))
    covered = _overlap(x, widths, side)
    if (rings := shapes == SHAPES.index("ring")).any():
        covered[rings] -= _overlap(x[rings], size[rings] * _circle(v[rings], _RING / 2), side)
    return covered.reshape(len(x), side, _STRIPS, side).mean(2)


def _half_widths(v: np.ndarray) -> tuple[np.ndarray, ...]:
    """How far the outline of each shape reaches to either side at height v."""
    level = np.abs(v)
    square = np.where(level <= 0.5, 0.5, 0.0)
    triangle = np.where((v >= -2 / 3 * _HEIGHT) & (v <= _HEIGHT / 3), (v + 2 / 3 * _HEIGHT) / np.sqrt(3), 0.0)
    cross = np.where(level <= _ARM / 2, 1.5 * _ARM, np.where(level <= 1.5 * _ARM, 0.5 * _ARM, 0.0))
    return _circle(v, _DISC), square, triangle, _circle(v, _RING), cross


def _circle(v: np.ndarray, radius: float) -> np.ndarray:
    return np.sqrt(np.maximum(radius**2 - v**2, 0))


def _overlap(x: np.ndarray, widths: np.ndarray, side: int) -> np.ndarray:
    """How much of each pixel lies between x - width and x + width: [n, 1], [n, strips] -> float32 [n, strips, side]."""
    left, right = (np.float32(x + sign * widths)[..., None] for sign in (-1, 1))
    column = np.arange(side, dtype=np.float32)
    return np.maximum(np.minimum(right, column + 1) - np.maximum(left, column), 0)
