"""The cells of a grid of runs: their settings, folders and configs, checked whole before the first is played."""

from __future__ import annotations

import copy
import itertools
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from gan_jax.evaluators.extractors import Extractors
from gan_jax.evaluators.score import Score, read_scores
from gan_jax.run.dispatch import Player
from gan_jax.run.scoring import Options, Scoring
from gan_jax.run.state import blueprint
from gan_jax.run.work_folder import has_run, require_same
from gan_jax.runtime.mesh import check_parts, make_mesh
from gan_jax.setup.changes import change, literal, split_values
from gan_jax.setup.config import resolve
from gan_jax.setup.config_files import load_config
from gan_jax.setup.setup import Setup

Axes = Mapping[str, Sequence[Any]]
Changes = Sequence[tuple[str, str]]  # keys, and what was typed for them


class Cell(NamedTuple):
    """One run of a grid."""

    settings: Mapping[str, Any]  # by axis
    folder: Path
    config: ConfigDict


class Judging(NamedTuple):
    """How the runs are scored. recipes: None: each config's own."""

    recipes: Sequence[str] | None = None
    extractors: Extractors = Extractors()
    options: Options = Options()


def parse_axes(texts: Sequence[str]) -> dict[str, list[Any]]:
    """ "optim.generator.learning_rate=1e-4,2e-4" and the like -> the keys and their values.

    Values are read as Python literals, else as strings; what is in brackets is one value. Raises ValueError for anything
    else, and for keys and values that stand there twice.
    """
    axes: dict[str, list[Any]] = {}
    for text in texts:
        key, separator, values = text.partition("=")
        if not key or not separator or not values:
            raise ValueError(f"--sweep takes KEY=VALUE,VALUE,..., such as seed=0,1,2, not {text!r}")
        found = [literal(value) for value in split_values(values)]
        if len(set(map(repr, found))) < len(found):
            raise ValueError(f"--sweep={text}: a value stands there twice")
        if key in axes:
            raise ValueError(
                f"--sweep={key} is given twice: name all of its values once, as --sweep={key}=...,{values}"
            )
        axes[key] = found
    return axes


def folder_name(settings: Mapping[str, Any]) -> str:
    """A cell's folder: its settings, the same from call to call."""
    short = lambda value: Path(value).stem if str(value).endswith(".py") else str(value)
    named = (f"{key}={re.sub(r'[^A-Za-z0-9.+-]+', '_', short(value))}" for key, value in settings.items())
    return "__".join(named) or "run"


def cells_of(config: ConfigDict | None, workdir: Path, axes: Axes, changes: Changes = ()) -> list[Cell]:
    """Every cell of the grid. changes: put on each config of an axis of configs; a config that is given has them.

    Raises ValueError for settings that a config does not have, and cells that would share a folder.
    """
    if ("config" in axes) == (config is not None):
        raise ValueError(
            "a sweep begins at --config, or at an axis of configs, --sweep=config=a.py,b.py: "
            + ("leave one of them out" if config is not None else "name one of them")
        )
    for key, _ in changes:
        if clash := next(
            (axis for axis in axes if f"{key}.".startswith(f"{axis}.") or f"{axis}.".startswith(f"{key}.")), None
        ):
            raise ValueError(f"--config.{key} is set, and --sweep={clash} sets it in every cell: leave one of them out")
    cells: dict[str, Cell] = {}
    for values in itertools.product(*axes.values()):
        settings = dict(zip(axes, values, strict=True))
        name = folder_name(settings)
        if name in cells:
            raise ValueError(f"two cells would share the folder {name}: {cells[name].settings} and {settings}")
        cells[name] = Cell(settings, workdir / name, _config_of(config, settings, changes))
    return list(cells.values())


def _config_of(config: ConfigDict | None, settings: Mapping[str, Any], changes: Changes = ()) -> ConfigDict:
    if "config" in settings:
        changed, name = load_config(settings["config"]), Path(settings["config"]).stem
        for key, text in changes:
            change(changed, key, text, name)
    else:
        changed, name = copy.deepcopy(config), "the config"  # with its references: schedules follow steps
    for key, value in settings.items():
        if key != "config":
            change(changed, key, value if isinstance(value, str) else repr(value), name)
    return changed


def check_cells(cells: Sequence[Cell], judging: Judging) -> None:
    """Raises ValueError with what is wrong in each cell: its config, data, batches, networks, recipes, its folder's run.

    Nothing is written or computed; each round is traced, once for cells that differ in their seed alone.
    """
    wrong, known = [], {}
    for cell in cells:
        try:
            setup = Setup.of(cell.config)
            if has_run(cell.folder):
                require_same(cell.folder, setup.config)
            same = json.dumps({**setup.config, "seed": 0}, sort_keys=True, default=str)
            if same not in known:
                known[same] = _fault(setup, judging)
            if known[same] is not None:
                raise known[same]
        except (ValueError, OSError, RuntimeError, ImportError, ArithmeticError) as error:
            wrong.append(f"{cell.folder.name}: {error}")
    if wrong:
        raise ValueError(f"{len(wrong)} of {len(cells)} cells cannot be played:\n  " + "\n  ".join(wrong))


def _fault(setup: Setup, judging: Judging) -> Exception | None:
    """What is wrong with a run, found without playing it."""
    try:
        mesh = make_mesh(setup.mesh.data, setup.mesh.fsdp)
        for phase in dict.fromkeys(each.phase for each in setup.stretches):
            check_parts(phase.batch_size, getattr(setup.method, "accumulate", 1), mesh)
        setup.source()
        planned = blueprint(setup.method, setup.seed, mesh)
        _check_scores(setup, judging, planned, mesh)
        Player(setup.method, mesh, planned.shardings).check(planned.template)
    except (ValueError, OSError, RuntimeError, ImportError, ArithmeticError) as error:
        return error
    return None


def _check_scores(setup: Setup, judging: Judging, planned: Any, mesh: Any) -> None:
    """Raises ValueError where the run could not be scored as it is asked for."""
    during = setup.evaluate.during if setup.evaluate.every else ()
    recipes = tuple(dict.fromkeys((*(judging.recipes or setup.evaluate.recipes), *during)))
    given = {"subject": "", "extractors": judging.extractors, "options": judging.options, "quiet": True}
    refused = Scoring(setup, mesh, recipes, **given).refused(planned.template, setup.stretches[-1].phase)
    if refused:
        raise ValueError("; ".join(f"no score {name}: {reason}" for name, reason in refused.items()))


def is_scored(cell: Cell, judging: Judging) -> bool:
    """Whether a cell has all its scores, of its last round and as they are asked for."""
    path = cell.folder / "scores.jsonl"
    if not path.exists():
        return False
    wanted = set(judging.recipes or cell.config.evaluate.recipes)
    found = {
        each.recipe for each in read_scores(path) if each.step == cell.config.steps and _as_asked(each, cell, judging)
    }
    return wanted <= found


def _as_asked(score: Score, cell: Cell, judging: Judging) -> bool:
    options, extractors = judging.options, judging.extractors.of(cell.config.evaluate.get("classifier"))
    own = score.extractor is not None and score.extractor == extractors.own
    if score.seed != options.seed or (own and score.extractor_hash != extractors.open(score.extractor).weights):
        return False
    average = options.average and bool({"decay", "half_life_kimg"} & resolve(cell.config).get("ema", {}).keys())
    drawn = ("ema" if average else "raw", options.batch_norm, options.truncation)
    return score.drawing is None or (score.weights, score.batch_norm, score.truncation) == drawn
