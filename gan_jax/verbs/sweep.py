"""A grid of runs: config keys and seeds, each run trained and scored, a table and a plot at the end.

A cell of the grid is a work folder of its own. The same command goes on where it was stopped: finished cells are not
played again, the others resume.
"""

from __future__ import annotations

import ast
import copy
import itertools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from absl.flags import FlagValues
from ml_collections import ConfigDict

from gan_jax.command.flags import Flags
from gan_jax.evaluators.score import Score, read_scores
from gan_jax.evaluators.summary import mean_and_spread, of_step, side_by_side
from gan_jax.run.training import train
from gan_jax.runtime.processes.processes import is_first, say, warn
from gan_jax.runtime.writers.atomic import write_atomically
from gan_jax.runtime.writers.images import save_figure
from gan_jax.setup.config_files import load_config
from gan_jax.setup.setup import Setup
from gan_jax.verbs.evaluate import Unscored, evaluate_run

Axes = Mapping[str, Sequence[Any]]


INSTEAD = {
    "seed": "--sweep=seed={}",
    "steps": "--config.steps={}",
    "out": "--workdir={}",
    "num": "the recipe says how many: --mode=evaluate --recipes=list",
}


def declare(flags: Flags) -> None:
    """What `gan_jax sweep` takes."""
    flags.group("The grid")
    flags.config("Where every cell begins; --sweep=config=A,B takes its place.")
    flags.workdir("Its folder: a folder for each cell, sweep.md and sweep.png.", needed="runs/sweep")
    flags.repeated("sweep", "An axis, KEY=VALUE,VALUE,...; KEY is a config key, seed, or config for config files.")
    flags.listed("recipes", None, "Which scores; by default the config's.")
    flags.machine()


def run(values: FlagValues) -> str | None:
    """Plays `gan_jax sweep`."""
    if not values.sweep:
        raise ValueError("sweep needs an axis or more, such as --sweep=seed=0,1,2 --sweep=latents.dim=16,32")
    return sweep(values.config, values.workdir, dict(map(parse_axis, values.sweep)), values.recipes)


def parse_axis(text: str) -> tuple[str, list[Any]]:
    """ "optim.generator.learning_rate=1e-4,2e-4" -> the key and its values. Raises ValueError for anything else.

    Values are read as Python literals, else as strings; what is in brackets is one value.
    """
    key, separator, values = text.partition("=")
    if not key or not separator or not values:
        raise ValueError(f"--sweep takes KEY=VALUE,VALUE,..., such as seed=0,1,2, not {text!r}")
    found = [_literal(value) for value in re.split(r",(?![^(\[]*[)\]])", values)]
    if len(set(map(repr, found))) < len(found):
        raise ValueError(f"--sweep={text}: a value stands there twice")
    return key, found


def sweep(
    config: ConfigDict | None, workdir: str | Path, axes: Axes, recipes: Sequence[str] | None = None
) -> str | None:
    """Plays and scores every cell. -> the signal that stopped it early, or None.

    config: a ConfigDict; None where "config", an axis of config files, stands in its place. axes: config keys with
    dots, or "seed", each with its values. recipes: by default the config's.
    Writes workdir/sweep.md (a row for each score, a column for each cell, mean and spread over seeds) and sweep.png.
    Raises ValueError, before any training, for keys that the config does not have and cells that cannot be built.
    """
    workdir = Path(workdir).expanduser()
    cells = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
    configs = [_config_of(config, cell) for cell in cells]
    for number, (cell, changed) in enumerate(zip(cells, configs, strict=True), 1):
        folder = workdir / folder_name(cell)
        if not _is_scored(folder, changed, recipes):
            say(f"--- cell {number} of {len(cells)}: {folder.name}")
            if (stopped := train(changed, folder)) is not None:
                return stopped
            try:
                evaluate_run(folder, changed, recipes)
            except Unscored as error:
                warn(f"{folder.name}: {error}")
        if is_first():
            _summarize(workdir, axes, cells)
    say(f"the grid is in {workdir / 'sweep.md'} and sweep.png")
    return None


def folder_name(cell: Mapping[str, Any]) -> str:
    """A cell's folder: its settings, the same from call to call."""
    short = lambda value: Path(value).stem if str(value).endswith(".py") else str(value)
    return "__".join(f"{key}={re.sub(r'[^A-Za-z0-9.+-]+', '_', short(value))}" for key, value in cell.items()) or "run"


def _config_of(config: ConfigDict | None, cell: Mapping[str, Any]) -> ConfigDict:
    if "config" in cell:
        config = load_config(cell["config"])
    if config is None:
        raise ValueError("a sweep needs --config, or an axis of config files: --sweep=config=configs/a.py,configs/b.py")
    changed = copy.deepcopy(config)  # with its references: schedules follow steps
    for key, value in cell.items():
        if key == "config":
            continue
        *blocks, last = key.split(".")
        block: Any = changed
        for name in blocks:
            if not isinstance(block, ConfigDict) or name not in block:
                raise ValueError(f"--sweep={key}: the config has no {name!r}; there are {', '.join(_keys(block))}")
            block = block[name]
        if not isinstance(block, ConfigDict) or last not in block:
            raise ValueError(f"--sweep={key}: the config has no {last!r} there; it has {', '.join(_keys(block))}")
        with block.ignore_type():
            block[last] = value
    Setup.of(changed)  # what cannot be built is told before hours of training
    return changed


def _keys(block: Any) -> list[str]:
    return sorted(block) if isinstance(block, ConfigDict) else ["no keys"]


def _is_scored(folder: Path, config: ConfigDict, recipes: Sequence[str] | None) -> bool:
    if not (folder / "scores.jsonl").exists():
        return False
    wanted = set(recipes or config.evaluate.recipes)
    return wanted <= {score.recipe for score in read_scores(folder / "scores.jsonl") if score.step == config.steps}


def _summarize(workdir: Path, axes: Axes, cells: Sequence[Mapping[str, Any]]) -> None:
    groups: dict[str, list[dict[str, Score]]] = {}
    places: dict[str, Mapping[str, Any]] = {}
    for cell in cells:
        path = workdir / folder_name(cell) / "scores.jsonl"
        if path.exists():
            place = {key: value for key, value in cell.items() if key != "seed"}
            label = ", ".join(folder_name({key: value}) for key, value in place.items()) or "run"
            groups.setdefault(label, []).append(of_step(read_scores(path)))
            places[label] = place
    if groups:
        write_atomically(workdir / "sweep.md", (side_by_side(groups) + "\n").encode())
        _plot(workdir / "sweep.png", axes, groups, places)


def _plot(path: Path, axes: Axes, groups: Mapping[str, list[dict[str, Score]]], places: Mapping[str, Mapping]) -> None:
    """A panel for each score over the longest axis, a line for each setting of the others."""
    from matplotlib.figure import Figure  # imported here: it is slow

    keys = [key for key in axes if key != "seed"]
    along = max(keys, key=lambda key: len(axes[key]), default=None)
    names = [name for name in next(iter(groups.values()))[0] if "/" not in name]
    columns = min(3, len(names))
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(5 * columns, 3.6 * rows), dpi=100, layout="constrained")
    for i, name in enumerate(names):
        panel = figure.add_subplot(rows, columns, i + 1)
        lines: dict[str, list[tuple[Any, float, float]]] = {}
        for label, runs in groups.items():
            if all(name in run for run in runs):
                mean, spread = mean_and_spread([run[name].value for run in runs])
                place = places[label]
                line = ", ".join(folder_name({key: place[key]}) for key in keys if key != along)
                lines.setdefault(line, []).append((place[along] if along else label, mean, spread or 0.0))
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


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
