"""Grouped 3 x 3 convolutions beside PyTorch's: forward, with both gradients, within `lax.scan`, with a gradient penalty.

    JAX_PLATFORMS=cpu OMP_WAIT_POLICY=passive python benchmarks/grouped_conv.py [--no-torch] [--sizes 16,32,192,12 ...]

On CPUs. Milliseconds of the clock and of the processor (all threads), the least of the turns; the libraries take turns.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # to run from a checkout

from gan_jax.nn.compiling import compiled  # noqa: E402
from gan_jax.nn.conv.by_platform import Geometry, xla_conv  # noqa: E402
from gan_jax.nn.conv.convolution import conv  # noqa: E402

# images, side, channels in and out, groups: R3GAN's inner widths of 192, 384 and 1536 channels, and a small net's
SIZES = ("16,32,192,12", "16,16,384,24", "16,8,1536,96", "64,16,128,8")
PLAIN = Geometry((1, 1), ((1, 1), (1, 1)), (1, 1), (1, 1))


def in_jax(x: np.ndarray, kernel: np.ndarray, dy: np.ndarray, groups: int) -> dict[str, Callable]:
    """Name -> a function of no argument that computes and waits."""
    x, kernel, dy = map(jnp.asarray, (x, kernel, dy))
    ours = lambda x, kernel: conv(x, kernel, groups=groups)
    loss = lambda x, kernel: jnp.vdot(jnp.square(ours(x, kernel)), dy)
    both = lambda x, kernel: jax.value_and_grad(loss, (0, 1))(x, kernel)
    penalty = lambda x, kernel: jnp.sum(jnp.square(jax.grad(loss)(x, kernel)))

    def twice(x, kernel):
        step = lambda kernel, _: (kernel - 1e-6 * both(x, kernel)[1][1], None)
        return lax.scan(step, kernel, None, length=2)[0]

    programs = {
        "XLA's own, forward": lambda x, kernel: xla_conv(x, kernel, PLAIN, groups),
        "forward": ours,
        "forward, both gradients": both,
        "the same twice in scan": twice,
        "gradients of a penalty": jax.grad(penalty, (0, 1)),
    }
    call = lambda program: lambda: jax.block_until_ready(program(x, kernel))
    return {name: call(compiled(program)) for name, program in programs.items()}


def in_torch(x: np.ndarray, kernel: np.ndarray, dy: np.ndarray, groups: int) -> dict[str, Callable]:
    import torch

    layout = torch.channels_last  # the faster one of its two for these
    first = lambda a: torch.tensor(np.moveaxis(a, -1, 1)).contiguous(memory_format=layout)
    images, weights = (
        first(x).requires_grad_(),
        torch.tensor(np.transpose(kernel, (3, 2, 0, 1)).copy(), requires_grad=True),
    )
    out = first(dy)
    ours = lambda: torch.nn.functional.conv2d(images, weights, padding=1, groups=groups)
    loss = lambda: (ours().square() * out).sum()

    def forward() -> None:
        with torch.no_grad():
            ours()

    def penalty() -> Any:
        (slope,) = torch.autograd.grad(loss(), images, create_graph=True)
        return torch.autograd.grad(slope.square().sum(), (images, weights))

    both = lambda: torch.autograd.grad(loss(), (images, weights))
    return {
        "PyTorch, forward": forward,
        "PyTorch, forward, both gradients": both,
        "PyTorch, gradients of a penalty": penalty,
    }


def least(players: dict[str, Callable], turns: int) -> dict[str, tuple[float, float]]:
    """Milliseconds by the clock and of the processor."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in players}
    for play in players.values():
        play()
    for turn in range(turns):
        for name in list(players)[:: 1 if turn % 2 else -1]:
            clock, processor = time.perf_counter(), time.process_time()
            players[name]()
            found[name].append((time.perf_counter() - clock, time.process_time() - processor))
    return {name: tuple((1000 * np.min(each, axis=0)).tolist()) for name, each in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", default=SIZES, help="images,side,channels,groups")
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--no-torch", action="store_true")
    options = parser.parse_args()
    for size in options.sizes:
        n, side, channels, groups = map(int, size.split(","))
        rng = np.random.default_rng(0)
        x, dy = rng.normal(size=(2, n, side, side, channels)).astype(np.float32)
        kernel = rng.normal(size=(3, 3, channels // groups, channels)).astype(np.float32)
        players = in_jax(x, kernel, dy, groups)
        if not options.no_torch:
            players |= in_torch(x, kernel, dy, groups)
        print(f"{n} x {side} x {side}, {channels} channels in {groups} groups", flush=True)
        for name, (clock, processor) in least(players, options.turns).items():
            print(f"  {name:36}{clock:8.1f} ms{processor:8.1f} ms of the processor", flush=True)


if __name__ == "__main__":
    main()
