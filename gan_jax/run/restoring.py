"""A run's checkpoint, whole: the state, and the game it belongs to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from gan_jax.run import setup as build
from gan_jax.run.work_folder import read_config
from gan_jax.runtime.checkpoints import Checkpoints
from gan_jax.runtime.mesh import make_mesh, state_template
from gan_jax.types import Batch, Method, Phase, TrainState


class Restored(NamedTuple):
    """What `restore` found."""

    step: int
    config: dict[str, Any]  # resolved
    method: Method
    phase: Phase
    state: TrainState


def saved_steps(workdir: str | Path) -> list[int]:
    """The steps of a run's checkpoints, oldest first."""
    return Checkpoints(Path(workdir).expanduser() / "checkpoints").steps()


def restore(workdir: str | Path, step: int | None = None) -> Restored:
    """A run's newest checkpoint, or the one at `step`, on the devices of `mesh_for`.

    Raises FileNotFoundError where the folder holds no run or no checkpoint.
    """
    workdir = Path(workdir).expanduser()
    config = build.resolve(read_config(workdir))
    method = build.method(config)
    (phase,) = method.phases
    abstract = jax.eval_shape(lambda: method.init(jax.random.key(0), _blank(config)))
    restored = Checkpoints(workdir / "checkpoints").restore(state_template(abstract, mesh_for(config)), step)
    if restored is None:
        raise FileNotFoundError(f"there is no checkpoint in {workdir / 'checkpoints'} yet: train first")
    found, state = restored
    return Restored(found, config, method, phase, state)


def mesh_for(config: Mapping[str, Any]) -> jax.sharding.Mesh:
    """All devices here, splitting the state as the run did, as far as that divides their number. config: resolved.

    So a state that one device could not hold is loaded by several, and one device loads a smaller one whole.
    """
    devices, fsdp = jax.device_count(), config["mesh"]["fsdp"]
    return make_mesh(fsdp=devices if fsdp == -1 else math.gcd(fsdp, devices))


def _blank(config: Any) -> Batch:
    """A round's batch of zeros, for its shapes."""
    rows = (config["method"].get("d_steps", 1), config["batch_size"])
    return {"image": jnp.zeros((*rows, *config["data"]["shape"])), "label": jnp.zeros(rows, jnp.int32)}
