"""A grid of runs: config keys and seeds, each run trained and scored, a table and a plot at the end.

A cell of the grid is a work folder of its own. The same command goes on where it was stopped: finished cells are not
played again, the others resume.
"""

from __future__ import annotations

from pathlib import Path

import jax
from absl.flags import FlagValues
from ml_collections import ConfigDict

from gan_jax.command.flags import Flags
from gan_jax.command.overrides import OVERRIDES
from gan_jax.evaluators.extractors import Extractors
from gan_jax.run.divergence import TrainingDiverged
from gan_jax.run.grid.cells import Axes, Cell, Changes, Judging, cells_of, check_cells, is_scored, parse_axes
from gan_jax.run.grid.report import write_report
from gan_jax.run.scoring import Options
from gan_jax.run.training import train
from gan_jax.run.work_folder import has_run
from gan_jax.runtime.processes.processes import is_first, say, warn
from gan_jax.runtime.workdir import check_writable
from gan_jax.verbs.evaluate import Unscored, evaluate_run

INSTEAD = {
    "seed": "--sweep=seed={}",
    "steps": "--config.steps={}",
    "out": "--workdir={}",
    "num": "the recipe says how many: --mode=evaluate --recipes=list",
}


class CellsFailed(RuntimeError):
    """Some cells of a grid could not be trained or scored; the others are."""


def declare(flags: Flags) -> None:
    """What `gan_jax sweep` takes."""
    flags.group("The grid")
    flags.config("Where every cell begins; or an axis of configs, --sweep=config=A,B.", overrides_alone=True)
    flags.workdir("Its folder: a folder for each cell, sweep.md and sweep.png.", needed="runs/sweep", remote=False)
    flags.repeated(
        "sweep",
        "An axis, KEY=VALUE,VALUE,...; KEY is a config key, seed, or config for config files. May be given for several.",
    )
    flags.group("How each run is scored")
    flags.listed("recipes", None, "Which scores; by default the config's.", "swd,ms_ssim")
    flags.one_of("weights", "ema", ("ema", "raw"), "The moving average, or the weights as they are.")
    flags.number("truncation", None, "Normal latents beyond this are drawn again.")
    flags.text("sampler", None, "Which of the game's samplers, such as a_to_b; by default the config's, or the first.")
    flags.one_of("batch_norm", "running", ("running", "batch", "standing"), "The statistics of batch normalisation.")
    flags.path("classifier", None, "Weights that --mode=classifier wrote, for fd_<name>; by default the config's.")
    flags.listed(
        "extractor_weights", [], "Files of published weights, inception_2015=PATH or vgg16=PATH.", "vgg16=vgg16.npz"
    )
    flags.machine()


def run(values: FlagValues) -> str | None:
    """Plays `gan_jax sweep`."""
    if not values.sweep:
        raise ValueError("sweep needs an axis or more, such as --sweep=seed=0,1,2 --sweep=latents.dim=16,32")
    extractors = Extractors.named(values.extractor_weights, values.classifier)
    options = Options(
        average=values.weights == "ema",
        batch_norm=values.batch_norm,
        truncation=values.truncation,
        sampler=values.sampler,
    )
    judging = Judging(values.recipes, extractors, options)
    return sweep(values.config, values.workdir, parse_axes(values.sweep), judging, values[OVERRIDES].value)


def sweep(
    config: ConfigDict | None,
    workdir: str | Path,
    axes: Axes,
    judging: Judging | None = None,
    changes: Changes = (),
) -> str | None:
    """Plays and scores every cell. -> the signal that stopped it early, or None.

    config: a ConfigDict; None where "config", an axis of config files, stands in its place, and then `changes`, keys and
    texts, are put on each of them. axes: config keys with dots, or "seed", each with its values.
    Writes workdir/sweep.md (a row for each score, a column for each cell, mean and spread over seeds, and what failed) and
    sweep.png. Raises ValueError, before any training, with what is wrong in each cell; CellsFailed at the end where some
    could not be trained or scored.
    """
    workdir, judging = Path(workdir).expanduser(), judging or Judging()
    if has_run(workdir):
        raise ValueError(f"{workdir} holds a run, and a sweep makes folders of its own there: name another --workdir")
    cells = cells_of(config, workdir, axes, changes)
    check_cells(cells, judging)
    check_writable(workdir)
    failures: dict[str, str] = {}
    for number, cell in enumerate(cells, 1):
        if not is_scored(cell, judging):
            say(f"--- cell {number} of {len(cells)}: {cell.folder.name}")
            try:
                if (stopped := _play(cell, judging)) is not None:
                    return stopped
            except Exception as error:
                if jax.process_count() > 1 and not isinstance(error, TrainingDiverged | Unscored):
                    raise  # the other processes may not have failed: alone this one cannot go on
                failures[cell.folder.name] = str(error) or type(error).__name__
                warn(f"{cell.folder.name}: {failures[cell.folder.name]}")
        if is_first():
            write_report(workdir, axes, cells, failures)
    say(f"the grid is in {workdir / 'sweep.md'} and sweep.png")
    if failures:
        told = "\n  ".join(f"{name}: {reason}" for name, reason in failures.items())
        raise CellsFailed(f"{len(failures)} of {len(cells)} cells failed; the same command tries them again:\n  {told}")
    return None


def _play(cell: Cell, judging: Judging) -> str | None:
    """Trains a cell and scores it. -> the signal that stopped it early, or None."""
    if (stopped := train(cell.config, cell.folder)) is not None:
        return stopped
    evaluate_run(cell.folder, cell.config, judging.recipes, extractors=judging.extractors, options=judging.options)
    return None
