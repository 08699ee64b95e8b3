"""Milliseconds a round of whole training runs with one and with several rounds a dispatch, alternating in one process.

JAX_PLATFORMS=cpu python benchmarks/rounds_a_dispatch.py --config=configs/gan_ring.py --rounds=500 --turns=10
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import tempfile
import time
from pathlib import Path

import jax
import numpy as np

from gan_jax.run.training import Training
from gan_jax.setup.config_files import load_config

_SHARES = ("time/input", "time/host", "time/device")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", default="configs/gan_ring.py")
    parser.add_argument("--lengths", type=int, nargs="+", default=[1, 10, 50], help="rounds_a_dispatch, the first is 1")
    parser.add_argument("--rounds", type=int, default=500, help="of a turn")
    parser.add_argument("--turns", type=int, default=10)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stderr(io.StringIO()))  # the progress lines
        with contextlib.redirect_stdout(io.StringIO()):
            runs = {n: stack.enter_context(_run(options.config, n, Path(folder) / str(n))) for n in options.lengths}
        milliseconds = {n: [] for n in runs}
        for turn in range(options.turns + 1):
            for n in options.lengths[:: 1 if turn % 2 else -1]:
                began = time.perf_counter()
                runs[n].play((turn + 1) * options.rounds)
                if turn:  # the first compiles
                    milliseconds[n].append(1000 * (time.perf_counter() - began) / options.rounds)
        for n, run in runs.items():
            lines = [json.loads(line) for line in (run.workdir / "metrics.jsonl").read_text().splitlines()]
            timed = [line for line in lines if line["step"] > options.rounds and "time/host" in line]
            shares = ", ".join(f"{name} {np.mean([line[name] for line in timed]):.0%}" for name in _SHARES)
            faster = np.percentile(np.divide(milliseconds[options.lengths[0]], milliseconds[n]), [50, 25, 75])
            print(
                f"{n} rounds a dispatch: {np.median(milliseconds[n]):.3g} ms a round (min {min(milliseconds[n]):.3g}), "
                "speed {:.2f} ({:.2f} to {:.2f}); ".format(*faster)
                + shares
            )
        print("the same state:", len({run.digest() for run in runs.values()}) == 1, jax.devices()[0].device_kind)


def _run(path: str, length: int, workdir: Path) -> Training:
    config = load_config(path)
    config.rounds_a_dispatch = length
    config.log.samples_every = config.checkpoint.every = 10**6  # only a turn's end is saved, whatever the length
    return Training(config, workdir)


if __name__ == "__main__":
    main()
