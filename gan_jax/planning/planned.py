"""From a program to its plan: it is compiled and read, and its figures are held against the machine's."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax

from gan_jax.game import Phase, Stretch
from gan_jax.planning.estimate import ring_bytes, roofline
from gan_jax.planning.found import ByTheCompiler, ByTheModel, Plan, TooLarge
from gan_jax.planning.hlo import Program, read_program
from gan_jax.planning.machines import KINDS, Machine
from gan_jax.planning.programs import Compiled, OutOfMemory, compile_program
from gan_jax.types import PyTree, TrainState


def plan_program(
    step: Any,
    arguments: tuple,
    mesh: jax.sharding.Mesh,
    *,
    machine: Machine,
    devices: int,
    what: str,
    phase: Phase,
    rounds: int,
    batch_size: int,
    state: TrainState,
) -> Plan:
    """Compiles a jitted step for the mesh and says what a run of it takes.

    devices: of the machine; as many as the mesh's, or, for GPUs, all for which one device's program stands.
    batch_size: images of a step on all devices. rounds: of the phase, in training. state: of shapes, the method's.
    """
    known = Plan(
        topology=machine.text,
        what=what,
        devices=devices,
        batch_size=batch_size,
        images_a_step=batch_size * (phase.d_steps if what == "train" else 1),
        parameters={name: count_of(network.params) for name, network in state.networks.items()},
        bytes_of_state=bytes_of(state),
    )
    try:
        compiled = compile_program(step, arguments, mesh)
    except OutOfMemory as error:
        most = _largest_batch(known, error.needs, error.has)
        return dataclasses.replace(known, too_large=TooLarge(error.needs, error.has, most))
    program = read_program(compiled.text)
    figures = _by_the_compiler(compiled, program)
    plan = dataclasses.replace(known, compile_seconds=compiled.compile_seconds, by_the_compiler=figures)
    reduced = sum(each.bytes for each in program.collectives.values())
    if machine.platform == "gpu" and devices > 1 and what == "train":  # nothing was compiled for several
        reduced = _bytes_of_gradients(known, phase)
    return _timed(_modelled(plan, machine, reduced), rounds)


def rounds_by_phase(stretches: Sequence[Stretch]) -> dict[Phase, int]:
    """How many rounds of a run are played in each of its phases, in the order in which they first come."""
    found: dict[Phase, int] = {}
    for each in stretches:
        found[each.phase] = found.get(each.phase, 0) + each.stop - each.start
    return found


def count_of(tree: PyTree) -> int:
    """Numbers in all leaves."""
    return sum(leaf.size for leaf in jax.tree.leaves(tree))


def bytes_of(tree: PyTree) -> int:
    """Bytes of a device's part of the leaves."""
    total = 0
    for leaf in jax.tree.leaves(tree):
        shape = leaf.sharding.shard_shape(leaf.shape) if leaf.sharding is not None else leaf.shape
        size = 8 if jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf.dtype.itemsize
        for side in shape:
            size *= side
        total += size
    return total


def _by_the_compiler(compiled: Compiled, program: Program) -> ByTheCompiler:
    return ByTheCompiler(
        bytes_of_arguments_a_device=compiled.arguments,
        bytes_of_temporaries_a_device=compiled.temporaries,
        bytes_of_program=compiled.program,
        flops_a_device=compiled.flops,
        bytes_accessed_a_device=compiled.bytes_accessed,
        seconds_a_step=compiled.seconds,
        cycles_a_step=program.cycles or None,
        collectives=program.collectives,
        largest_collectives=program.largest,
        host_transfers=program.host_transfers,
        arrays_of_float64=program.float64,
    )


def _bytes_of_gradients(known: Plan, phase: Phase) -> float:
    """What data parallelism sums in a round: every parameter's gradient, float32, at each update of its network."""
    updates = lambda name: phase.d_steps if name == "discriminator" else phase.g_steps
    return 4 * sum(count * updates(name) for name, count in known.parameters.items())


def _modelled(plan: Plan, machine: Machine, reduced: float) -> Plan:
    """With the model's figures, where the machine's are known. reduced: bytes that the devices sum in a step."""
    own, kind = plan.by_the_compiler, KINDS.get(machine.kind) if machine.kind else None
    if kind is None:
        return plan
    flops = own.flops_a_device or 0.0
    roof = roofline(flops, own.bytes_accessed_a_device or 0.0, ring_bytes(reduced, plan.devices), kind)
    seconds = own.seconds_a_step or roof.seconds
    cycles = own.cycles_a_step or 0
    model = ByTheModel(
        roofline=roof,
        memory_a_device=kind.memory,
        bytes_over=max(0.0, own.bytes_needed - kind.memory),
        fits=own.bytes_needed <= kind.memory,
        largest_batch=_largest_batch(plan, own.bytes_needed, kind.memory, own.bytes_of_program),
        share_of_peak=flops / (seconds * kind.peak_flops),
        seconds_by_cycles=(cycles / kind.clock if kind.clock else 0.0) or None,
        figures_of_the_machine=kind,
    )
    return dataclasses.replace(plan, by_the_model=model)


def _timed(plan: Plan, rounds: int) -> Plan:
    """With rates, where anything gives a time. What is promised is the slower: of the program's time and its schedule's."""
    model, seconds = plan.by_the_model, plan.by_the_compiler.seconds_a_step
    if model is not None:
        seconds = max(seconds or model.roofline.seconds, model.seconds_by_cycles or 0.0)
    if not seconds:
        return plan
    rate = plan.images_a_step / seconds
    hosts = None if model is None else max(1, -(-plan.devices // model.figures_of_the_machine.per_host))
    return dataclasses.replace(
        plan,
        images_a_second=rate,
        hours=rounds * seconds / 3600 if plan.what == "train" else None,
        images_a_second_and_host=None if hosts is None else rate / hosts,
    )


def _largest_batch(plan: Plan, needs: float, has: float, program: float = 0) -> int:
    """By the model: the batch's share of the memory grows with it, the state's and the program's do not."""
    fixed = plan.bytes_of_state + program
    most = int((has - fixed) / max(needs - fixed, 1) * plan.batch_size)
    return max(0, most // plan.devices * plan.devices)
