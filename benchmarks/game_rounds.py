"""Times whole rounds of pix2pix, CycleGAN and 3D-GAN at the sizes of the small configs, side by side with plain PyTorch.

    JAX_PLATFORMS=cpu python benchmarks/game_rounds.py [--games pix2pix_maps,cyclegan_maps] [--out results.json]

Batch, updates and networks are the config's. Rounds take turns as in `train_step.py`. See README.md beside this file.
"""

from __future__ import annotations

import argparse
import json
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

from train_step import cores, in_turns, machine, spread  # noqa: E402

from gan_jax.nn.compiling import compiled  # noqa: E402
from gan_jax.setup.config_files import load_config  # noqa: E402
from gan_jax.setup.setup import Setup  # noqa: E402

RATES = {"pix2pix_maps": 2e-4, "cyclegan_maps": 2e-4, "gan3d_furniture": 1e-4}
SMALL = {
    "pix2pix_maps": {"generator.width": 4, "discriminator.width": 4},
    "cyclegan_maps": {"a_to_b.width": 4, "b_to_a.width": 4, "a_to_b.blocks": 1, "b_to_a.blocks": 1},
    "gan3d_furniture": {"generator.widths": (4, 4, 4), "discriminator.widths": (4, 4, 4)},
}


def settings(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--games", default=",".join(RATES), help="configs: of " + ", ".join(RATES))
    parser.add_argument("--repeats", type=int, default=10, help="rounds timed of each")
    parser.add_argument("--warm_up", type=int, default=2, help="rounds before, of each; the first compiles")
    parser.add_argument("--no-torch", action="store_true", help="gan_jax alone")
    parser.add_argument("--small", action="store_true", help="narrow networks: a test of this program")
    parser.add_argument("--out", help="file for the results as JSON")
    args = parser.parse_args(argv)
    args.games = args.games.split(",")
    if unknown := set(args.games) - set(RATES):
        parser.error(f"unknown {', '.join(sorted(unknown))}; known: {', '.join(RATES)}")
    if min(args.repeats, args.warm_up) < 1:
        parser.error("repeats and warm_up are 1 or more")
    return args


def setup_of(game: str, small: bool) -> Setup:
    config = load_config(str(ROOT / "configs" / f"{game}.py"))
    for name, value in SMALL[game].items() if small else ():
        block, key = name.split(".")
        config[block][key] = value
    return Setup.of(config)


def batch_of(method: Any) -> dict[str, np.ndarray]:
    """A round's real elements: noise in [-1, 1], voxels of 0 and 1."""
    rng, phase = np.random.default_rng(0), method.stretches[0].phase
    made = {}
    for name, leaf in method.batch(phase).items():
        noise = rng.uniform(-1, 1, leaf.shape).astype(np.float32)
        made[name] = (noise > 0.8).astype(np.float32) if name == "voxels" else noise
    return made


def jax_round(method: Any, batch: dict[str, np.ndarray]) -> tuple[Callable[[], float], Any]:
    """A function that plays a round and returns its seconds, and the state that it began from."""
    phase = method.stretches[0].phase
    first = jax.jit(method.init)(jax.random.key(0))
    program = compiled(lambda state, batch: method.step(state, batch, phase), donate_argnums=0)
    state, given = jax.tree.map(jnp.copy, first), jax.tree.map(jnp.asarray, batch)

    def play() -> float:
        nonlocal state
        start = time.perf_counter()
        state, metrics = jax.block_until_ready(program(state, given))
        seconds = time.perf_counter() - start
        if not all(bool(jnp.isfinite(value).all()) for value in metrics.values()):
            raise FloatingPointError(f"a round of gan_jax is not finite: {metrics}")
        return seconds

    return play, first


def judged(method: Any, state: Any, batch: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """What gan_jax's networks make of the batch, and the logits of that, channels first."""
    variables = {name: {"params": net.params, **net.stats} for name, net in state.networks.items()}
    run = lambda name, x, **more: getattr(method, name).apply(
        variables[name], x, train=True, mutable=["batch_stats", "batch_moments"], **more
    )[0]
    with jax.default_matmul_precision("highest"):
        if "z" in batch:
            made = run("generator", batch["z"])
            logits = run("discriminator", made).logits
        elif "a_to_b" in method.networks:
            made = run("a_to_b", batch["a"][0], dropout=False)
            logits = run("discriminator_b", made).logits
        else:
            made = run("generator", batch["a"][0], dropout=False)
            logits = run("discriminator", jnp.concatenate([batch["a"][0], made], -1)).logits
    return np.moveaxis(np.asarray(made), -1, 1), np.asarray(logits)


def torch_round(game: str, method: Any, first: Any, batch: dict[str, np.ndarray], channels_last: bool) -> Callable:
    """As `jax_round`, of PyTorch's networks with the same weights, which must make the same of the batch."""
    import pytorch_games
    import torch

    torch.manual_seed(0)
    kinds = {"pix2pix_maps": "Pix2Pix", "cyclegan_maps": "CycleGAN", "gan3d_furniture": "Gan3D"}
    made = getattr(pytorch_games, kinds[game])(first.networks, RATES[game], channels_last)
    seen = {**batch, "z": np.random.default_rng(1).uniform(size=(4, 200)).astype(np.float32)}
    seen = seen if "voxels" in batch else batch
    with torch.no_grad():
        for theirs, ours in zip(made.judged(seen), judged(method, first, seen), strict=True):
            np.testing.assert_allclose(theirs.numpy(), ours, rtol=1e-3, atol=1e-3, err_msg=f"{game}: another network")
    given = {
        name: [made.tensor(each) for each in leaf] if name == "voxels" else made.tensor(leaf[0])
        for name, leaf in batch.items()
    }

    def play() -> float:
        start = time.perf_counter()
        losses = [loss.item() for loss in made.round(given)]
        seconds = time.perf_counter() - start
        if not np.isfinite(losses).all():
            raise FloatingPointError(f"a round of PyTorch is not finite: {losses}")
        return seconds

    return play


def compare(game: str, args: argparse.Namespace) -> dict[str, Any]:
    method = setup_of(game, args.small).method
    batch = batch_of(method)
    ours, first = jax_round(method, batch)
    players = {"gan_jax": ours}
    if not args.no_torch:
        for name, channels_last in (("PyTorch", False), ("PyTorch channels_last", True)):
            players[name] = torch_round(game, method, first, batch, channels_last)
    measured = in_turns(players, args.repeats, args.warm_up)
    result: dict[str, Any] = {"load_after": os.getloadavg()[0], "rounds": {}}
    for name, seconds in measured.items():
        result["rounds"][name] = {"seconds": spread(seconds), "all_seconds": seconds}
    if not args.no_torch:
        best = min((name for name in measured if name != "gan_jax"), key=lambda name: np.median(measured[name]))
        result["best_pytorch"] = best
        result["gan_jax_to_pytorch_speed"] = spread(np.divide(measured[best], measured["gan_jax"]))
    return result


def table(game: str, result: dict[str, Any]) -> str:
    rows = [f"{game}: load {result['load_after']:.1f}"]
    for name, row in result["rounds"].items():
        rows.append(f"{name:24}{row['seconds']['median']:10.4f} s a round, least {row['seconds']['min']:.4f}")
    if "best_pytorch" in result:
        ratio = result["gan_jax_to_pytorch_speed"]
        rows.append(
            f"gan_jax runs at {ratio['median']:.2f} times the speed of {result['best_pytorch']}"
            f" (half of the turns {ratio['quartile1']:.2f} to {ratio['quartile3']:.2f},"
            f" all {ratio['min']:.2f} to {ratio['max']:.2f})"
        )
    return "\n".join(rows)


def report(args: argparse.Namespace, compare: Callable[[str, argparse.Namespace], dict[str, Any]]) -> dict[str, Any]:
    """Compares game after game, prints each table as soon as it is known, and writes the results where args.out says."""
    if not args.no_torch:
        import pytorch_device

        pytorch_device.use(jax.default_backend() == "gpu", cores())
    results: dict[str, Any] = {"settings": vars(args), "machine": machine(args), "games": {}}
    print(", ".join(f"{key} {value}" for key, value in results["machine"].items()), flush=True)
    for game in args.games:
        results["games"][game] = compare(game, args)
        print("\n" + table(game, results["games"][game]), flush=True)
    if args.out:
        Path(args.out).write_text(json.dumps(results, indent=2) + "\n")
    return results


def main(argv: list[str] | None = None) -> dict[str, Any]:
    return report(settings(argv), compare)


if __name__ == "__main__":
    main()
