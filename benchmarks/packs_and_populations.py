"""GAN, packs of 2 to 4 and E-GAN on the ring or the grid, from the same small networks, over seeds: a table of modes.

    python benchmarks/packs_and_populations.py --workdir=runs/packs --seeds=5 --rounds=5000

The networks are gan_maxout_ring's, narrower; the rate is ten times the paper's, for a run of 5,000 rounds in place of 400,000.
A pack of m counts as one element of a batch of 100, as in the paper, so that m times as many points are seen. What is done
stands in <workdir>/results.jsonl; the same command goes on with what is missing.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
from ml_collections import ConfigDict

import gan_jax
from gan_jax.data.sources.toys import Toys
from gan_jax.metrics.modes import mode_coverage

VARIANTS = ("gan", "pac2", "pac3", "pac4", "egan")


def config_of(variant: str, data: str, seed: int, rounds: int, rate: float) -> ConfigDict:
    """The run of one variant."""
    config = gan_jax.load_config("gan_maxout_ring")
    config.seed, config.steps = seed, rounds
    config.data.toys.name = data
    config.generator.widths, config.discriminator.widths = (64,) * 4, (32,) * 3
    for player in ("generator", "discriminator"):
        config.optim[player].learning_rate = rate
    if variant.startswith("pac"):
        m = int(variant[3:])
        config.discriminator = ConfigDict(
            {"type": "packed.Packed", "m": m, "discriminator": config.discriminator.to_dict()}
        )
        config.batch_size = 100 * m
    if variant == "egan":
        config.method = ConfigDict(
            {"type": "evolutionary.Evolutionary", "num_classes": 0, "survivors": 1, "gamma": 2.0}
        )
    config.log.every = 100
    config.log.samples_every = config.checkpoint.every = rounds
    return config


def played(variant: str, data: str, seed: int, rounds: int, rate: float, folder: Path) -> dict[str, float]:
    """The scores of one run of 2,500 points, as in the paper, and the seconds that it took."""
    began = time.monotonic()
    with gan_jax.Training(config_of(variant, data, seed, rounds, rate), folder) as run:
        run.play()
        points = run.sample(2500, seed=seed)
    source = Toys(data, length=1)
    return mode_coverage(points, source.modes, source.std) | {"seconds": time.monotonic() - began}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--workdir", type=Path, required=True)
    parser.add_argument("--data", default="ring", choices=("ring", "grid"))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5000)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--variants", nargs="+", default=VARIANTS, choices=VARIANTS)
    given = parser.parse_args()
    given.workdir.mkdir(parents=True, exist_ok=True)
    file = given.workdir / "results.jsonl"
    done = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    told = {"data": given.data, "rounds": given.rounds, "rate": given.rate}
    found = lambda **one: [each for each in done if one.items() <= each.items()]
    for seed in range(given.seeds):
        for variant in given.variants:
            one = told | {"variant": variant, "seed": seed}
            if not found(**one):
                name = f"{given.data}_{variant}_{seed}_{given.rounds}_{given.rate:g}"
                done.append(one | played(variant, given.data, seed, given.rounds, given.rate, given.workdir / name))
                with file.open("a") as lines:
                    lines.write(json.dumps(done[-1]) + "\n")
    print("| | modes | good samples | reverse KL | seconds a run |\n|---|---|---|---|---|")
    for variant in given.variants:
        rows = found(**told, variant=variant)
        mean = lambda key, rows=rows: (np.mean([row[key] for row in rows]), np.std([row[key] for row in rows]))
        cells = ["{:.1f} ± {:.1f}".format(*mean("modes")), "{:.1%} ± {:.1%}".format(*mean("near"))]
        print(
            f"| {variant} | {' | '.join(cells)} | {'{:.2f} ± {:.2f}'.format(*mean('reverse_kl'))} | {mean('seconds')[0]:.0f} |"
        )


if __name__ == "__main__":
    main()
