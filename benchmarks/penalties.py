"""R1 + R2 exactly and by finite differences: what a round costs with each, and how far the cheaper one is from the exact one.

    JAX_PLATFORMS=cpu python benchmarks/penalties.py [--config configs/r3gan_faces.py] [--rounds 50] [--turns 8]

Rounds of all variants take turns in one process. The effect is looked at after some rounds with the exact penalty: the
estimate over the exact penalty, and the angle between their gradients by D's weights, each over several draws of directions.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # to run from a checkout

from gan_jax import game  # noqa: E402
from gan_jax.losses import relativistic  # noqa: E402
from gan_jax.methods.adversarial import Adversarial  # noqa: E402
from gan_jax.nn.compiling import compiled  # noqa: E402
from gan_jax.regularizers.finite_difference import finite_difference  # noqa: E402
from gan_jax.regularizers.gradient_penalty import r1, r2  # noqa: E402
from gan_jax.setup.config_files import load_config  # noqa: E402
from gan_jax.setup.setup import Setup  # noqa: E402
from gan_jax.types import Play, TrainState, weight_at  # noqa: E402

ONE_IN = (4, 1)


def variants(method: Adversarial) -> dict[str, Adversarial]:
    """The config's game with its exact penalties, without any, and with the estimate at the same gamma."""
    if method.regularizers.keys() != {"r1", "r2"}:
        raise SystemExit(
            f"the config has r1 and r2 and no other regulariser; this one has {sorted(method.regularizers)}"
        )
    gamma = method.regularizers["r1"].gamma
    found = {"exact": method, "none": dataclasses.replace(method, regularizers={})}
    for n in ONE_IN:
        penalty = {"finite_difference": finite_difference(gamma, one_in=n)}
        found[f"differences, one in {n}"] = dataclasses.replace(method, regularizers=penalty)
    return found


def costs(
    methods: Mapping[str, Adversarial], batch: Mapping[str, jax.Array], turns: int
) -> dict[str, dict[str, float]]:
    """Seconds a round by the clock and of the processor, medians over turns."""
    phase = methods["exact"].stretches[0].phase
    steps = {name: compiled(lambda s, b, m=m: m.step(s, b, phase)) for name, m in methods.items()}
    states = {name: m.init(jax.random.key(0)) for name, m in methods.items()}
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in methods}
    for turn in range(turns + 1):
        for name in list(methods)[:: 1 if turn % 2 else -1]:
            clock, processor = time.perf_counter(), time.process_time()
            states[name] = jax.block_until_ready(steps[name](states[name], batch)[0])
            if turn:  # the first one compiles
                seconds[name].append((time.perf_counter() - clock, time.process_time() - processor))
    return {
        name: dict(zip(("clock", "processor"), np.median(each, axis=0).tolist(), strict=True))
        for name, each in seconds.items()
    }


def trained(method: Adversarial, setup: Setup, rounds: int) -> tuple[TrainState, Mapping[str, jax.Array]]:
    """The state after some rounds on the config's data, and one more batch."""
    phase = method.stretches[0].phase
    step, state = compiled(lambda s, b: method.step(s, b, phase)), method.init(jax.random.key(0))
    batches = setup.batches(setup.source())
    for t in range(rounds):
        state, _ = step(state, _one(batches.at(t), method))
    return state, _one(batches.at(rounds), method)


def _one(batch: Any, method: Adversarial) -> dict[str, jax.Array]:
    return {key: jnp.asarray(batch[key]) for key in method.batch(method.stretches[0].phase)}


def effect(method: Adversarial, state: TrainState, batch: Mapping[str, jax.Array], draws: int) -> dict[str, Any]:
    """By estimate: its values over the exact one, and the cosines of its gradients with the exact one's."""
    params = {name: state.networks[name].params for name in ("generator", "discriminator")}
    real = {key: leaf[0] for key, leaf in batch.items()}
    label = real.get("label")
    z = method.latents.draw(jax.random.key(1), real["image"].shape[0])
    fake = jax.jit(method.generator.apply)({"params": params["generator"]}, z, label)
    clock = game.clock(method.stretches, state.step)

    def gradient(penalties: list, dtype: Any) -> Callable:
        module = method.discriminator.clone(dtype=dtype)

        def loss(p: Any, key: jax.Array) -> jax.Array:
            judge = lambda x, label=None: module.apply({"params": p}, x, label, train=True)
            images = {"image": fake} | ({} if label is None else {"label": label})
            verdicts = judge(real["image"], label), judge(fake, label)
            play = Play(
                {"discriminator": judge}, real, {"z": z}, images, *verdicts, key, clock, jnp.zeros((), jnp.int32), _none
            )
            return sum(penalty.discriminator(play, ()).loss for penalty in penalties)

        def flat(p: Any, key: jax.Array) -> tuple[jax.Array, jax.Array]:
            value, slope = jax.value_and_grad(loss)(p, key)
            return value, jnp.concatenate([leaf.ravel() for leaf in jax.tree.leaves(slope)])

        return compiled(flat)

    gamma = float(weight_at(method.regularizers["r1"].gamma, clock))
    exact, slope = gradient([r1(gamma), r2(gamma)], None)(params["discriminator"], jax.random.key(0))
    found = {"exact": float(exact)}
    for n in ONE_IN:
        for dtype in (None, jnp.bfloat16):
            of = gradient([finite_difference(gamma, one_in=n)], dtype)
            values, cosines = [], []
            for draw in range(draws):
                value, other = of(params["discriminator"], jax.random.key(draw))
                values.append(float(value / exact))
                cosines.append(float(other @ slope / jnp.linalg.norm(other) / jnp.linalg.norm(slope)))
            name = f"one in {n}, {'float32' if dtype is None else 'bfloat16'}"
            summary = {"mean": np.mean(values), "spread": np.std(values), "cosine": np.mean(cosines)}
            found[name] = {key: float(value) for key, value in summary.items()}
    return found


def _none(real: jax.Array, fake: jax.Array) -> jax.Array:
    return relativistic().discriminator(real, fake, ()).loss


def main(argv: list[str] | None = None) -> dict[str, Any]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", default=str(ROOT / "configs" / "r3gan_faces.py"))
    parser.add_argument("--rounds", type=int, default=50, help="rounds before the effect is looked at")
    parser.add_argument("--turns", type=int, default=8, help="rounds timed of each variant")
    parser.add_argument("--draws", type=int, default=16, help="draws of directions")
    args = parser.parse_args(argv)
    setup = Setup.of(load_config(args.config))
    state, batch = trained(setup.method, setup, args.rounds)
    results = {"effect": effect(setup.method, state, batch, args.draws)}
    print(json.dumps(results, indent=2), flush=True)
    results["cost"] = costs(variants(setup.method), batch, args.turns)
    results["load"] = os.getloadavg()[0]
    print(json.dumps({key: results[key] for key in ("cost", "load")}, indent=2))
    return results


if __name__ == "__main__":
    main()
