"""Does WGAN's estimate fall with the samples' quality? Rank correlation over a run, on a toy, with the distance to the data.

    python benchmarks/estimate_and_distance.py --toys=ring,grid --seeds=5 --out=docs/images/methods/estimate.png

Each run keeps no average of G, so that the points are of the generator whose estimate is logged. The distance is the sliced
Wasserstein distance: the mean, over 64 directions, of the exact one of 2,000 generated and 2,000 real points along each.
Prints Spearman's correlation of the two over 61 rounds from round 0 on, spread as the frames of `gan_jax toys` are, and over
the second half of these alone.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from gan_jax.evaluators.summary import mean_and_spread
from gan_jax.run.laboratory.bench import Bench, on_toy
from gan_jax.run.laboratory.cells import toy_of
from gan_jax.runtime.writers.images import canvas, save_figure
from gan_jax.setup.config import resolve
from gan_jax.setup.config_files import load_config

_FRAMES, _DIRECTIONS = 61, 64
_GAMES = ("toy_wgan", "toy_wgangp", "toy_gan")


def sliced_distance(points: np.ndarray, real: np.ndarray) -> float:
    """The mean over directions of the Wasserstein distance along each: two sets of as many points [N, 2]."""
    angles = np.pi * np.arange(_DIRECTIONS) / _DIRECTIONS
    along = np.stack([np.cos(angles), np.sin(angles)])
    return float(np.abs(np.sort(points @ along, 0) - np.sort(real @ along, 0)).mean())


def told(metrics: dict, game: str) -> float:
    """What the game logs of the distance: the estimate, or of a discriminator minus its loss."""
    return metrics["d/wasserstein_estimate"] if game != "toy_gan" else -metrics["d/adversarial"]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--toys", default="ring,grid")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--games", nargs="+", default=_GAMES, choices=_GAMES)
    given = parser.parse_args()
    toys = given.toys.split(",")
    figure, panels = canvas(len(given.games), 3.4, 2.6)
    print("| game | toy | all rounds | second half |\n|---|---|---|---|")
    for game, panel in zip(given.games, panels, strict=True):
        config = load_config(game)
        config.ema.decay = None
        plain = resolve(config)
        bench = Bench(on_toy(plain, toys[0], 0))
        for toy in toys:
            real, found = toy_of(toy).images, []
            for seed in range(given.seeds):
                frames = bench.play(toy_of(toy), seed, _FRAMES).frames[1:]  # the first has no numbers of training
                some = np.random.default_rng(seed).choice(len(real), len(frames[0].points), replace=False)
                distances = [sliced_distance(frame.points, real[some]) for frame in frames]
                logged = [told(frame.metrics, game) for frame in frames]
                half = len(frames) // 2
                found.append((spearmanr(logged, distances)[0], spearmanr(logged[half:], distances[half:])[0]))
                if seed == 0:
                    panel.scatter(distances, logged, s=8, label=toy)
            cells = ["{:.2f} ± {:.2f}".format(*mean_and_spread(each)) for each in zip(*found, strict=True)]
            print(f"| {game} | {toy} | {' | '.join(cells)} |", flush=True)
        panel.set(title=game, xlabel="sliced distance", ylabel="minus D's loss", xscale="log")
        panel.grid(alpha=0.3)
        panel.legend(fontsize="x-small")
    save_figure(given.out, figure)


if __name__ == "__main__":
    main()
