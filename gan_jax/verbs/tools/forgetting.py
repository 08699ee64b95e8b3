"""Forgetting: linear probes of the discriminators of runs, over their checkpoints, side by side."""

from __future__ import annotations

from pathlib import Path

from absl.flags import FlagValues

from gan_jax.command.flags import Flags
from gan_jax.run.forgetting import curves_of, draw_forgetting, probes, require_comparable
from gan_jax.run.work_folder import read_config
from gan_jax.runtime.processes.processes import is_first
from gan_jax.runtime.workdir import check_apart, check_new_folder
from gan_jax.runtime.writers.report import Picture, Table
from gan_jax.verbs.tools import folder

INSTEAD = {"workdir": "--workdirs={}", "model": "--workdirs=runs/a,runs/b: a model has no discriminator"}


def declare(flags: Flags) -> None:
    """What `gan_jax analyse --tool=forgetting` takes."""
    flags.group("The runs")
    about = "Folders of one run or more, trained on the same data with classes and a test split."
    flags.listed("workdirs", None, about, "runs/a,runs/b", needed=True)
    flags.group("What is left")
    flags.path("out", "forgetting", f"A folder: {folder.METRICS}, forgetting.png, the probes made, and {folder.PAGE}.")
    flags.machine()


def run(values: FlagValues) -> None:
    """Plays `gan_jax analyse --tool=forgetting`."""
    workdirs = [Path(each).absolute() for each in values.workdirs]
    if len(set(workdirs)) < len(workdirs):
        raise ValueError("--workdirs names one run twice")
    out = check_new_folder(values.out)
    check_apart(out, *workdirs)
    for each in workdirs:
        read_config(each)  # that all are runs, before the first is probed
    alike = len({each.name for each in workdirs}) < len(workdirs)
    names = [str(Path(*each.parts[-2:])) if alike else each.name for each in workdirs]
    names = [name if names.count(name) == 1 else str(each) for name, each in zip(names, workdirs, strict=True)]
    kept = [out / f"probes_{i}_{each.name}.jsonl" for i, each in enumerate(workdirs)]
    probed = {name: probes(each, file) for name, each, file in zip(names, workdirs, kept, strict=True)}
    require_comparable(probed)
    curves = [curve for name, scores in probed.items() for curve in curves_of(name, scores)]
    curves = sorted(curves, key=lambda curve: curve.tap)
    lines = [
        {"step": step, "run": curve.run, "tap": curve.tap or "best", "accuracy": accuracy}
        for curve in curves
        for step, accuracy in zip(curve.steps, curve.accuracies, strict=True)
    ]
    head = ("tap", "run", "first", "highest", "last", "forgotten", "rounds")
    rows = [
        (
            curve.tap or "best",
            curve.run,
            curve.accuracies[0],
            max(curve.accuracies),
            curve.accuracies[-1],
            curve.forgotten,
            f"{curve.steps[0]:,} to {curve.steps[-1]:,}, {len(curve.steps)} checkpoints",
        )
        for curve in curves
    ]
    if is_first():
        draw_forgetting(curves, out / "forgetting.png")
        for row in [head[:6], *(row[:6] for row in rows)]:
            print("  ".join(f"{each:>12.4f}" if isinstance(each, float) else f"{each:>12}" for each in row))
        parts = [
            Picture(out / "forgetting.png", "The test accuracy of linear probes over training, a panel for each tap."),
            "Forgotten: how far the last accuracy lies below the highest.",
            Table(head, rows),
        ]
        folder.leave(out, f"Forgetting: {' and '.join(names)}", lines, parts)
