"""Times whole rounds of StyleGAN, StyleGAN2 and R3GAN at 64 x 64, side by side with plain PyTorch.

    JAX_PLATFORMS=cpu python benchmarks/style_rounds.py [--games stylegan,r3gan] [--out results.json]

Losses, penalties and batch of the configs of faces, at one size, widths 64 to 16 (R3GAN 96 to 32). A turn is all that is
played in turn: 16 rounds of StyleGAN2, one of the others. See README.md beside this file.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]  # to run from a checkout

from game_rounds import jax_round, report  # noqa: E402
from train_step import in_turns, spread  # noqa: E402

from gan_jax.setup.config_files import load_config  # noqa: E402
from gan_jax.setup.setup import Setup  # noqa: E402

_WIDTHS = {"generator.channel_base": 1024, "discriminator.channel_base": 1024}
_STAGES = (96, 96, 64, 32, 32)
GAMES = {
    "stylegan": ("stylegan_faces", {"regularizers.r1.full_height": 64, **_WIDTHS}),
    "stylegan2": ("stylegan2_faces", _WIDTHS),
    "r3gan": ("r3gan_faces", {"generator.widths": _STAGES, "discriminator.widths": _STAGES}),
}
ROUNDS = {"stylegan": 1, "stylegan2": 16, "r3gan": 1}
SMALL = {
    "stylegan": {"generator.channel_base": 128, "discriminator.channel_base": 128},
    "stylegan2": {"generator.channel_base": 128, "discriminator.channel_base": 128},
    "r3gan": {"generator.widths": (16,) * 5, "discriminator.widths": (16,) * 5},
}
TORCH = {
    "stylegan": {"PyTorch": {}, "PyTorch channels_last": {"channels_last": True}},
    "stylegan2": {
        "PyTorch, scaled": {},
        "PyTorch, groups": {"grouped": True},
        "PyTorch, scaled, channels_last": {"channels_last": True},
    },
    "r3gan": {"PyTorch": {}, "PyTorch channels_last": {"channels_last": True}},
}


def settings(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--games", default=",".join(GAMES), help="of " + ", ".join(GAMES))
    parser.add_argument("--repeats", type=int, default=10, help="turns timed of each")
    parser.add_argument("--warm_up", type=int, default=2, help="turns before, of each; the first compiles")
    parser.add_argument("--small", action="store_true", help="narrow networks: a test of this program")
    parser.add_argument("--out", help="file for the results as JSON")
    parser.set_defaults(no_torch=False)
    args = parser.parse_args(argv)
    args.games = args.games.split(",")
    if unknown := set(args.games) - set(GAMES):
        parser.error(f"unknown {', '.join(sorted(unknown))}; known: {', '.join(GAMES)}")
    if min(args.repeats, args.warm_up) < 1:
        parser.error("repeats and warm_up are 1 or more")
    return args


def setup_of(game: str, small: bool) -> Setup:
    name, changes = GAMES[game]
    config = load_config(str(ROOT / "configs" / f"{name}.py"))
    config.data.faces.size = 64
    config.data.shape = (64, 64, 1)
    config.stretches = None
    for key, value in {**changes, **(SMALL[game] if small else {})}.items():
        *blocks, last = key.split(".")
        block = config
        for each in blocks:
            block = block[each]
        block[last] = value
    return Setup.of(config)


def several(play: Callable[[], float], rounds: int) -> Callable[[], float]:
    return lambda: sum(play() for _ in range(rounds))


def judged(method: Any, state: Any, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """gan_jax's images of z, without mixing and noise (whose scales begin at 0), and their logits; channels first."""
    variables = {name: {"params": net.params, **net.stats} for name, net in state.networks.items()}
    with jax.default_matmul_precision("highest"):
        keys = {"noise": jax.random.key(0)}
        made = method.generator.apply(variables["generator"], z, rngs=keys)
        logits = method.discriminator.apply(variables["discriminator"], made).logits
    return np.moveaxis(np.asarray(made), -1, 1), np.asarray(logits)


def torch_round(game: str, first: Any, method: Any, images: np.ndarray, kind: dict[str, bool]) -> Callable[[], float]:
    """A function that plays a round of PyTorch's and returns its seconds; the networks must be gan_jax's."""
    import pytorch_style_games
    import torch

    torch.manual_seed(0)
    kinds = {"stylegan": "StyleGAN", "stylegan2": "StyleGAN2", "r3gan": "R3GAN"}
    made = getattr(pytorch_style_games, kinds[game])(first.networks, **{"channels_last": False, **kind})
    latents = method.latents.dim
    z = np.random.default_rng(1).normal(size=(4, latents)).astype(np.float32)
    with torch.no_grad():
        fakes = made.make(torch.from_numpy(z))
        for theirs, ours in zip((fakes, made.judge(fakes)), judged(method, first, z), strict=True):
            np.testing.assert_allclose(theirs.numpy(), ours, rtol=1e-3, atol=1e-3, err_msg=f"{game}: another network")
    real = made.tensor(images)

    def play() -> float:
        start = time.perf_counter()
        losses = made.round(real, latents)
        seconds = time.perf_counter() - start
        if not np.isfinite(losses).all():
            raise FloatingPointError(f"a round of PyTorch is not finite: {losses}")
        return seconds

    return play


def compare(game: str, args: argparse.Namespace) -> dict[str, Any]:
    method = setup_of(game, args.small).method
    (shape,) = (leaf.shape for leaf in method.batch(method.stretches[0].phase).values())
    images = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
    (name,) = method.batch(method.stretches[0].phase)
    ours, first = jax_round(method, {name: images})
    first = jax.tree.map(jnp.copy, first)
    rounds = ROUNDS[game]
    players = {"gan_jax": several(ours, rounds)}
    for kind, given in TORCH[game].items():
        players[kind] = several(torch_round(game, first, method, images.reshape(-1, *shape[-3:]), given), rounds)
    measured = {
        each: np.divide(times, rounds).tolist() for each, times in in_turns(players, args.repeats, args.warm_up).items()
    }
    best = min((each for each in measured if each != "gan_jax"), key=lambda each: np.median(measured[each]))
    return {
        "load_after": os.getloadavg()[0],
        "rounds": {each: {"seconds": spread(times), "all_seconds": times} for each, times in measured.items()},
        "best_pytorch": best,
        "gan_jax_to_pytorch_speed": spread(np.divide(measured[best], measured["gan_jax"])),
    }


def main(argv: list[str] | None = None) -> dict[str, Any]:
    return report(settings(argv), compare)


if __name__ == "__main__":
    main()
