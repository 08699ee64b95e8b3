"""Scores of several runs side by side: means and spreads over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gan_jax.evaluators.score import Score, compare


def of_step(scores: Sequence[Score], step: int | None = None) -> dict[str, Score]:
    """{name: score} at a step, by default the newest; of several protocols under a name the later one."""
    stepped = [score for score in scores if score.step is not None]
    if not stepped:
        raise ValueError("there are no scores of checkpoints here")
    chosen = max(score.step for score in stepped) if step is None else step
    return {score.name: score for score in stepped if score.step == chosen}


def mean_and_spread(values: Sequence[float]) -> tuple[float, float | None]:
    """The mean, and the standard deviation (n - 1) where there are two values or more."""
    found = np.asarray(values, np.float64)
    return float(found.mean()), float(found.std(ddof=1)) if len(found) > 1 else None


def side_by_side(groups: Mapping[str, Sequence[Mapping[str, Score]]], names: Sequence[str] | None = None) -> str:
    """A Markdown table: a row for each score that every run has, a column for each group of runs, mean ± spread.

    groups: for each its runs, {name: score}. Raises ValueError where two runs' scores follow different protocols.
    """
    first = next(run for runs in groups.values() for run in runs)
    shared = [name for name in first if all(name in run for runs in groups.values() for run in runs)]
    lines = ["| score | " + " | ".join(f"{name} ({len(runs)})" for name, runs in groups.items()) + " |"]
    lines.append("|---" * (1 + len(groups)) + "|")
    for name in shared if names is None else [name for name in names if name in shared]:
        cells = []
        for runs in groups.values():
            for run in runs:
                compare(first[name], run[name])  # raises where the protocols differ
            mean, spread = mean_and_spread([run[name].value for run in runs])
            cells.append(f"{mean:.4g}" + ("" if spread is None else f" ± {spread:.2g}"))
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
