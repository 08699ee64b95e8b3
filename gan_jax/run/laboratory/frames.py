"""A game at one moment as a small picture, drawn pixel by pixel: its points, their density, and D's field."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

from gan_jax.run.laboratory.bench import EDGE, SIDE, Frame

_SCALE, _GAP, _CAPTION = 2, 4, 14
PANEL = SIDE * _SCALE  # pixels
_REAL, _MADE = np.array([150, 150, 150]), np.array([214, 39, 40])


def drawn(frame: Frame, real: np.ndarray) -> np.ndarray:
    """Three panels side by side, uint8 [PANEL + 14, 3 PANEL + 8, 3]: points (grey: real ones), density, D's logits.

    real: points [N, D]. Of a line: a histogram, a smooth density, and the curve of D. D's field is red where it takes
    points to be real, blue where made, from its own median.
    """
    panels = _of_line(frame, real) if real.shape[1] == 1 else _of_plane(frame, real)
    gap = np.full((PANEL, _GAP, 3), 255, np.uint8)
    joined = np.concatenate([part for panel in panels for part in (panel, gap)][:-1], axis=1)
    whole = np.full((PANEL + _CAPTION, joined.shape[1], 3), 255, np.uint8)
    whole[:PANEL] = joined
    image = Image.fromarray(whole)
    ImageDraw.Draw(image).text((2, PANEL + 1), f"round {frame.round:,}", fill=(60, 60, 60))
    return np.asarray(image)


def density(points: np.ndarray, side: int = SIDE) -> np.ndarray:
    """How many points fall in a cell, smoothed: [side, side] with the first axis from below, or of a line [side]."""
    points = points[np.isfinite(points).all(1)]
    edges = np.linspace(-EDGE, EDGE, side + 1)
    counts, _ = np.histogramdd(points[:, ::-1], [edges] * points.shape[1])
    return gaussian_filter(counts, 0.7)


def centred(logits: np.ndarray) -> np.ndarray:
    """D's logits from their median, in the largest usual distance from it: about -1 to 1."""
    away = np.nan_to_num(logits - np.median(logits))
    return away / max(np.quantile(np.abs(away), 0.98), 1e-9)


def _of_plane(frame: Frame, real: np.ndarray) -> list[np.ndarray]:
    points = np.full((PANEL, PANEL, 3), 255, np.uint8)
    _dots(points, real[: len(frame.points)], _REAL)
    _dots(points, frame.points, _MADE)
    cells = np.sqrt(density(frame.points))
    panels = [points, _coloured(cells / max(cells.max(), 1e-9), "magma")]
    if frame.logits is not None:
        field = _coloured(0.5 + 0.5 * centred(frame.logits), "coolwarm")
        _dots(field, frame.points[:300], np.zeros(3))
        panels.append(field)
    return panels


def _of_line(frame: Frame, real: np.ndarray) -> list[np.ndarray]:
    bars, smooth = (np.full((PANEL, PANEL, 3), 255, np.uint8) for _ in range(2))
    counts = [np.histogram(each, PANEL, (-EDGE, EDGE))[0] / len(each) for each in (real, frame.points)]
    highest = max(counts[0].max(), 1e-9)
    for shares, colour in zip(counts, (_REAL, _MADE), strict=True):
        _columns(bars, shares / highest, colour)
    curves = [np.repeat(density(each), _SCALE) / len(each) for each in (real, frame.points)]
    for shares, colour in zip(curves, (_REAL, _MADE), strict=True):
        _curve(smooth, shares / max(curves[0].max(), 1e-9), colour)
    panels = [bars, smooth]
    if frame.logits is not None:
        field = np.full((PANEL, PANEL, 3), 255, np.uint8)
        at = np.linspace(0, len(frame.logits) - 1, PANEL).astype(int)
        _columns(field, 0.3 * counts[0] / highest, _REAL)
        _curve(field, 0.5 + 0.45 * centred(frame.logits)[at], np.array([31, 119, 180]))
        panels.append(field)
    return panels


def _dots(canvas: np.ndarray, points: np.ndarray, colour: np.ndarray) -> None:
    """Marks points [N, 2] by squares of two pixels; what lies outside is not seen."""
    finite = points[np.isfinite(points).all(1)]
    at = np.floor((finite + EDGE) / (2 * EDGE) * PANEL).astype(np.int64)
    at = at[((at >= 0) & (at < PANEL - 1)).all(1)]
    for right in (0, 1):
        for down in (0, 1):
            canvas[PANEL - 1 - at[:, 1] - down, at[:, 0] + right] = colour


def _columns(canvas: np.ndarray, heights: np.ndarray, colour: np.ndarray) -> None:
    """Fills each column of pixels from below, to a share of the panel's height; half transparent."""
    inside = np.arange(PANEL)[::-1, None] < (0.9 * PANEL * np.minimum(heights, 1.0))[None]
    canvas[inside] = (canvas[inside] + colour.astype(int)) // 2


def _curve(canvas: np.ndarray, heights: np.ndarray, colour: np.ndarray) -> None:
    """A line through a height in each column."""
    rows = PANEL - 1 - np.clip(0.9 * heights * (PANEL - 1), 0, PANEL - 2).astype(int)
    for column, (row, before) in enumerate(zip(rows, np.concatenate([rows[:1], rows[:-1]]), strict=True)):
        low, high = sorted((row, before))
        canvas[low : high + 2, column] = colour


def _coloured(values: np.ndarray, name: str) -> np.ndarray:
    """Values from 0 to 1 [side, side], the first axis from below -> uint8 [PANEL, PANEL, 3]."""
    import matplotlib  # imported here: it is slow

    pixels = (matplotlib.colormaps[name](np.clip(values, 0, 1))[::-1, :, :3] * 255).astype(np.uint8)
    return pixels.repeat(_SCALE, 0).repeat(_SCALE, 1)
