"""Times whole training rounds of gan_jax, side by side with the same networks in plain PyTorch.

    python benchmarks/train_step.py [--models sngan32,ssgan32] [--precision bfloat16] [--out results.json]

On JAX's default device, the CPU or one CUDA GPU, where PyTorch must find the same one.

A round is d_steps updates of D and one of G. Rounds of both take turns in one process, on the same threads, after
warm-up, so that a noisy machine disturbs both alike; the ratio is taken turn by turn. See README.md beside this file.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
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

from train_step_models import (  # noqa: E402
    MODELS,
    NUM_CLASSES,
    SMALL,
    flops_a_round,
    image_shape,
    labels_of,
    method_of,
    widths_of,
)

from gan_jax.nn.compiling import compiled  # noqa: E402

REST_SECONDS = 0.1  # between turns: threads of the one that has just run stop waiting for work
MATRIX_SIDE = {"cpu": 2048, "gpu": 8192}


def cores() -> int:
    """Those that this process may use, such as `taskset -c 0` leaves it."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def settings(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", default=",".join(MODELS), help="of " + ", ".join(MODELS))
    parser.add_argument("--batch", type=int, default=64, help="real images an update")
    parser.add_argument("--d_steps", type=int, default=1, help="updates of D a round")
    parser.add_argument("--repeats", type=int, default=10, help="turns timed of each")
    parser.add_argument(
        "--rounds", type=int, default=1, help="rounds a turn, queued one after another; a turn waits once"
    )
    parser.add_argument("--warm_up", type=int, default=2, help="rounds before, of each; the first compiles")
    parser.add_argument(
        "--precision", choices=("float32", "bfloat16"), default="float32", help="of both networks' products"
    )
    parser.add_argument("--inside", default="", help="scan, cond or both: time gan_jax's round in there as well")
    parser.add_argument("--no-torch", action="store_true", help="gan_jax alone")
    parser.add_argument("--torch-compile", action="store_true", help="time torch.compile's networks as well")
    parser.add_argument("--small", action="store_true", help=f"networks {SMALL[0]} wide: a test of this program")
    parser.add_argument("--out", help="file for the results as JSON")
    args = parser.parse_args(argv)
    args.models, args.inside = args.models.split(","), [name for name in args.inside.split(",") if name]
    for chosen, known in ((args.models, MODELS), (args.inside, ("scan", "cond"))):
        if unknown := set(chosen) - set(known):
            parser.error(f"unknown {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    if min(args.batch, args.d_steps, args.repeats, args.rounds, args.warm_up) < 1 or args.batch % 4:
        parser.error(
            "batch, d_steps, repeats, rounds and warm_up are 1 or more, and rotation needs a batch that 4 divides"
        )
    if not args.no_torch:
        try:
            import torch
        except ImportError:
            parser.error('PyTorch is missing: pip install ".[parity]", or run with --no-torch')
        if jax.default_backend() == "gpu" and not torch.cuda.is_available():
            parser.error("JAX finds a GPU and PyTorch finds none: install PyTorch with CUDA, or run with --no-torch")
        import pytorch_device

        pytorch_device.use(jax.default_backend() == "gpu", cores())
    return args


# --- gan_jax


def jax_rounds(method: Any, args: argparse.Namespace, real: np.ndarray) -> tuple[dict[str, Callable], Any]:
    """name -> function that plays one round and waits for it, and the state that all begin from."""
    batch = {"image": jnp.asarray(real)}  # [d_steps, B, H, W, C]
    if method.num_classes:
        batch["label"] = jnp.asarray(labels_of(real))
    phase, chain = method.stretches[0].phase, 3
    step = lambda state, batch: method.step(state, batch, phase)
    first = jax.jit(method.init)(jax.random.key(0))

    def scanned(state, batch):
        return jax.lax.scan(lambda state, _: step(state, batch), state, length=chain)

    def branched(state, batch):
        still = lambda state, batch: (state, jax.tree.map(jnp.zeros_like, jax.eval_shape(step, state, batch)[1]))
        return jax.lax.cond(state.step >= 0, step, still, state, batch)

    def player(function: Callable, rounds: int) -> Callable[[], float]:
        program = compiled(function, donate_argnums=0)
        state = jax.tree.map(jnp.copy, first)

        def play() -> float:
            nonlocal state
            start = time.perf_counter()
            for _ in range(args.rounds):
                state, metrics = program(state, batch)
            jax.block_until_ready((state, metrics))
            seconds = (time.perf_counter() - start) / (rounds * args.rounds)
            if not all(bool(jnp.isfinite(value).all()) for value in metrics.values()):
                raise FloatingPointError(f"a round of gan_jax is not finite: {metrics}")
            return seconds

        return play

    rounds = {"gan_jax": player(step, 1)}
    if "scan" in args.inside:
        rounds["gan_jax in scan"] = player(scanned, chain)
    if "cond" in args.inside:
        rounds["gan_jax in cond"] = player(branched, 1)
    return rounds, first


# --- PyTorch


def torch_rounds(
    model: str, args: argparse.Namespace, real: np.ndarray, method: Any, first: Any
) -> dict[str, Callable]:
    """As `jax_rounds`. Each PyTorch network is given gan_jax's weights and must compute the same images and logits."""
    import pytorch_biggan
    import pytorch_device
    import pytorch_sndcgan
    import pytorch_sngan
    import torch

    widths = widths_of(model, args)
    conditional = model == "biggan32"
    variants = {"PyTorch": (False, False), "PyTorch channels_last": (True, False)}
    if args.torch_compile:
        variants["PyTorch compiled"] = (True, True)

    z = np.random.default_rng(1).normal(size=(8, method.latents.dim)).astype(np.float32)
    variables = {name: {"params": net.params, **net.stats} for name, net in first.networks.items()}
    label = np.arange(8) % NUM_CLASSES if conditional else None
    exact = method_of(model, argparse.Namespace(**{**vars(args), "precision": "float32"}))
    with jax.default_matmul_precision("highest"):
        images = exact.generator.apply(variables["generator"], z, label, train=True, mutable=["batch_stats"])[0]
        logits = exact.discriminator.apply(variables["discriminator"], images, label, train=True).logits

    def player(name: str, channels_last: bool, compiled: bool) -> Callable[[], float]:
        torch.manual_seed(0)
        plain = pytorch_sndcgan if model.startswith("sndcgan") else pytorch_sngan
        made, extra = (pytorch_biggan, NUM_CLASSES) if conditional else (plain, model == "ssgan32")
        game = made.Game(image_shape(model), *widths, extra, channels_last, compiled, args.precision == "bfloat16")
        game.load(first.networks)
        with pytorch_device.exact_float32():
            judged = game.judge(z, *((label,) if conditional else ()))
        for ours, theirs in zip((images, logits), judged, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3, err_msg=f"{name} is another network")
        reals = ([game.images(images) for images in real],)
        if conditional:
            reals += ([pytorch_device.to_torch(labels).long() for labels in labels_of(real)],)

        def play() -> float:
            start = time.perf_counter()
            for _ in range(args.rounds):
                losses = game.round(*reals)
            losses = [loss.item() for loss in losses]  # waits for the device, once
            seconds = (time.perf_counter() - start) / args.rounds
            if not np.isfinite(losses).all():
                raise FloatingPointError(f"a round of {name} is not finite: {losses}")
            return seconds

        return play

    return {name: player(name, *variant) for name, variant in variants.items()}


# --- both


def matrix_rates(args: argparse.Namespace) -> dict[str, Callable[[], float]]:
    """name -> function that measures GFLOP/s of a product of square matrices in args.precision, through each library."""
    side = MATRIX_SIDE[jax.default_backend()]
    matrix = np.random.default_rng(0).normal(size=(side, side)).astype(np.float32)
    product, in_jax = jax.jit(jnp.matmul), jnp.asarray(matrix, args.precision)
    products = {"jax": lambda: jax.block_until_ready(product(in_jax, in_jax))}
    if not args.no_torch:
        import pytorch_device
        import torch

        in_torch = pytorch_device.to_torch(matrix).to(getattr(torch, args.precision))
        products["torch"] = lambda: (in_torch @ in_torch, pytorch_device.wait())

    def rate(multiply: Callable[[], Any]) -> float:
        start = time.perf_counter()
        multiply()
        return 2 * side**3 / (time.perf_counter() - start) / 1e9

    return {name: (lambda multiply=multiply: rate(multiply)) for name, multiply in products.items()}


def in_turns(
    players: dict[str, Callable[[], float]], repeats: int, warm_up: int, first_turns: dict[str, float] | None = None
) -> dict[str, list[float]]:
    """What each player returns, in turns; every other turn runs backwards, so that nobody always follows the same one.

    first_turns: takes the seconds of each player's first turn, compilation included.
    """
    measured: dict[str, list[float]] = {name: [] for name in players}
    for turn in range(warm_up + repeats):
        for name in list(players)[:: 1 if turn % 2 else -1]:
            time.sleep(REST_SECONDS)
            start = time.perf_counter()
            value = players[name]()
            if turn == 0 and first_turns is not None:
                first_turns[name] = time.perf_counter() - start
            if turn >= warm_up:
                measured[name].append(value)
    return measured


def spread(values: Any) -> dict[str, float]:
    low, quarter, median, three_quarters, high = np.percentile(values, (0, 25, 50, 75, 100)).tolist()
    return {"median": median, "min": low, "max": high, "quartile1": quarter, "quartile3": three_quarters}


def compare(model: str, args: argparse.Namespace) -> dict[str, Any]:
    method = method_of(model, args)
    real = np.random.default_rng(0).uniform(-1, 1, (args.d_steps, args.batch, *image_shape(model))).astype(np.float32)
    rounds, first = jax_rounds(method, args, real)
    flops = flops_a_round(model, args)
    if not args.no_torch:
        rounds |= torch_rounds(model, args, real, method, first)
    rates = matrix_rates(args)
    first_turns: dict[str, float] = {}
    measured = in_turns(rounds | rates, args.repeats, args.warm_up, first_turns)

    rate = max(np.median(measured[name]) for name in rates)
    images = args.batch * args.d_steps  # real images a round
    result: dict[str, Any] = {"gflop_a_round": flops / 1e9, "matrix_gflop_s": float(rate), "rounds": {}}
    result["load_after"] = os.getloadavg()[0]
    for name in rounds:
        seconds = spread(measured[name])
        achieved = flops / 1e9 / seconds["median"]
        result["rounds"][name] = {
            "seconds": seconds,
            "images_a_second": images / seconds["median"],
            "gflop_s": achieved,
            "of_matrix_rate": achieved / rate,
            # Above 1: faster than gan_jax's plain round.
            "speed_to_gan_jax": spread(np.divide(measured["gan_jax"], measured[name])),
            "all_seconds": measured[name],
            "first_turn_seconds": first_turns[name],  # with compilation
        }
    torches = [name for name in rounds if name.startswith("PyTorch")]
    if torches:
        best = min(torches, key=lambda name: result["rounds"][name]["seconds"]["median"])
        result["best_pytorch"] = best
        result["gan_jax_to_pytorch_speed"] = spread(np.divide(measured[best], measured["gan_jax"]))
    return result


def table(model: str, result: dict[str, Any]) -> str:
    lines = [
        f"{model}: {result['gflop_a_round']:.3g} GFLOP a round, matrix products at {result['matrix_gflop_s']:.0f} GFLOP/s",
        f"{'':24}{'s a round':>10}{'min':>9}{'images/s':>10}{'GFLOP/s':>9}{'of matrix':>11}   speed to gan_jax",
    ]
    for name, row in result["rounds"].items():
        ratio = row["speed_to_gan_jax"]
        lines.append(
            f"{name:24}{row['seconds']['median']:10.4f}{row['seconds']['min']:9.4f}{row['images_a_second']:10.1f}"
            f"{row['gflop_s']:9.1f}{row['of_matrix_rate']:11.0%}   "
            + f"{ratio['median']:.2f} (half of the turns {ratio['quartile1']:.2f} to {ratio['quartile3']:.2f})"
        )
    if "best_pytorch" in result:
        ratio = result["gan_jax_to_pytorch_speed"]
        lines.append(
            f"gan_jax runs at {ratio['median']:.2f} times the speed of {result['best_pytorch']} "
            f"(half of the turns {ratio['quartile1']:.2f} to {ratio['quartile3']:.2f}, "
            f"all {ratio['min']:.2f} to {ratio['max']:.2f})"
        )
    return "\n".join(lines)


def machine(args: argparse.Namespace) -> dict[str, Any]:
    facts = {"cores": cores(), "processor": platform.processor() or platform.machine(), "jax": jax.__version__}
    facts |= {
        "backend": jax.default_backend(),
        "device": jax.devices()[0].device_kind,
        "python": platform.python_version(),
    }
    facts["load"] = round(os.getloadavg()[0], 2)
    cpu = Path("/proc/cpuinfo")
    if cpu.is_file():
        names = [
            line.partition(":")[2].strip() for line in cpu.read_text().splitlines() if line.startswith("model name")
        ]
        facts["processor"] = names[0] if names else facts["processor"]
    if not args.no_torch:
        import torch

        facts |= {"torch": torch.__version__, "torch_threads": torch.get_num_threads()}
    return facts


def main(argv: list[str] | None = None) -> dict[str, Any]:
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # leaves PyTorch its part of a GPU's memory
    args = settings(argv)
    if jax.default_backend() not in MATRIX_SIDE:
        raise SystemExit("this benchmark compares on the CPU or a CUDA GPU: set JAX_PLATFORMS=cpu")
    results: dict[str, Any] = {"settings": vars(args), "machine": machine(args), "models": {}}
    print(", ".join(f"{key} {value}" for key, value in results["machine"].items()), flush=True)
    if jax.default_backend() == "cpu" and results["machine"]["load"] > 0.5 * cores():
        print("WARNING: other programs keep this machine busy. PyTorch's OpenMP threads suffer more from that than")
        print("gan_jax's, by far in small networks: wait until the load is low before you believe a ratio.", flush=True)
    for model in args.models:
        results["models"][model] = compare(model, args)
        print("\n" + table(model, results["models"][model]), flush=True)
    if args.out:
        Path(args.out).write_text(json.dumps(results, indent=2) + "\n")
    return results


if __name__ == "__main__":
    main()
