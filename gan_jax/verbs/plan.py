"""What a run would cost on a machine that is not at hand: memory, traffic, time, and whether it fits."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
from absl.flags import FlagValues

from gan_jax.command.flags import Flags
from gan_jax.evaluators.evaluation_step import evaluation_step, given_shapes
from gan_jax.game import Phase, Stretch
from gan_jax.planning.apart import call_apart
from gan_jax.planning.estimate import ring_bytes, roofline
from gan_jax.planning.hlo import read_program
from gan_jax.planning.machines import KINDS, Machine, parse_topology
from gan_jax.planning.page import page, scaling_table
from gan_jax.planning.plot import plot_scaling
from gan_jax.planning.programs import (
    Compiled,
    TooLarge,
    compile_program,
    devices_of,
    require_libtpu,
    sample_step,
    train_step,
)
from gan_jax.planning.simulation import simulate_devices
from gan_jax.run.setup import Setup
from gan_jax.runtime.atomic import write_atomically
from gan_jax.runtime.mesh import make_mesh, nearest_batches

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
        needed="v3:8x8",
    )
    flags.one_of("what", "train", WHAT, "Which program.")
    flags.path("out", None, "A JSON file, and for several machines a plot beside it.")
    flags.machine(processes=False)


def run(values: FlagValues) -> int | None:
    """Plays `gan_jax plan`. -> 3 where a machine is too small: scripts ask, and errors have 1."""
    simulate_devices(values.topology)
    found = plan(values.config, values.topology, values.what, values.out)
    return None if all(map(fits, found)) else 3


def plan(config: Any, topologies: Sequence[str], what: str = "train", out: str | Path | None = None) -> list[dict]:
    """Plans a run for each topology, prints a page for each and a table at the end. -> what was found, one dict each.

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
    setup = Setup.of(config)
    wanted = [_split(text) for text in topologies]
    found = []
    for machine, batch_size in wanted:
        changed = setup if batch_size is None else setup.changed(batch_size=batch_size)
        if machine.platform == "tpu":
            require_libtpu()
            planned = call_apart(machine.text, plan_machine, changed.config, machine, what)
        else:
            planned = plan_machine(changed.config, machine, what)
        for each in planned:
            print(page(each), flush=True)
        found += planned
        if out is not None:
            write_atomically(out, (json.dumps(found, indent=1) + "\n").encode())
    if len(found) > 1:
        print(scaling_table(found), flush=True)
        if out is not None:
            plot_scaling(found, Path(out).with_suffix(".png"))
    return found


def fits(found: Mapping[str, Any]) -> bool:
    """Whether a plan's program fits in the machine's memory, as far as that is known."""
    return "too_large" not in found and found.get("by_the_model", {}).get("fits", True)


def _split(text: str) -> tuple[Machine, int | None]:
    name, _, batch = text.partition("@")
    if batch and not batch.isdigit():
        raise ValueError(f"a batch size behind a topology is a number, such as v3:2x2@128, not {batch!r}")
    return parse_topology(name), int(batch) if batch else None


def plan_machine(config: Mapping[str, Any], machine: Machine, what: str) -> list[dict[str, Any]]:
    """What was found for one machine: a dict for each phase of training, or one. config: resolved."""
    setup = Setup.of(config)
    by_model = machine.platform == "gpu"  # no CUDA compiler is asked: the program of one CPU device, and the roofline
    devices = jax.devices()[:1] if by_model else devices_of(machine)
    count = machine.count if by_model else len(devices)
    share = _share(setup, count) if by_model else setup
    mesh = make_mesh(share.mesh.data, share.mesh.fsdp, devices)
    phases = [*rounds_by_phase(share.stretches).items()]
    chosen = phases if what == "train" else phases[-1:]
    return [_plan_phase(share, machine, what, count, mesh, phase, rounds) for phase, rounds in chosen]


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


def _plan_phase(
    share: Setup,
    machine: Machine,
    what: str,
    count: int,
    mesh: jax.sharding.Mesh,
    phase: Phase,
    rounds: int,
) -> dict[str, Any]:
    method = share.method
    step, arguments = train_step(method, phase, mesh)
    state = arguments[0]
    batch_size = phase.batch_size
    if what == "sample":
        sampler = jax.eval_shape(lambda state: next(iter(method.samplers(state, phase).values())), state)
        given = given_shapes(sampler, method, phase, batch_size)
        step, arguments = sample_step(method, phase, batch_size, mesh, state, given)
    elif what == "evaluate":
        recipes, n = share.evaluate.recipes, share.evaluate.batch_size
        step, arguments, batch_size = evaluation_step(recipes, n, method, phase, mesh, state)
    batch_size *= count // mesh.size  # one device's program stands for all GPUs
    found: dict[str, Any] = {
        "topology": machine.text,
        "what": what,
        "devices": count,
        "batch_size": batch_size,
        "images_a_step": batch_size * (phase.d_steps if what == "train" else 1),
        "parameters": {name: _count(network.params) for name, network in state.networks.items()},
        "bytes_of_state": _bytes(state),
    }
    try:
        compiled = compile_program(step, arguments, mesh)
    except TooLarge as error:
        found["too_large"] = {"needs": error.needs, "has": error.has}
        found["too_large"]["largest_batch"] = _largest_batch(found, error.needs, error.has, 0)
    else:
        found |= _figures(machine, found, phase, rounds, compiled)
    if len(rounds_by_phase(share.stretches)) > 1:
        found["shape"] = phase.shape
    return found


def _largest_batch(found: Mapping[str, Any], needs: float, has: float, program: float) -> int:
    """By the model: the batch's share of the memory grows with it, the state's and the program's do not."""
    fixed = found["bytes_of_state"] + program
    most = int((has - fixed) / max(needs - fixed, 1) * found["batch_size"])
    return max(0, most // found["devices"] * found["devices"])


def _figures(
    machine: Machine, known: Mapping[str, Any], phase: Phase, rounds: int, compiled: Compiled
) -> dict[str, Any]:
    count, images, parameters = known["devices"], known["images_a_step"], known["parameters"]
    program = read_program(compiled.text)
    kind = KINDS.get(machine.kind) if machine.kind else None
    reduced = sum(each.bytes for each in program.collectives.values())
    if machine.platform == "gpu" and count > 1:  # what data parallelism sums: every parameter's gradient, each update
        updates = lambda name: phase.d_steps if name == "discriminator" else phase.g_steps
        reduced = 4 * sum(n * updates(name) for name, n in parameters.items())
    found: dict[str, Any] = {
        "compile_seconds": compiled.compile_seconds,
        "by_the_compiler": {
            "bytes_of_arguments_a_device": compiled.arguments,
            "bytes_of_temporaries_a_device": compiled.temporaries,
            "bytes_of_program": compiled.program,
            "flops_a_device": compiled.flops,
            "bytes_accessed_a_device": compiled.bytes_accessed,
            "seconds_a_step": compiled.seconds,
            "cycles_a_step": program.cycles or None,
            "collectives": {name: each._asdict() for name, each in program.collectives.items()},
            "largest_collectives": program.largest,
            "host_transfers": program.host_transfers,
            "arrays_of_float64": program.float64,
        },
    }
    needed = compiled.arguments + compiled.temporaries + compiled.program
    seconds = compiled.seconds
    if kind is not None:
        sent = ring_bytes(reduced, count)
        roof = roofline(compiled.flops or 0.0, compiled.bytes_accessed or 0.0, sent, kind)
        seconds = seconds or roof.seconds
        scheduled = program.cycles / kind.clock if kind.clock else 0.0
        found["by_the_model"] = {
            "roofline": roof._asdict(),
            "memory_a_device": kind.memory,
            "bytes_over": max(0.0, needed - kind.memory),
            "fits": needed <= kind.memory,
            "largest_batch": _largest_batch(known, needed, kind.memory, compiled.program),
            "share_of_peak": (compiled.flops or 0.0) / (seconds * kind.peak_flops),
            "seconds_by_cycles": scheduled or None,
            "figures_of_the_machine": kind._asdict(),
        }
        seconds = max(seconds, scheduled)  # what is promised is the slower
    if seconds:
        found["images_a_second"] = images / seconds
        found["hours"] = rounds * seconds / 3600 if known["what"] == "train" else None
        if kind is not None:
            found["images_a_second_and_host"] = images / seconds / max(1, -(-count // kind.per_host))
    return found


def rounds_by_phase(stretches: Sequence[Stretch]) -> dict[Phase, int]:
    """How many rounds of a run are played in each of its phases, in the order in which they first come."""
    found: dict[Phase, int] = {}
    for each in stretches:
        found[each.phase] = found.get(each.phase, 0) + each.stop - each.start
    return found


def _count(tree: Any) -> int:
    return sum(leaf.size for leaf in jax.tree.leaves(tree))


def _bytes(tree: Any) -> int:
    """Bytes of a device's part."""
    total = 0
    for leaf in jax.tree.leaves(tree):
        shape = leaf.sharding.shard_shape(leaf.shape) if leaf.sharding is not None else leaf.shape
        size = 8 if jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf.dtype.itemsize
        for side in shape:
            size *= side
        total += size
    return total
