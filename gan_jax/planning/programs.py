"""The run's real programs for a machine that need not be there: shapes with shardings in, compiled programs out."""

from __future__ import annotations

import dataclasses
import functools
import os
import re
import time
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from gan_jax.game import Method, Phase, sampled
from gan_jax.planning.machines import Machine
from gan_jax.runtime.mesh import batch_sharding, check_parts, state_shardings, state_template
from gan_jax.types import PyTree

# What libtpu asks its surroundings for, where there are none: it compiles for any topology with these.
_WITHOUT_TPUS = {
    "TPU_SKIP_MDS_QUERY": "1",  # else it looks for a metadata server
    "ALLOW_MULTIPLE_LIBTPU_LOAD": "1",  # plans use no device, so several may be made at a time
    "TPU_ACCELERATOR_TYPE": "v3-8",  # else it prints errors that mean nothing here, as for the next
    "TPU_WORKER_HOSTNAMES": "localhost",
}


@dataclasses.dataclass(frozen=True)
class Compiled:
    """What the compiler says of a program. Numbers are of one device; None where it does not say."""

    text: str  # optimised HLO
    arguments: int  # bytes: state and batch
    temporaries: int  # bytes
    program: int  # bytes of code
    flops: float | None
    bytes_accessed: float | None
    seconds: float | None  # the compiler's own estimate of a run
    compile_seconds: float


class OutOfMemory(RuntimeError):
    """The compiler gave up: the program needs more memory a device than there is. needs, has: bytes."""

    def __init__(self, message: str, needs: float, has: float):
        super().__init__(message)
        self.needs, self.has = needs, has


def devices_of(machine: Machine) -> Sequence[Any]:
    """The devices to compile for; a TPU's are described by libtpu.

    Raises ValueError where libtpu does not know the topology, and RuntimeError where it is not installed or a CPU
    machine of that many devices was not set up before JAX started.
    """
    if machine.platform == "tpu":
        return _tpu_devices(machine)
    have = jax.devices()
    wanted = machine.count or 1
    if machine.platform == "cpu" and len(have) >= wanted and have[0].platform == "cpu":
        return have[:wanted]
    raise RuntimeError(
        f"{machine.text} needs {machine.count} devices, and {len(have)} of {have[0].platform} are here: start with "
        f"JAX_PLATFORMS=cpu XLA_FLAGS=--xla_force_host_platform_device_count={machine.count}"
    )


def train_step(method: Method, phase: Phase, mesh: jax.sharding.Mesh) -> tuple[Any, tuple[PyTree, PyTree]]:
    """(the jitted round, its arguments as shapes on the mesh)."""
    check_parts(phase.batch_size, getattr(method, "accumulate", 1), mesh)
    on = batch_sharding(mesh)
    batch = {
        name: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=on) for name, leaf in method.batch(phase).items()
    }
    abstract = jax.eval_shape(method.init, jax.random.key(0))
    shardings = state_shardings(abstract, mesh)
    state = state_template(abstract, mesh)
    play = functools.partial(method.step, phase=phase)
    return jax.jit(play, donate_argnums=0, out_shardings=(shardings, None)), (state, batch)


def sample_step(
    method: Method, phase: Phase, n: int, mesh: jax.sharding.Mesh, state: PyTree, given: PyTree = None
) -> tuple[Any, tuple]:
    """(the jitted drawing of n images from the method's first sampler, its arguments as shapes)."""

    def draw(state: PyTree, key: jax.Array, given: PyTree) -> jax.Array:
        sampler = next(iter(method.samplers(state, phase).values()))
        return sampled(sampler, key, jnp.arange(n, dtype=jnp.uint32), given)[0]

    replicated = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())
    whole = lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=replicated)
    key = jax.eval_shape(lambda: jax.random.key(0))
    on = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec(mesh.axis_names))
    return jax.jit(draw, out_shardings=on), (state, whole(key), jax.tree.map(whole, given))


def compile_program(function: Any, arguments: tuple, mesh: jax.sharding.Mesh) -> Compiled:
    """Lowers and compiles. Raises OutOfMemory, or RuntimeError with the compiler's first words, where it fails."""
    began = time.monotonic()
    try:
        with jax.set_mesh(mesh):
            compiled = function.lower(*arguments).compile()
    except jax.errors.JaxRuntimeError as error:
        message = f"the compiler failed: {' '.join(str(error).split())[:400]}"
        if (sizes := read_out_of_memory(message)) is not None:
            raise OutOfMemory(message, *sizes) from error
        raise RuntimeError(message) from error
    memory, costs = compiled.memory_analysis(), compiled.cost_analysis() or {}
    costs = costs[0] if isinstance(costs, list | tuple) else costs
    positive = lambda name: float(costs[name]) if costs.get(name, 0) > 0 else None
    return Compiled(
        compiled.as_text(),
        memory.argument_size_in_bytes,
        memory.temp_size_in_bytes + max(0, memory.output_size_in_bytes - memory.alias_size_in_bytes),
        memory.generated_code_size_in_bytes,
        positive("flops"),
        positive("bytes accessed"),
        positive("optimal_seconds"),
        time.monotonic() - began,
    )


def read_out_of_memory(message: str) -> tuple[float, float] | None:
    """(bytes needed, bytes there) where a message of the TPU compiler says that memory ran out."""
    size = r"([\d.]+)([KMG])"
    found = re.search(rf"\({size}\) exceeds available HBM \({size}\)|Used {size} of {size} hbm", message)
    if "RESOURCE_EXHAUSTED" not in message or found is None:
        return None
    needs, unit, has, other = (part for part in found.groups() if part is not None)
    bytes_of = {"K": 2.0**10, "M": 2.0**20, "G": 2.0**30}
    return float(needs) * bytes_of[unit], float(has) * bytes_of[other]


def require_libtpu() -> None:
    """Raises RuntimeError, saying what to install, where libtpu is not there."""
    try:
        import libtpu  # noqa: F401  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise RuntimeError(
            'a plan for TPUs compiles with libtpu, which is not installed: pip install ".[tpu]"'
        ) from None


def _tpu_devices(machine: Machine) -> Sequence[Any]:
    for name, value in _WITHOUT_TPUS.items():
        os.environ.setdefault(name, value)
    require_libtpu()
    from jax.experimental import topologies

    try:
        # One device a chip, as on the machine itself; other kinds have no choice.
        cores = {"chip_config_name": "megacore"} if machine.kind == "v4" else {}
        return topologies.get_topology_desc(platform="tpu", topology_name=machine.text, **cores).devices
    except Exception as error:  # whatever libtpu raises
        raise ValueError(
            f"libtpu does not know {machine.text}: {' '.join(str(error).split())[:200]}. A side is a power of two or a "
            "multiple of four chips; v4 and v5p have three sides, such as v4:4x4x4"
        ) from error
