"""Where arrays live: the mesh of devices, and the shardings of the state and of the batches.

The mesh has two axes. `data` splits the batch. `fsdp` splits the batch too, and moreover the parameters, their averages
and the optimiser's memory, so that a network need not fit on one device. With fsdp=1 the state is replicated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

PyTree = Any
AXES = ("data", "fsdp")
_SPLIT = ("params", "opt_state", "ema")  # the fields of a Network that fsdp splits


def make_mesh(data: int = -1, fsdp: int = 1, devices: Sequence[jax.Device] | None = None) -> Mesh:
    """A mesh with the axes "data" and "fsdp" over all devices of all processes.

    data, fsdp: devices along each axis; one of them may be -1, which means all that remain.
    devices: those to use; None: every device JAX sees.
    Raises ValueError where the sizes do not multiply to the number of devices.
    """
    devices = jax.devices() if devices is None else list(devices)
    if not devices:
        raise ValueError("there are 0 devices to make a mesh of: pass at least one, or set JAX_PLATFORMS=cpu")
    sizes, count = [data, fsdp], len(devices)
    asked = f"data={data} x fsdp={fsdp} on {count} device{'s' if count > 1 else ''}"
    if any(size < 1 and size != -1 for size in sizes) or sizes == [-1, -1]:
        raise ValueError(
            f"cannot lay out {asked}: sizes are at least 1, and one of the two may be -1 (all that remain)"
        )
    if -1 in sizes:
        known = -math.prod(sizes)
        if count % known:
            raise ValueError(f"cannot lay out {asked}: {known} does not divide {count}; use one of {_divisors(count)}")
        sizes[sizes.index(-1)] = count // known
    if math.prod(sizes) != count:
        raise ValueError(
            f"cannot lay out {asked}: {sizes[0]} x {sizes[1]} = {math.prod(sizes)}, which is not {count}; "
            "leave data at -1, or choose two sizes that multiply to it"
        )
    return jax.make_mesh(tuple(sizes), AXES, axis_types=(AxisType.Auto,) * 2, devices=devices)


def state_shardings(abstract_state: PyTree, mesh: Mesh) -> PyTree:
    """The sharding of every leaf of a TrainState: a pytree of NamedSharding with the state's structure.

    Replicated, except where fsdp > 1: then each leaf of a network's params, opt_state and ema is split along its
    largest axis that fsdp divides (the last of equals); a leaf without such an axis is replicated.
    abstract_state: arrays or jax.ShapeDtypeStruct, as from jax.eval_shape.
    """
    fsdp = mesh.shape["fsdp"]

    def sharding(path, leaf) -> NamedSharding:
        field = getattr(path[2], "name", None) if len(path) > 2 else None  # networks / name / field / ...
        split = fsdp > 1 and getattr(path[0], "name", None) == "networks" and field in _SPLIT
        return NamedSharding(mesh, _split_largest(leaf.shape, fsdp) if split else PartitionSpec())

    return jax.tree_util.tree_map_with_path(sharding, abstract_state)


def state_template(abstract_state: PyTree, mesh: Mesh) -> PyTree:
    """The state as jax.ShapeDtypeStruct with shardings on this mesh: what a restore needs to know."""
    return jax.tree.map(
        lambda leaf, sharding: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding),
        abstract_state,
        state_shardings(abstract_state, mesh),
    )


def batch_sharding(mesh: Mesh, batch_axis: int = 1) -> NamedSharding:
    """The sharding of one round's batch, [d_steps, B, ...]: B is split over all devices, of both axes.

    batch_axis: where B is; 2 for the batches of several rounds, [rounds, d_steps, B, ...].
    """
    return NamedSharding(mesh, PartitionSpec(*(None,) * batch_axis, AXES))


def put_batch(host_batch: Mapping[str, np.ndarray], mesh: Mesh, batch_axis: int = 1) -> dict[str, jax.Array]:
    """This process's part of a batch -> the global batch, on the devices.

    host_batch: {name: [d_steps, B / processes, ...]}; every process brings as many rows. With batch_axis=2 the batches of
    several rounds, [rounds, d_steps, B / processes, ...].
    Returns {name: [d_steps, B, ...]} with `batch_sharding(mesh)`. Raises ValueError where the rows do not divide.
    """
    sharding = batch_sharding(mesh, batch_axis)
    local_devices = len(sharding.addressable_devices)
    axes = ", ".join(("rounds", "d_steps", "rows")[-batch_axis - 1 :])

    def put(name: str, rows) -> jax.Array:
        rows = np.asarray(rows)
        if rows.ndim <= batch_axis or rows.shape[batch_axis] % local_devices:
            raise ValueError(
                f"batch[{name!r}] has shape {rows.shape}; expected [{axes}, ...] with rows a multiple of this "
                f"process's {local_devices} device(s)"
            )
        return jax.make_array_from_process_local_data(sharding, rows)

    return {name: put(name, rows) for name, rows in host_batch.items()}


def replicate(tree: PyTree, mesh: Mesh) -> PyTree:
    """Arrays that every process has, whole on every device of the mesh."""
    everywhere = NamedSharding(mesh, PartitionSpec())

    def put(leaf: Any) -> Any:
        if isinstance(leaf, jax.Array) and leaf.sharding.device_set == everywhere.device_set:
            return leaf
        leaf = np.asarray(leaf)
        return jax.make_array_from_callback(leaf.shape, everywhere, lambda index: leaf[index])

    return jax.tree.map(put, tree)


def check_batch(batch_size: int, mesh: Mesh) -> None:
    """Raises ValueError, naming the nearest sizes that work, unless all devices get the same number of images."""
    devices = math.prod(mesh.shape[axis] for axis in AXES)
    if batch_size > 0 and batch_size % devices == 0:
        return
    raise ValueError(
        f"a batch of {batch_size} cannot be split evenly over {devices} devices "
        f"(data={mesh.shape['data']} x fsdp={mesh.shape['fsdp']}): use {nearest_batches(batch_size, devices)}"
    )


def nearest_batches(batch_size: int, devices: int) -> str:
    """The sizes nearest to this one that so many devices can share, in words."""
    below = max(batch_size, 0) // devices * devices
    return f"{below} or {below + devices}" if below else f"{devices}"


def check_parts(batch_size: int, parts: int, mesh: Mesh) -> None:
    """As `check_batch`, for a batch that is played in equal parts: each part must be split evenly over the devices."""
    if parts < 2:
        return check_batch(batch_size, mesh)
    if batch_size % parts:
        raise ValueError(
            f"a batch of {batch_size} cannot be accumulated in {parts} equal parts: choose numbers that divide"
        )
    try:
        check_batch(batch_size // parts, mesh)
    except ValueError as error:
        raise ValueError(f"a batch of {batch_size} in {parts} parts: {error}") from None


def _split_largest(shape: tuple[int, ...], parts: int) -> PartitionSpec:
    fitting = [(size, axis) for axis, size in enumerate(shape) if size and size % parts == 0]
    if not fitting:
        return PartitionSpec()
    axis = max(fitting)[1]
    return PartitionSpec(*(["fsdp" if i == axis else None for i in range(len(shape))]))


def _divisors(count: int) -> list[int]:
    return [n for n in range(1, count + 1) if count % n == 0]
