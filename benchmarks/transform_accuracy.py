"""How well LT-GAN's auxiliary net tells transformations apart: over training, and over sigma_eps on fresh samples.

    python -m gan_jax.main --mode=evaluate --workdir=runs/lt_digits_0 --recipes=latent_transform
    python benchmarks/transform_accuracy.py lt=runs/lt_digits_0,runs/lt_digits_1 ss_lt=runs/ss_lt_digits_0

Left: the accuracy on the batches of training (metrics.jsonl), averaged over 250 rounds, mean over the runs of a group and
their range. Right: what the recipe latent_transform scored at the newest step, over sigma_eps. 0.5 is guessing. Into --out.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from gan_jax.evaluators.score import read_scores
from gan_jax.evaluators.summary import of_step

WINDOW = 250  # rounds


def over_training(folder: Path) -> dict[int, float]:
    """{last round of a window: mean accuracy of the lines in it}."""
    found: dict[int, list[float]] = {}
    for line in (folder / "metrics.jsonl").read_text().splitlines():
        values = json.loads(line)
        if (accuracy := values.get("g/latent_transform_accuracy")) is not None:
            found.setdefault(-(-values["step"] // WINDOW) * WINDOW, []).append(accuracy)
    return {step: float(np.mean(values)) for step, values in found.items()}


def over_sigma(folder: Path) -> dict[float, float]:
    """{sigma_eps: accuracy on fresh samples}."""
    prefix = "latent_transform/sigma"
    scores = of_step(read_scores(folder / "scores.jsonl"), None)
    return {float(name.removeprefix(prefix)): each.value for name, each in scores.items() if name.startswith(prefix)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("groups", nargs="+", help="NAME=FOLDER,FOLDER,...")
    parser.add_argument("--out", default="transform_accuracy.png")
    options = parser.parse_args()
    figure = Figure(figsize=(10, 3.8), dpi=100, layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for group in options.groups:
        name, folders = group.split("=", 1)
        for axes, read in zip(panels, (over_training, over_sigma), strict=True):
            curves = [read(Path(folder).expanduser()) for folder in folders.split(",")]
            at = sorted(set.intersection(*map(set, curves)))
            if not at:
                raise SystemExit(f"{name}: no accuracy for {axes.get_title() or read.__name__} in {folders}")
            values = np.array([[curve[x] for x in at] for curve in curves])
            (line,) = axes.plot(at, values.mean(0), marker="o", markersize=3, label=f"{name} ({len(curves)})")
            axes.fill_between(at, values.min(0), values.max(0), color=line.get_color(), alpha=0.2, linewidth=0)
            table = ", ".join(f"{x:g}: {mean:.3f}" for x, mean in zip(at, values.mean(0), strict=True))
            print(f"{name}, {read.__name__.replace('_', ' ')}: {table}")
    for axes in panels:
        axes.axhline(0.5, color="grey", linestyle=":", linewidth=1)
        axes.grid(alpha=0.3)
    panels[0].set(title="in training", xlabel="round", ylabel="accuracy of the auxiliary net")
    panels[1].set(title="on fresh samples", xlabel="sigma_eps", xscale="log")
    panels[1].legend(fontsize="small")
    FigureCanvasAgg(figure).print_png(options.out)


if __name__ == "__main__":
    main()
