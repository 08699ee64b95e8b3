"""What a grid of runs gave: a table, with mean and spread over seeds, a plot, and the cells that failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gan_jax.evaluators.score import Score, differences, read_scores
from gan_jax.evaluators.summary import mean_and_spread
from gan_jax.run.grid.cells import Axes, Cell, folder_name
from gan_jax.runtime.writers.atomic import write_atomically
from gan_jax.runtime.writers.images import canvas, save_figure


class Group(NamedTuple):
    """The cells that differ in nothing but their seed."""

    place: Mapping[str, Any]  # their settings
    runs: list[dict[str, Score]]  # the scores of each, by name


def write_report(workdir: Path, axes: Axes, cells: Sequence[Cell], failures: Mapping[str, str]) -> None:
    """sweep.md and sweep.png, of the scores that there are. failures: why, by the name of the cell's folder."""
    groups = _groups(cells)
    parts = [_table(groups)] if groups else []
    if failures:
        told = (f"- {name}: {' '.join(reason.split())}" for name, reason in failures.items())
        parts.append("\n".join(["Failed:", "", *told]))
    if parts:
        write_atomically(workdir / "sweep.md", ("\n\n".join(parts) + "\n").encode())
    if groups:
        _plot(workdir / "sweep.png", axes, groups)


def _groups(cells: Sequence[Cell]) -> dict[str, Group]:
    groups: dict[str, Group] = {}
    for cell in cells:
        path = cell.folder / "scores.jsonl"
        scores = read_scores(path) if path.exists() else []
        if found := {score.name: score for score in scores if score.step == cell.config.steps}:
            place = {key: value for key, value in cell.settings.items() if key != "seed"}
            label = ", ".join(folder_name({key: value}) for key, value in place.items()) or "all cells"
            groups.setdefault(label, Group(place, [])).runs.append(found)
    return groups


def _names(groups: Mapping[str, Group]) -> list[str]:
    """Of every score that any run has."""
    return list(dict.fromkeys(name for group in groups.values() for run in group.runs for name in run))


def _table(groups: Mapping[str, Group]) -> str:
    """Markdown: a row for each score, a column for each group; what follows another protocol is marked, and why."""
    lines = ["| score | " + " | ".join(f"{label} ({len(group.runs)})" for label, group in groups.items()) + " |"]
    lines.append("|---" * (1 + len(groups)) + "|")
    notes: dict[str, None] = {}
    for name in _names(groups):
        first = next(run[name] for group in groups.values() for run in group.runs if name in run)
        cells = []
        for label, group in groups.items():
            scores = [run[name] for run in group.runs if name in run]
            if not scores:
                cells.append("-")
                continue
            mean, spread = mean_and_spread([score.value for score in scores])
            told = f"{mean:.4g}" + ("" if spread is None else f" ± {spread:.2g}")
            told += f" ({len(scores)} of {len(group.runs)})" if len(scores) < len(group.runs) else ""
            if unlike := next((found for score in scores if (found := differences(first, score))), None):
                told += " *"
                notes[f"\\* {label}, not to be compared with the first column's: {'; '.join(unlike)}"] = None
            cells.append(told)
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, *([""] if notes else []), *notes])


def _plot(path: Path, axes: Axes, groups: Mapping[str, Group]) -> None:
    """A panel for each score over the longest axis, a line for each setting of the others."""
    keys = [key for key in axes if key != "seed"]
    along = max(keys, key=lambda key: len(axes[key]), default=None)
    names = [name for name in _names(groups) if "/" not in name] or _names(groups)
    figure, panels = canvas(len(names))
    for panel, name in zip(panels, names, strict=True):
        lines: dict[str, list[tuple[Any, float, float]]] = {}
        for label, group in groups.items():
            if values := [run[name].value for run in group.runs if name in run]:
                mean, spread = mean_and_spread(values)
                line = ", ".join(folder_name({key: group.place[key]}) for key in keys if key != along)
                lines.setdefault(line, []).append((group.place[along] if along else label, mean, spread or 0.0))
        for line, points in lines.items():
            numbers = all(isinstance(x, int | float) for x, _, _ in points)
            x = [x if numbers else folder_name({"": x}).lstrip("=") for x, _, _ in points]
            panel.errorbar(x, [y for _, y, _ in points], [s for _, _, s in points], marker="o", capsize=3, label=line)
        panel.set(title=name, xlabel=along or "")
        panel.tick_params(axis="x", rotation=30)
        panel.grid(alpha=0.3)
        if len(lines) > 1:
            panel.legend(fontsize="x-small")
    save_figure(path, figure)
