"""What the tests of the runtime share: a small state of every kind of leaf, and programs in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import optax
import pytest

from gan_jax.types import Network, TrainState

ROOT = Path(__file__).resolve().parents[2]


def state_of(seed: int, width: int = 8) -> TrainState:
    """A TrainState with tuples, named tuples, empty tuples, empty arrays, bfloat16 and typed keys of two kinds."""
    keys = jax.random.split(jax.random.key(seed), 4)
    params = {
        "Dense_0": {"kernel": jax.random.normal(keys[0], (4, width)), "bias": jnp.zeros(width)},
        "half": jnp.ones((3,), jnp.bfloat16) / 3,
    }
    tx = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(1e-3))
    network = Network(
        params=params,
        stats={"batch_stats": {"mean": jax.random.normal(keys[1], (width,))}},
        opt_state=tx.init(params),
        ema={"params": jax.tree.map(lambda leaf: leaf + 1, params), "stats": {}},
    )
    memory = {
        "loss": (jnp.float32(0.5), ()),
        "nothing": (),
        "empty": jnp.zeros((0, 3)),
        "keys": jax.random.split(jax.random.key(seed, impl="rbg"), 3),
    }
    return TrainState(step=jnp.int32(seed), key=keys[2], networks={"generator": network}, memory=memory)


@pytest.fixture
def make_state():
    return state_of


@pytest.fixture
def environment():
    """Variables for a process of its own that finds this package and has this many CPU devices."""

    def of(devices: int = 1, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("JAX_", "SLURM_", "TPU_"))}
        paths = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
        flags = f"--xla_force_host_platform_device_count={devices}"
        return {**kept, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags, "PYTHONPATH": paths, **more}

    return of


@pytest.fixture
def run_program(environment):
    """Runs Python text with arguments and returns what it printed; fails with its stderr."""

    def run(program: str, *arguments: object, devices: int = 1, **more: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", program, *map(str, arguments)],
            env=environment(devices, **more),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    return run
