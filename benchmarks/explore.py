"""Milliseconds from a slider of `gan_jax explore` to its picture: scene to PNG, of generators with random weights.

JAX_PLATFORMS=cpu python benchmarks/explore.py --size=64 --widths=64,128,256,512
"""

from __future__ import annotations

import argparse
import time

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.analysis.scenes import Studio
from gan_jax.architectures import stylegan2
from gan_jax.explore.answers import Answers
from gan_jax.latents import normal
from gan_jax.methods.samplers import GeneratorSampler
from gan_jax.nn.compiling import compiled


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=64, help="pixels a side")
    parser.add_argument("--widths", default="64,256,512", help="channels of the widest layers, one generator each")
    parser.add_argument("--turns", type=int, default=40, help="pictures timed")
    options = parser.parse_args()
    for width in map(int, options.widths.split(",")):
        answers = Answers(Studio(_sampler(options.size, width)), "random", "")
        began = time.perf_counter()
        answers.picture({"scene": {}})
        first = time.perf_counter() - began
        milliseconds, busy = [], []
        for turn in range(options.turns):
            scene = {"truncation": turn / options.turns, "other": [0, 1], "between": turn / options.turns}
            scene["layers"] = {"synthesis/block1": {"remove": [turn % width]}}
            began, used = time.perf_counter(), time.process_time()
            answers.picture({"scene": scene})
            milliseconds.append(1000 * (time.perf_counter() - began))
            busy.append(1000 * (time.process_time() - used))
        quartiles = ", ".join(f"{each:.0f}" for each in np.percentile(milliseconds, (25, 75)))
        core = np.median(busy)
        print(
            f"StyleGAN2, {options.size} x {options.size}, {width} channels at most: median "
            f"{np.median(milliseconds):.0f} ms (quartiles {quartiles}), {core:.0f} ms of a core; the first {first:.1f} s",
            flush=True,
        )


def _sampler(size: int, width: int) -> GeneratorSampler:
    net = stylegan2.Generator((size, size, 3), channel_base=32 * width, channel_max=width)
    init = compiled(
        lambda: net.init({"params": jax.random.key(0), "noise": jax.random.key(1)}, jnp.zeros((1, 512))), True
    )
    return GeneratorSampler(net, init(), normal(512))


if __name__ == "__main__":
    main()
