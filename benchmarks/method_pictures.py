"""The pictures of docs/methods: a healthy run of a method beside a sick one.

    python benchmarks/method_pictures.py toys --out=docs/images/methods                   # all pairs on points; --only wgan r1
    python benchmarks/method_pictures.py runs healthy=runs/A sick=runs/B --numbers d/k d/convergence --out=NAME.png

`toys` plays pairs of toy games, which differ in the settings named below, and shows the points at the end, D's field under them,
and numbers of training. `runs` draws numbers of the metrics.jsonl of work folders, and the first of their last samples. Curves
are running means over a thirtieth of the run. Pictures are of 128 colours.
"""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.ndimage import uniform_filter1d
from toy_variants import config_of

from gan_jax.run.laboratory.bench import EDGE, Bench, Frame, on_toy
from gan_jax.run.laboratory.cells import toy_of
from gan_jax.runtime.writers.atomic import write_atomically

_FRAMES, _COLOURS = 81, ("tab:blue", "tab:red", "tab:green", "tab:orange")
# By picture: the toy, {what is said of a run: (its game, its settings that differ)}, and the numbers drawn.
PAIRS: Mapping[str, tuple[str, Mapping[str, tuple[str, Mapping[str, Any]]], Sequence[str]]] = {
    "gan": (
        "grid",
        {"R1": ("toy_r1", {}), "none, D twice a round": ("toy_gan", {"d_steps": 2, "ema.decay": None})},
        ("d/real_accuracy", "d/fake_accuracy"),
    ),
    "wgan": (
        "ring",
        {"clipped to 0.1": ("toy_wgan", {}), "not clipped": ("toy_wgan", {"method.clip_weights": None})},
        ("d/wasserstein_estimate", "d/real_logit"),
    ),
    "wgan_weak": (
        "ring",
        {"clipped to 0.1": ("toy_wgan", {}), "clipped to 0.01": ("toy_wgan", {"method.clip_weights": 0.01})},
        ("d/wasserstein_estimate", "g/gradient_norm"),
    ),
    "wgangp": (
        "grid",
        {
            "weight 0.1": ("toy_wgangp", {}),
            "weight 1e-6": ("toy_wgangp", {"regularizers.gradient_penalty.weight": 1e-6}),
        },
        ("d/slope", "d/wasserstein_estimate"),
    ),
    "sngan": (
        "grid",
        {
            "spectral norm": ("toy_sngan", {}),
            "none, 5 times the rate": ("toy_hinge", {"optim.discriminator.learning_rate.init_value": 0.02}),
        },
        ("d/real_accuracy", "g/gradient_norm"),
    ),
    "r3gan": (
        "grid",
        {
            "gamma 0.05": ("toy_r3gan", {}),
            "gamma 200": (
                "toy_r3gan",
                {"regularizers.r1.gamma": 200.0, "regularizers.r2.gamma": 200.0},
            ),
        },
        ("d/real_accuracy", "d/r1"),
    ),
    "pacgan": (
        "grid",
        {"packs of 2": ("toy_pac2", {}), "single points": ("toy_gan", {})},
        ("d/real_accuracy", "d/fake_logit"),
    ),
    "egan": (
        "grid",
        {"gamma 2": ("toy_egan", {}), "gamma 100": ("toy_egan", {"method.gamma": 100.0})},
        ("g/quality", "g/diversity"),
    ),
}


def toys(out: Path, only: Sequence[str] | None) -> None:
    """Plays the pairs and writes out/NAME.png of each."""
    for name in only or PAIRS:
        toy, games, numbers = PAIRS[name]
        real, ends, curves = toy_of(toy).images, {}, {}
        for told, (game, changes) in games.items():
            frames = Bench(on_toy(config_of(game, changes), toy, 0)).play(toy_of(toy), 0, _FRAMES).frames
            ends[told] = frames[-1]
            curves[told] = {
                number: ([f.round for f in frames[1:]], [f.metrics[number] for f in frames[1:]]) for number in numbers
            }
        figure, panels = _row(len(ends), len(numbers))
        for panel, (told, frame) in zip(panels, ends.items(), strict=False):
            _field(panel, frame, real, f"{told}, round {frame.round:,}")
        _curves(panels[len(ends) :], curves, numbers)
        _save(out / f"{name}.png", figure)


def runs(folders: Mapping[str, Path], numbers: Sequence[str], out: Path, shown: int) -> None:
    """Draws numbers of runs, and the first of their last samples."""
    curves: dict[str, dict[str, tuple[list, list]]] = {}
    for told, folder in folders.items():
        lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
        curves[told] = {
            number: tuple(
                map(list, zip(*[(each["step"], each[number]) for each in lines if number in each], strict=True))
            )
            for number in numbers
            if any(number in each for each in lines)
        }
    figure, panels = _row(len(folders) if shown else 0, len(numbers))
    if shown:
        for panel, (told, folder) in zip(panels, folders.items(), strict=False):
            panel.imshow(_first(sorted((folder / "samples").glob("0*.png"))[-1], shown), cmap="gray", vmin=0, vmax=255)
            panel.set_title(told, fontsize="small")
            panel.set_axis_off()
    _curves(panels[-len(numbers) :], curves, numbers)
    _save(out, figure)


def _first(path: Path, shown: int) -> np.ndarray:
    """The upper left of a grid of samples: shown rows and columns, a quarter of a tile beyond them."""
    grid = Image.open(path)
    side = min(grid.size[0], int(shown * 66))
    return np.asarray(grid.crop((0, 0, side, min(grid.size[1], side))).resize((144, 144), Image.Resampling.LANCZOS))


def _field(panel: Any, frame: Frame, real: np.ndarray, title: str) -> None:
    if frame.logits is not None:
        middle = np.median(frame.logits)
        most = max(np.quantile(np.abs(frame.logits - middle), 0.98), 1e-9)
        limits = {"vmin": middle - most, "vmax": middle + most, "alpha": 0.6}
        panel.imshow(frame.logits, origin="lower", extent=(-EDGE, EDGE, -EDGE, EDGE), cmap="coolwarm", **limits)
    panel.scatter(*real[:400].T, s=9, color="white", linewidths=0)
    panel.scatter(*frame.points[:1000].T, s=2, color="black", linewidths=0)
    panel.set(xlim=(-EDGE, EDGE), ylim=(-EDGE, EDGE), aspect="equal", xticks=(), yticks=())
    panel.set_title(title, fontsize="small")


def _curves(
    panels: Sequence[Any], curves: Mapping[str, Mapping[str, tuple[list, list]]], numbers: Sequence[str]
) -> None:
    for panel, number in zip(panels, numbers, strict=True):
        for (told, found), colour in zip(curves.items(), _COLOURS, strict=False):
            if number in found:
                rounds, values = found[number]
                smooth = uniform_filter1d(np.asarray(values, float), max(len(values) // 30, 1), mode="nearest")
                panel.plot(rounds, smooth, color=colour, linewidth=1.2, label=told)
        values = np.concatenate([np.asarray(found[number][1], float) for found in curves.values() if number in found])
        values = values[np.isfinite(values)]
        if np.abs(values).max() > 200 * np.median(np.abs(values)) + 1e-9:
            panel.set_yscale("symlog", linthresh=max(float(np.median(np.abs(values))), 1e-3))
        panel.set_title(number, fontsize="small")
        panel.tick_params(labelsize=6)
        panel.grid(alpha=0.3)
    shown = [panel for panel in panels if len(panel.lines) == len(curves)] or panels
    shown[0].legend(fontsize=6)


def _row(pictures: int, curves: int) -> tuple[Any, list[Any]]:
    """A figure of panels in one row, the pictures narrower."""
    from matplotlib.figure import Figure  # imported here: it is slow

    figure = Figure(figsize=(2.0 * pictures + 2.7 * curves, 2.2), dpi=90, layout="constrained")
    axes = figure.subplots(1, pictures + curves, width_ratios=(2.0,) * pictures + (2.7,) * curves)
    return figure, list(np.atleast_1d(axes))


def _save(path: Path, figure: Any) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)
    buffer.seek(0)
    few = Image.open(buffer).convert("RGB").quantize(128, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    small = io.BytesIO()
    few.save(small, "png", optimize=True)
    write_atomically(path, small.getvalue())
    print(f"{path}: {len(small.getvalue()) / 1000:.0f} kB")


def main() -> None:
    parser = argparse.ArgumentParser()
    kinds = parser.add_subparsers(dest="kind", required=True)
    of_toys = kinds.add_parser("toys")
    of_toys.add_argument("--out", type=Path, required=True)
    of_toys.add_argument("--only", nargs="+", choices=PAIRS)
    of_runs = kinds.add_parser("runs")
    of_runs.add_argument("folders", nargs="+", help="NAME=FOLDER")
    of_runs.add_argument("--numbers", nargs="+", required=True)
    of_runs.add_argument("--out", type=Path, required=True)
    of_runs.add_argument("--shown", type=int, default=4, help="rows and columns of samples; 0: none")
    given = parser.parse_args()
    if given.kind == "toys":
        toys(given.out, given.only)
    else:
        folders = {name: Path(folder) for name, _, folder in (each.partition("=") for each in given.folders)}
        runs(folders, given.numbers, given.out, given.shown)


if __name__ == "__main__":
    main()
