"""Scores over the steps of a run, and numbers of its metrics, as a picture."""

from __future__ import annotations

import contextlib
import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gan_jax.evaluators.score import Score
from gan_jax.runtime.writers.images import canvas, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = [f"C{i}" for i in range(10)] + ["black", "gold", "navy", "teal", "salmon"]


Curve = tuple[Sequence[float], Sequence[float]]  # steps, and values


def draw_curves(scores: Sequence[Score], path: Path, metrics: Mapping[str, Curve] | None = None) -> None:
    """One panel for each recipe, a line for each of its numbers and protocols, with its spread; of all steps there are.

    Scores without a step are left out. metrics: by name, numbers of training, a panel each, with a smoothed line.
    The picture appears whole or not at all.
    """
    metrics = {name: curve for name, curve in (metrics or {}).items() if len(curve[0])}
    panels: dict[str, dict[str, list[Score]]] = defaultdict(lambda: defaultdict(list))
    for score in scores:
        if score.step is not None and math.isfinite(score.value):
            panels[score.recipe][_line(score, scores)].append(score)
    if not panels and not metrics:
        return
    figure, places = canvas(len(panels) + len(metrics))
    for axes, (name, curve) in zip(places[len(panels) :], metrics.items(), strict=True):
        _draw_metric(axes, name, curve)
    for axes, (recipe, lines) in zip(places[: len(panels)], sorted(panels.items()), strict=True):
        colours: dict[str, str] = {}  # what is of the data has that of the samples, dotted
        for label, found in lines.items():
            own = label.removesuffix("of_real").rstrip("/") or recipe
            style = {"color": colours.setdefault(own, _COLOURS[len(colours) % len(_COLOURS)])}
            style |= {"linestyle": ":", "marker": "_"} if own != label else {"label": label, "marker": "o"}
            found = sorted(found, key=lambda score: score.step)
            steps, values = [score.step for score in found], [score.value for score in found]
            spreads = None if found[0].spread is None else [score.spread or 0 for score in found]
            axes.errorbar(steps, values, spreads, markersize=3, linewidth=1, capsize=2, **style)
        axes.set(title=f"{recipe} (dotted: the data)" if len(colours) < len(lines) else recipe, xlabel="step")
        axes.grid(alpha=0.3)
        if len(colours) > 1:
            axes.legend(fontsize="x-small", ncols=1 + len(colours) // 7).set_in_layout(False)
    save_figure(path, figure)


def read_curves(path: Path, names: Sequence[str]) -> dict[str, Curve]:
    """By name, the numbers of a metrics.jsonl, finite ones alone; empty where it has none of that name."""
    found: dict[str, tuple[list, list]] = {name: ([], []) for name in names}
    for line in path.read_text(errors="replace").splitlines() if names and path.exists() else ():
        with contextlib.suppress(ValueError, TypeError, KeyError):
            entry = json.loads(line)
            for name in names:
                if name in entry and math.isfinite(value := float(entry[name])):
                    found[name][0].append(int(entry["step"]))
                    found[name][1].append(value)
    return found


def _draw_metric(axes: Axes, name: str, curve: Curve) -> None:
    """What was logged, pale, and its mean over a fiftieth of the run around each point."""
    steps, values = np.asarray(curve[0]), np.asarray(curve[1])
    axes.plot(steps, values, color="C0", alpha=0.25, linewidth=0.8)
    width = max(len(values) // 50, 1)
    window = np.ones(min(2 * width + 1, len(values)))
    around = lambda x: np.convolve(x, window, "same")
    axes.plot(steps, around(values) / around(np.ones(len(values))), color="C0", linewidth=1.5)
    axes.set(title=name, xlabel="step")
    axes.grid(alpha=0.3)


def _line(score: Score, among: Sequence[Score]) -> str:
    """What tells this curve from the others of its panel: its name, and how it was drawn where that varies."""
    alike = [other for other in among if other.name == score.name and other.step is not None]
    varied = [
        f"{key} {getattr(score, key)}"
        for key in ("weights", "batch_norm", "truncation", "seed", "extractor_hash", "reference_hash")
        if len({getattr(other, key) for other in alike}) > 1
    ]
    part = score.name.removeprefix(score.recipe).lstrip("/") or score.recipe
    return ", ".join([part, *varied])
