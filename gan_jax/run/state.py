"""The state of a run: where it begins, at its newest checkpoint or with new networks, and what later reads find.

A frozen network is in no checkpoint: it is loaded again, and its hash, which the work folder keeps, must be the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from clu import parameter_overview

from gan_jax.game import Method, Phase, images_before, stretch_after
from gan_jax.nn.compiling import compiled
from gan_jax.run.work_folder import OF_A_HOST, is_saved, read_config, read_found, read_run, require_alike
from gan_jax.runtime.checkpoints.checkpoints import CheckpointMisplaced, Checkpoints
from gan_jax.runtime.checkpoints.digest import state_digest
from gan_jax.runtime.checkpoints.leaves import described, differences, named_leaves
from gan_jax.runtime.mesh import make_mesh, replicate, state_shardings, state_template
from gan_jax.runtime.processes.processes import fetch
from gan_jax.runtime.storage import at
from gan_jax.setup.construct import ConfigError
from gan_jax.setup.extension import at_rest
from gan_jax.setup.setup import Setup
from gan_jax.types import PyTree, TrainState


class Blueprint(NamedTuple):
    """A state before it is made: its shapes, laid over the mesh, and how to make it."""

    template: PyTree  # of jax.ShapeDtypeStruct, frozen networks included
    shardings: PyTree
    make: Callable[[], TrainState]  # at round 0
    restore: Callable[
        ..., tuple[int, TrainState] | None
    ]  # (checkpoints, step) -> (step, state), None where there is none
    frozen: dict[str, str]  # the hash of each frozen network


def blueprint(method: Method, seed: int, mesh: jax.sharding.Mesh) -> Blueprint:
    """The state of a run. Frozen networks are loaded here; raises what their loading raises."""
    key = jax.random.key(seed)
    abstract = jax.eval_shape(method.init, key)
    frozen = _loaded(method, abstract)
    shardings = state_shardings(abstract, mesh)
    trained = state_template(abstract.replace(frozen={}), mesh)

    def whole(state: TrainState) -> TrainState:
        return state.replace(frozen=replicate(frozen, mesh)) if frozen else state

    def make() -> TrainState:
        init = lambda key: method.init(key).replace(frozen={})
        with jax.set_mesh(mesh):
            return whole(compiled(init, quick=True, out_shardings=shardings.replace(frozen={}))(key))

    def restore(checkpoints: Checkpoints, step: int | None = None) -> tuple[int, TrainState] | None:
        found = checkpoints.restore(trained, step, earlier=_earlier_names)
        if found is None:
            return None
        if (played := int(fetch(found[1].step))) != found[0]:  # of a version that did not write it into the manifest
            raise CheckpointMisplaced(
                f"{checkpoints.directory / str(found[0])} holds the checkpoint of step {played}: it was renamed or copied. "
                f"Nothing was changed. Call it {played} again, or move it away"
            )
        return found[0], whole(found[1])

    hashes = {name: state_digest(variables) for name, variables in frozen.items()}
    return Blueprint(state_template(abstract, mesh), shardings, make, restore, hashes)


def introduction(state: TrainState, mesh: jax.sharding.Mesh, workdir: Path) -> str:
    """What a run consists of, in two lines."""
    counts = [
        f"{name} {parameter_overview.count_parameters(network.params):,}" for name, network in state.networks.items()
    ]
    counts += [f"{name} (frozen)" for name in state.frozen]
    devices = jax.devices()
    return (
        f"parameters: {', '.join(counts)}\n"
        f"devices: {len(devices)} x {devices[0].device_kind}, mesh {dict(mesh.shape)}, "
        f"processes: {jax.process_count()}; work folder {workdir}"
    )


def nothing_to_learn(setup: Setup, step: int) -> str | None:
    """A sentence where a player's learning rate is 0 from round `step` to the end; None where all may learn."""
    images = images_before(setup.stretches, setup.steps) / setup.steps
    if step >= setup.steps or not (players := at_rest(setup.config, step, images)):
        return None
    return (
        f"the learning rate of {' and '.join(players)} is 0 from round {step} on, so that the {setup.steps - step:,} rounds "
        "that remain change nothing there; --schedule=stretch spreads a schedule over the longer run"
    )


class Restored(NamedTuple):
    """What `restore` found."""

    step: int
    setup: Setup
    phase: Phase  # of the last round played
    state: TrainState


def saved_steps(workdir: str | Path) -> list[int]:
    """The steps of a run's checkpoints, oldest first."""
    return Checkpoints(at(workdir) / "checkpoints").steps()


def where_it_goes_on(workdir: str | Path) -> str:
    """What the command of a run does next, as the end of a sentence."""
    saved = saved_steps(workdir)
    return f"goes on from step {saved[-1]}, the newest that is saved" if saved else "begins at round 0: none is saved"


def restore(workdir: str | Path, step: int | None = None) -> Restored:
    """A run's newest checkpoint, or the one at `step`, on the devices of `mesh_for`.

    Raises FileNotFoundError where the folder holds no run or no checkpoint, CheckpointMisplaced where the checkpoint is of
    another step or run than its place says, and ConfigError where a frozen network is another than the run was trained with.
    """
    workdir = at(workdir)
    config = read_config(workdir)
    require_alike({**config, "step": step}, "run", OF_A_HOST)
    setup = Setup.of(config)
    planned = blueprint(setup.method, setup.seed, mesh_for(setup))
    before = read_found(workdir).get("frozen", {})
    for name, now in planned.frozen.items():
        if name in before and before[name] != now:
            raise ConfigError(
                f"{workdir} was trained with other weights of {name} ({before[name][:12]}) than are here ({now[:12]})"
            )
    restored = planned.restore(Checkpoints(workdir / "checkpoints", run=read_run(workdir)), step)
    if restored is None and is_saved(workdir):
        raise FileNotFoundError(
            f"the run in {workdir} has written checkpoints, and none is there any more: put the folder checkpoints back"
        )
    if restored is None:
        raise FileNotFoundError(f"there is no checkpoint in {workdir / 'checkpoints'} yet: train first")
    found, state = restored
    return Restored(found, setup, stretch_after(setup.stretches, found).phase, state)


def mesh_for(setup: Setup) -> jax.sharding.Mesh:
    """All devices here, splitting the state as the run did, as far as that divides their number.

    So a state that one device could not hold is loaded by several, and one device loads a smaller one whole.
    """
    devices, fsdp = jax.device_count(), setup.mesh.fsdp
    return make_mesh(fsdp=devices if fsdp == -1 else math.gcd(fsdp, devices))


def _loaded(method: Method, abstract: TrainState) -> dict[str, PyTree]:
    """The frozen networks' variables, which must have the shapes that the method expects."""
    loaded = {name: jax.tree.map(np.asarray, variables) for name, variables in method.load().items()}
    if lines := differences(described(named_leaves(loaded)), described(named_leaves(dict(abstract.frozen)))):
        raise ConfigError("the frozen networks' weights do not fit:\n  " + "\n  ".join(lines))
    return loaded


def _earlier_names(name: str) -> str | None:
    """What a leaf of a checkpoint of version 0.1 is called today; None for one that is no more.

    Schedules counted updates of their optimiser then; ADA's probability stood among BatchNorm's statistics.
    """
    if name.endswith("augment_probability"):
        return name.replace(".batch_stats.", ".adaptive.")
    return None if ".opt_state." in name and name.endswith("count") and not name.endswith(_ADAM_COUNT) else name


_ADAM_COUNT = "0.count"  # scale_by_adam's, which stands before the schedule's
