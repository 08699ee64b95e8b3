"""Scores of several runs as a table: a row for each score, a column for each group of runs, mean and spread over seeds.

    python benchmarks/scores_over_seeds.py baseline=runs/sngan_0,runs/sngan_1 ssgan=runs/ssgan_0,runs/ssgan_1

Each run's newest step is taken, or --step. Groups whose scores follow different protocols are refused.
--curve=probe/block2 draws that score over steps, a line for each group with its spread, into --out.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np

from gan_jax.evaluators.score import compare, read_scores


def scores_of(folder: str, step: int | None) -> dict[str, object]:
    found = read_scores(Path(folder).expanduser() / "scores.jsonl")
    newest = max(score.step for score in found) if step is None else step
    return {score.name: score for score in found if score.step == newest}


def table(groups: dict[str, list[str]], step: int | None) -> str:
    scores = {name: [scores_of(folder, step) for folder in folders] for name, folders in groups.items()}
    names = [
        name for name in next(iter(scores.values()))[0] if all(name in run for runs in scores.values() for run in runs)
    ]
    first = next(iter(scores.values()))[0]
    lines = ["| score | " + " | ".join(f"{name} ({len(runs)})" for name, runs in scores.items()) + " |"]
    lines.append("|---" * (1 + len(groups)) + "|")
    for name in names:
        cells = []
        for runs in scores.values():
            for run in runs:
                compare(first[name], run[name])  # raises where the protocols differ
            values = np.array([run[name].value for run in runs])
            spread = f" ± {values.std(ddof=1):.2g}" if len(values) > 1 else ""
            cells.append(f"{values.mean():.4g}{spread}")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def curve(groups: dict[str, list[str]], names: list[str], out: str) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(3, len(names))
    figure = Figure(figsize=(5 * columns, 3.6 * -(-len(names) // columns)), dpi=100, layout="constrained")
    for i, name in enumerate(names):
        axes = figure.add_subplot(-(-len(names) // columns), columns, i + 1)
        for group, folders in groups.items():
            at = defaultdict(list)
            for folder in folders:
                for score in read_scores(Path(folder).expanduser() / "scores.jsonl"):
                    if score.name == name:
                        at[score.step].append(score.value)
            steps = sorted(at)
            means = np.array([np.mean(at[step]) for step in steps])
            low, high = ([extreme(at[step]) for step in steps] for extreme in (min, max))
            (line,) = axes.plot(steps, means, marker="o", markersize=3, label=group)
            axes.fill_between(steps, low, high, color=line.get_color(), alpha=0.2, linewidth=0)
        axes.set(title=name, xlabel="step")
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
    FigureCanvasAgg(figure).print_png(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("groups", nargs="+", help="NAME=FOLDER,FOLDER,...")
    parser.add_argument("--step", type=int)
    parser.add_argument("--curve", nargs="*", default=[])
    parser.add_argument("--out", default="scores.png")
    options = parser.parse_args()
    groups = {name: folders.split(",") for name, folders in (group.split("=", 1) for group in options.groups)}
    if options.curve:
        curve(groups, options.curve, options.out)
    print(table(groups, options.step))


if __name__ == "__main__":
    main()
