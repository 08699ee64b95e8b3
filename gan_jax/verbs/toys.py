"""The toy laboratory: small games on points, in seconds each, with pictures, one table and one page.

Its games are the configs that ship as toy_*.py: one that is added there joins. What was played is not played again.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

from absl.flags import FlagValues

from gan_jax.command.errors import UsageError
from gan_jax.command.flags import Flags
from gan_jax.command.overrides import OVERRIDES
from gan_jax.data.sources.toys import TOYS
from gan_jax.names import one_of
from gan_jax.run.laboratory.bench import SIZES, Bench, on_toy
from gan_jax.run.laboratory.cells import cell, of_the_data, toy_of
from gan_jax.run.laboratory.report import DATA, Cell, write_report
from gan_jax.runtime.processes.processes import say, warn
from gan_jax.runtime.workdir import check_writable
from gan_jax.setup.changes import change
from gan_jax.setup.config import resolve
from gan_jax.setup.config_files import find_config, first_sentence, load_config, shipped_configs

INSTEAD: Mapping[str, str] = {
    "workdir": "--out={}",
    "seed": "--seeds=N plays the seeds from 0 on",
    "steps": "--config.steps={}",
}
_PREFIX = "toy_"


class GamesFailed(RuntimeError):
    """Some games could not be played on some toys; the others are in the table."""


def declare(flags: Flags) -> None:
    """What `gan_jax toys` takes."""
    flags.group("The games")
    flags.path(
        "out", None, "The folder: toys.md, toys.html, and a picture and an animation of each.", needed="runs/toys"
    )
    flags.listed(
        "games", None, "Which; by default all that ship. A file of your own by its path.", "toy_gan,toy_wgangp"
    )
    flags.listed("toys", list(SIZES), "The points that they are played on.", "ring,grid")
    flags.config("Settings that hold for all games, as --config.steps=2000.", overrides_alone=True)
    flags.group("How")
    flags.integer("seeds", 1, "How many seeds, from 0 on; pictures are of the first.", lowest=1, highest=1000)
    flags.integer("frames", 16, "Frames of an animation.", lowest=2, highest=500)
    flags.machine(processes=False)


def run(values: FlagValues) -> None:
    """Plays `gan_jax toys`."""
    if values.config is not None:
        raise UsageError("toys takes games by --games=toy_gan,mine.py, and of --config single settings alone")
    toys(values.out, values.games, values.toys, values.seeds, values.frames, values[OVERRIDES].value)


def toys(
    out: str | Path,
    games: Sequence[str] | None = None,
    on: Sequence[str] = tuple(SIZES),
    seeds: int = 1,
    frames: int = 16,
    changes: Sequence[tuple[str, str]] = (),
) -> dict[str, dict[str, Cell]]:
    """Plays games on toys, and writes out/toys.md and out/toys.html. -> by game and toy, the scores.

    games: names of configs, or files; None: all that ship. changes: keys and texts, put on each config.
    Raises ValueError for toys and games that there are not, before anything is played; GamesFailed at the end.
    """
    for name in on:
        one_of(name, SIZES, "toys: toy")
    files = {find_config(name).stem: find_config(name) for name in games or _shipped()}
    configs = {}
    for name, file in files.items():
        config = load_config(file)
        for key, text in changes:
            change(config, key, text, name)
        configs[name] = resolve(config)
        on_toy(configs[name], on[0], 0)
    folder = check_writable(out)
    abouts = {name: first_sentence(file) for name, file in files.items()}
    counts = {name: len(toy_of(name).modes) for name in on}
    cells, failures = {DATA: {name: of_the_data(name) for name in on}}, []
    for name, config in configs.items():
        found = cells.setdefault(name, {})
        for _, alike in itertools.groupby(on, key=lambda toy: TOYS[toy].dimensions):
            alike = list(alike)
            bench = functools.cache(functools.partial(Bench, on_toy(config, alike[0], 0)))
            for toy in alike:
                try:
                    found[toy] = cell(config, bench, toy, range(seeds), frames, name, folder, say)
                except (ValueError, RuntimeError, ArithmeticError) as error:
                    failures.append(f"{name} on {toy}: {error}")
                    warn(failures[-1])
        write_report(folder, cells, abouts, counts)
    say(f"the table is in {folder / 'toys.md'}, the page is {folder / 'toys.html'}")
    if failures:
        raise GamesFailed(f"{len(failures)} could not be played:\n  " + "\n  ".join(failures))
    return cells


def _shipped() -> list[str]:
    return [each.name for each in shipped_configs() if each.name.startswith(_PREFIX)]
