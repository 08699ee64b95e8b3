"""Numbers of a run's rounds over its steps, as a picture: for games and configs that say which of theirs tell a story."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from gan_jax.runtime.writers.images import canvas, save_figure

_POINTS = 50  # of a curve, each the mean over as many lines: a round's own number may be noise


def draw_numbers(metrics: Path, panels: Mapping[str, Sequence[str]], path: Path) -> None:
    """A panel for each title, with a line for each of its metrics, of all lines of a metrics.jsonl that hold one.

    Every point is the mean over a fiftieth of the lines. Numbers that are not finite are left out. Nothing is drawn where
    there is no line. The picture appears whole or not at all.
    """
    entries = []
    for line in metrics.read_text(encoding="utf-8").splitlines() if metrics.exists() else ():
        with contextlib.suppress(json.JSONDecodeError):  # torn by a full disk
            entries.append(json.loads(line))
    curves = {title: {name: _curve(entries, name) for name in names} for title, names in panels.items()}
    if not any(len(steps) for lines in curves.values() for steps, _ in lines.values()):
        return
    figure, places = canvas(len(curves))
    for axes, (title, lines) in zip(places, curves.items(), strict=True):
        for name, (steps, values) in lines.items():
            axes.plot(steps, values, label=name, linewidth=1, marker="." if len(steps) == 1 else None)
        axes.set(title=title, xlabel="step")
        axes.grid(alpha=0.3)
        axes.legend(fontsize="x-small")
    save_figure(path, figure, parents=False)


def _curve(entries: Sequence[Mapping[str, float]], name: str) -> tuple[np.ndarray, np.ndarray]:
    """(steps, values), each [n]: means over consecutive lines, n at most twice `_POINTS`."""
    found = np.array([(entry["step"], float(entry[name])) for entry in entries if name in entry], np.float64).reshape(
        -1, 2
    )
    found = found[np.isfinite(found[:, 1])]
    together = max(len(found) // _POINTS, 1)
    whole = found[len(found) % together :].reshape(-1, together, 2)  # the first few are left out, never the last
    return whole[:, -1, 0], whole[:, :, 1].mean(1)
