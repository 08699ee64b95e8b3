"""Where a run begins: at its newest checkpoint, or with new networks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
from clu import parameter_overview

from gan_jax.runtime.checkpoints import Checkpoints
from gan_jax.runtime.mesh import state_shardings, state_template
from gan_jax.types import Batch, Method, PyTree, TrainState


class Blueprint(NamedTuple):
    """A state before it is made: its shapes, laid over the mesh, and how to make it."""

    template: PyTree  # of jax.ShapeDtypeStruct
    shardings: PyTree
    make: Callable[[], TrainState]


def blueprint(method: Method, example: Batch, seed: int, mesh: jax.sharding.Mesh) -> Blueprint:
    """The state of a run at round 0. example: a round's batch, of which only the shapes matter."""

    def init(key: jax.Array) -> TrainState:
        return method.init(key, {name: jnp.zeros(leaf.shape, leaf.dtype) for name, leaf in example.items()})

    key = jax.random.key(seed)
    abstract = jax.eval_shape(init, key)
    shardings = state_shardings(abstract, mesh)

    def make() -> TrainState:
        with jax.set_mesh(mesh):
            return jax.jit(init, out_shardings=shardings)(key)

    return Blueprint(state_template(abstract, mesh), shardings, make)


def begin(planned: Blueprint, checkpoints: Checkpoints) -> tuple[int, TrainState]:
    """(step, state) of the newest checkpoint, or 0 and a new state."""
    return checkpoints.restore(planned.template) or (0, planned.make())


def introduction(state: TrainState, mesh: jax.sharding.Mesh, workdir: Path) -> str:
    """What a run consists of, in two lines."""
    counts = [
        f"{name} {parameter_overview.count_parameters(network.params):,}" for name, network in state.networks.items()
    ]
    devices = jax.devices()
    return (
        f"parameters: {', '.join(counts)}\n"
        f"devices: {len(devices)} x {devices[0].device_kind}, mesh {dict(mesh.shape)}, "
        f"processes: {jax.process_count()}; work folder {workdir}"
    )
