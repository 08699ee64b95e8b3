"""Variants of the toy games that differ in one setting each, over seeds: a table of modes, good points and reverse KL.

    python benchmarks/toy_variants.py --group=populations --toys=grid --seeds=5 --out=runs/populations
    python benchmarks/toy_variants.py --group=critics --toys=ring,grid --seeds=5 --out=runs/critics

Played by the toy laboratory, see `gan_jax toys`: what is done is not played again, and <out>/toys.md holds the table.
"""

from __future__ import annotations

import argparse
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gan_jax.run.laboratory.bench import Bench, on_toy
from gan_jax.run.laboratory.cells import cell, of_the_data, toy_of
from gan_jax.run.laboratory.report import DATA, markdown, write_report
from gan_jax.setup.config import resolve
from gan_jax.setup.config_files import load_config

_MUTATIONS = ("minimax", "heuristic", "least_squares")
_ADAM = {"type": "adam", "learning_rate": 1e-3, "b2": 0.9}
# By group and name: the config, and its settings that differ.
GROUPS: Mapping[str, Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    # A line of survivors is as many updates long as a GAN's generator; with three children a round, three times as many
    # updates are played.
    "populations": {
        "1 survivor": ("toy_egan", {}),
        **{f"{name} alone": ("toy_egan", {"method.mutations": (name,)}) for name in _MUTATIONS},
        "2 survivors": ("toy_egan", {"method.survivors": 2}),
        "heuristic alone, 3x": ("toy_egan", {"method.mutations": ("heuristic",), "steps": 12_000}),
        "4 survivors": ("toy_egan", {"method.survivors": 4}),
    },
    "critics": {
        "rmsprop": ("toy_wgan", {}),
        **{f"adam, b1 {b1}": ("toy_wgan", {"optim.discriminator": {**_ADAM, "b1": b1}}) for b1 in (0.5, 0.9)},
    },
}


def config_of(game: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """A game that ships, with some settings changed, as plain data."""
    config = load_config(game)
    with config.unlocked(), config.ignore_type():
        for key, value in changes.items():
            *blocks, last = key.split(".")
            inside = functools.reduce(lambda block, name: block[name], blocks, config)
            inside[last] = value
    return resolve(config)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--group", required=True, choices=GROUPS)
    parser.add_argument("--toys", default="ring,grid")
    parser.add_argument("--seeds", type=int, default=5)
    given = parser.parse_args()
    toys = given.toys.split(",")
    cells = {DATA: {toy: of_the_data(toy) for toy in toys}}
    counts = {toy: len(toy_of(toy).modes) for toy in toys}
    for name, (game, changes) in GROUPS[given.group].items():
        config = config_of(game, changes)
        bench = functools.cache(functools.partial(Bench, on_toy(config, toys[0], 0)))
        file = name.replace(", ", "_").replace(" ", "_")
        play = lambda toy, config=config, bench=bench, file=file: cell(
            config, bench, toy, range(given.seeds), 16, file, given.out, print
        )
        cells[name] = {toy: play(toy) for toy in toys}
        write_report(given.out, cells, {}, counts)
    print(markdown(cells, counts))


if __name__ == "__main__":
    main()
