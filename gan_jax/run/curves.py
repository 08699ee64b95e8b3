"""Scores over the steps of a run, as a picture."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from gan_jax.evaluators.score import Score
from gan_jax.runtime.writers.images import canvas, save_figure

_COLOURS = [f"C{i}" for i in range(10)] + ["black", "gold", "navy", "teal", "salmon"]


def draw_curves(scores: Sequence[Score], path: Path) -> None:
    """One panel for each recipe, a line for each of its numbers and protocols, with its spread; of all steps there are.

    Scores without a step are left out. The picture appears whole or not at all.
    """
    panels: dict[str, dict[str, list[Score]]] = defaultdict(lambda: defaultdict(list))
    for score in scores:
        if score.step is not None and math.isfinite(score.value):
            panels[score.recipe][_line(score, scores)].append(score)
    if not panels:
        return
    figure, places = canvas(len(panels))
    for axes, (recipe, lines) in zip(places, sorted(panels.items()), strict=True):
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
