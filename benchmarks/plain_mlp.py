"""A generator of dense layers without any normalisation, on digits: the plain GAN against WGAN-GP, over seeds.

    python benchmarks/plain_mlp.py --workdir=runs/plain_mlp --seeds=5

As in section 4.3 of arXiv:1701.07875 (figures 6 and 7), G is a ReLU network of three hidden layers of 512 units, and D a
small DCGAN; both games have the same networks (no normalisation in D), Adam 2e-4, batch and rounds. What is done is not
done again.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ml_collections import ConfigDict

import gan_jax
from gan_jax.configs import base
from gan_jax.configs.parts import wasserstein
from gan_jax.evaluators.score import read_scores
from gan_jax.evaluators.summary import of_step, side_by_side

GAMES = ("gan", "wgangp")


def config_of(game: str, seed: int, rounds: int) -> ConfigDict:
    """The run of one game."""
    config = base.get_config()
    config.seed, config.steps, config.batch_size = seed, rounds, 32
    config.data.source, config.data.shape, config.data.filter = "digits", (16, 16, 1), "bicubic"
    config.latents.dim = 32
    config.generator = ConfigDict({"type": "mlp.Generator", "widths": (512, 512, 512)})
    config.discriminator = ConfigDict(
        {"type": "dcgan.Discriminator", "widths": (16, 32, 64), "norm": "none", "initialization": "glorot"}
    )
    if game == "wgangp":
        wasserstein.penalised(config)
    else:
        config.loss = ConfigDict({"type": "non_saturating"})
    config.ema.decay = 0.995
    config.rounds_a_dispatch = 10
    config.log.samples_every = config.checkpoint.every = rounds
    config.evaluate.recipes = ("fd_digits", "prdc_digits", "ms_ssim")
    return config


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--workdir", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=1500)
    given = parser.parse_args()
    groups: dict[str, list] = {game: [] for game in GAMES}
    for seed in range(given.seeds):
        for game in GAMES:
            folder = given.workdir / f"{game}_{seed}"
            if not (folder / "scores.jsonl").exists():
                with gan_jax.Training(config_of(game, seed, given.rounds), folder) as run:
                    run.play()
                gan_jax.evaluate_run(folder)
            groups[game].append(of_step(read_scores(folder / "scores.jsonl")))
    print(side_by_side(groups))


if __name__ == "__main__":
    main()
