"""What a run would cost on a machine that is not at hand: memory, traffic, time, and whether it fits."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
from absl.flags import FlagValues

from gan_jax.command.flags import Flags
from gan_jax.evaluators.evaluation_step import evaluation_step, given_shapes
from gan_jax.game import Phase
from gan_jax.planning.found import Plan
from gan_jax.planning.machines import Machine, parse_topology
from gan_jax.planning.own_process import call_in_own_process
from gan_jax.planning.page import page, scaling_table
from gan_jax.planning.planned import plan_program, rounds_by_phase
from gan_jax.planning.plot import plot_scaling
from gan_jax.planning.programs import devices_of, require_libtpu, sample_step, train_step
from gan_jax.planning.simulation import simulate_devices
from gan_jax.runtime.mesh import make_mesh, nearest_batches
from gan_jax.runtime.writers.atomic import write_atomically
from gan_jax.setup.setup import Setup

WHAT = ("train", "sample", "evaluate")
INSTEAD = {
    "steps": "--config.steps={}",
    "num": "--config.batch_size={}",
    "workdir": "--out=FILE.json",
    "recipes": "--what=evaluate --config.evaluate.recipes={}",
}


def declare(flags: Flags) -> None:
    """What `gan_jax plan` takes."""
    flags.group("What is planned")
    flags.config("The run.", needed="ssgan_imagenet")
    flags.listed(
        "topology",
        None,
        "Machines such as v3:8x8, v4:4x4x4, gpu:8xh100, cpu:8; v3:2x2@128 with a batch size of its own.",
        "v3:8x8",
        needed=True,
    )
    flags.one_of("what", "train", WHAT, "Which program.")
    flags.path("out", None, "A JSON file, and for several machines a plot beside it.")
    flags.machine(processes=False)


def run(values: FlagValues) -> int | None:
    """Plays `gan_jax plan`. -> 3 where a machine is too small: scripts ask, and errors have 1."""
    simulate_devices(values.topology)
    found = plan(values.config, values.topology, values.what, values.out)
    return None if all(each.fits for each in found) else 3


def plan(config: Any, topologies: Sequence[str], what: str = "train", out: str | Path | None = None) -> list[Plan]:
    """Plans a run for each topology, prints a page for each and a table at the end. -> the plans.

    topologies: such as "v3:8x8"; a batch size of its own behind an @, "v3:2x2@128", for weak scaling.
    what: "train" (a round, of each phase of a growing run), "sample" (a batch of images), or "evaluate" (a batch of
    images drawn and put through the networks of the config's recipes).
    out: a file for the same as JSON; for several topologies with a plot of the scaling beside it, as .png.
    Raises ValueError for unknown topologies and batches they do not divide, RuntimeError where the compiler fails or is
    not there. A machine that is too small is no error: the plan says how far over the run is. The command then ends with
    status 3.
    """
    if what not in WHAT:
        raise ValueError(f"a plan is for {', '.join(WHAT)}, not for {what!r}")
    if out is not None:
        out = Path(out).expanduser()
        if out.suffix != ".json" or out.is_dir():
            raise ValueError(f"a plan is written to a .json file, such as --out=plan.json, not to {out}")
    setup = Setup.of(config)
    wanted = [_split(text) for text in topologies]
    plans = []
    for machine, batch_size in wanted:
        changed = setup if batch_size is None else setup.changed(batch_size=batch_size)
        if machine.platform == "tpu":
            require_libtpu()
            found = call_in_own_process(machine.text, plan_machine, changed.config, machine, what)
        else:
            try:
                found = plan_machine(changed.config, machine, what)
            except ValueError as error:
                kept = f". {out} holds what came before" if out is not None and plans else ""
                raise ValueError(
                    f"{machine.text}: {error}. A batch of its own stands behind an @, as in {machine.text}@512{kept}"
                ) from error
        for each in found:
            print(page(each), flush=True)
        plans += found
        if out is not None:
            write_atomically(out, (json.dumps([each.as_json() for each in plans], indent=1) + "\n").encode())
    if len(plans) > 1:
        print(scaling_table(plans), flush=True)
        if out is not None:
            plot_scaling(plans, out.with_suffix(".png"))
    return plans


def _split(text: str) -> tuple[Machine, int | None]:
    name, _, batch = text.partition("@")
    if batch and not batch.isdigit():
        raise ValueError(f"a batch size behind a topology is a number, such as v3:2x2@128, not {batch!r}")
    return parse_topology(name), int(batch) if batch else None


def plan_machine(config: Mapping[str, Any], machine: Machine, what: str) -> list[Plan]:
    """The plans for one machine: one for each phase of training; of drawing or evaluating, for the last. config: resolved."""
    setup = Setup.of(config)
    by_model = machine.platform == "gpu"  # no CUDA compiler is asked: the program of one CPU device, and the roofline
    devices = jax.devices()[:1] if by_model else devices_of(machine)
    count = machine.count if by_model else len(devices)
    share = _share(setup, count) if by_model else setup
    mesh = make_mesh(share.mesh.data, share.mesh.fsdp, devices)
    phases = rounds_by_phase(share.stretches)
    plans = []
    for phase in phases if what == "train" else [*phases][-1:]:
        step, arguments, state, batch_size = _program(share, what, phase, mesh)
        found = plan_program(
            step,
            arguments,
            mesh,
            machine=machine,
            devices=count,
            what=what,
            phase=phase,
            rounds=phases[phase],
            batch_size=batch_size * (count // mesh.size),  # one device's program stands for all GPUs
            state=state,
        )
        plans.append(dataclasses.replace(found, shape=phase.shape) if len(phases) > 1 else found)
    return plans


def _share(setup: Setup, count: int) -> Setup:
    """One of so many GPUs' part of a run, as a run of its own."""
    sizes = {each.phase.batch_size for each in setup.stretches}
    for batch_size in sizes:
        if batch_size % count:
            near = nearest_batches(batch_size, count)
            raise ValueError(f"a batch of {batch_size} cannot be split evenly over {count} GPUs: use {near}")
    config, own = setup.config, -(-setup.evaluate.batch_size // count)
    blocks = [
        {**block, "batch_size": block["batch_size"] // count} if "batch_size" in block else block
        for block in config.get("stretches", ())
    ]
    return setup.changed(
        batch_size=config["batch_size"] // count,
        mesh={"data": 1, "fsdp": 1},
        evaluate={**config.get("evaluate", {}), "batch_size": own},
        **({"stretches": tuple(blocks)} if blocks else {}),
    )


def _program(setup: Setup, what: str, phase: Phase, mesh: jax.sharding.Mesh) -> tuple[Any, tuple, Any, int]:
    """(the jitted step, its arguments as shapes, the game's state as shapes, images a step)."""
    method, n = setup.method, phase.batch_size
    step, arguments = train_step(method, phase, mesh)
    state = arguments[0]
    if what == "sample":
        sampler = jax.eval_shape(lambda state: next(iter(method.samplers(state, phase).values())), state)
        given = given_shapes(sampler, method, phase, n)
        step, arguments = sample_step(method, phase, n, mesh, state, given)
    elif what == "evaluate":
        recipes, batch_size = setup.evaluate.recipes, setup.evaluate.batch_size
        step, arguments, n = evaluation_step(recipes, batch_size, method, phase, mesh, state)
    return step, arguments, state, n
