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

from gan_jax.evaluators.score import read_scores
from gan_jax.evaluators.summary import of_step, side_by_side


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
        low = min(line.get_ydata().min() for line in axes.lines)
        if low > 0 and max(line.get_ydata().max() for line in axes.lines) > 50 * low:
            axes.set_yscale("log")
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
    found = {
        name: [of_step(read_scores(Path(folder).expanduser() / "scores.jsonl"), options.step) for folder in folders]
        for name, folders in groups.items()
    }
    print(side_by_side(found))


if __name__ == "__main__":
    main()
