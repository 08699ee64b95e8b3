"""What a run would cost on a machine that is not at hand: memory, traffic, time, and whether it fits."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax

from gan_jax import build
from gan_jax.planning.estimate import ring_bytes, roofline
from gan_jax.planning.hlo import read_program
from gan_jax.planning.machines import KINDS, Machine, parse_topology
from gan_jax.planning.programs import Compiled, compile_program, devices_of, mesh_of, sample_step, train_step
from gan_jax.runtime.atomic import write_atomically

_MIB, _GIB = 2.0**20, 2.0**30


def plan(config: Any, topologies: Sequence[str], what: str = "train", out: str | Path | None = None) -> list[dict]:
    """Plans a run for each topology, prints a page for each and a table at the end. -> what was found, one dict each.

    topologies: such as "v3:8x8"; a batch size of its own behind an @, "v3:2x2@128", for weak scaling.
    what: "train" (a round) or "sample" (a batch of images). out: a file for the same as JSON.
    Raises ValueError for unknown topologies and batches they do not divide, RuntimeError where the compiler fails or is
    not there. A machine that is too small is no error: the plan says how far over the run is.
    """
    if what not in ("train", "sample"):
        raise ValueError(f"a plan is for train or sample, not for {what!r}")
    config = build.resolve(config)
    wanted = [_split(text) for text in topologies]
    found = []
    for machine, batch_size in wanted:
        changed = config if batch_size is None else {**config, "batch_size": batch_size}
        found.append(_plan(changed, machine, what))
        print(_page(found[-1]), flush=True)
        if out is not None:
            write_atomically(out, (json.dumps(found, indent=1) + "\n").encode())
    if len(found) > 1:
        print(_table(found), flush=True)
    return found


def _split(text: str) -> tuple[Machine, int | None]:
    name, _, batch = text.partition("@")
    if batch and not batch.isdigit():
        raise ValueError(f"a batch size behind a topology is a number, such as v3:2x2@128, not {batch!r}")
    return parse_topology(name), int(batch) if batch else None


def _plan(config: dict, machine: Machine, what: str) -> dict[str, Any]:
    method = build.method(config)
    (phase,) = method.phases
    by_model = machine.platform == "gpu"  # no CUDA compiler is asked: the program of one CPU device, and the roofline
    devices = jax.devices()[:1] if by_model else devices_of(machine)
    count = machine.count if by_model else len(devices)
    if by_model and config["batch_size"] % count:
        raise ValueError(f"a batch of {config['batch_size']} cannot be split evenly over {count} GPUs")
    if by_model:
        share = {**config, "batch_size": config["batch_size"] // count, "mesh": {"data": 1, "fsdp": 1}}
        method = build.method(share)
        (phase,) = method.phases
    mesh = mesh_of(devices, share if by_model else config)
    step, (state, batch) = train_step(method, phase, share if by_model else config, mesh)
    if what == "sample":
        step, (state, batch) = sample_step(method, phase, phase.batch_size, mesh, state)
    compiled = compile_program(step, (state, batch), mesh)
    parameters = {name: _count(network.params) for name, network in state.networks.items()}
    return _figures(config, machine, what, count, parameters, compiled, _bytes(state))


def _figures(
    config: dict,
    machine: Machine,
    what: str,
    count: int,
    parameters: Mapping[str, int],
    compiled: Compiled,
    state_bytes: int,
) -> dict[str, Any]:
    program = read_program(compiled.text)
    kind = KINDS.get(machine.kind) if machine.kind else None
    reduced = sum(each.bytes for each in program.collectives.values())
    images = config["batch_size"] * (config["method"].get("d_steps", 1) if what == "train" else 1)
    if machine.platform == "gpu" and count > 1:  # what data parallelism sums: every parameter's gradient, each update
        d_steps = config["method"].get("d_steps", 1)
        reduced = 4 * sum(n * (1 if name == "generator" else d_steps) for name, n in parameters.items())
    found: dict[str, Any] = {
        "topology": machine.text,
        "what": what,
        "devices": count,
        "batch_size": config["batch_size"],
        "images_a_step": images,
        "parameters": dict(parameters),
        "compile_seconds": compiled.compile_seconds,
        "by_the_compiler": {
            "bytes_of_arguments_a_device": compiled.arguments,
            "bytes_of_temporaries_a_device": compiled.temporaries,
            "bytes_of_program": compiled.program,
            "flops_a_device": compiled.flops,
            "bytes_accessed_a_device": compiled.bytes_accessed,
            "seconds_a_step": compiled.seconds,
            "collectives": {name: each._asdict() for name, each in program.collectives.items()},
            "largest_collectives": program.largest,
            "host_transfers": program.host_transfers,
            "arrays_of_float64": program.float64,
        },
        "bytes_of_state": state_bytes,
    }
    needed = compiled.arguments + compiled.temporaries + compiled.program
    seconds = compiled.seconds
    if kind is not None:
        sent = ring_bytes(reduced, count)
        roof = roofline(compiled.flops or 0.0, compiled.bytes_accessed or 0.0, sent, kind)
        seconds = seconds or roof.seconds
        # The batch's share of memory grows with it, the state's and the program's do not.
        fixed = state_bytes + compiled.program
        most = int((kind.memory - fixed) / max(needed - fixed, 1) * config["batch_size"]) // count * count
        found["by_the_model"] = {
            "roofline": roof._asdict(),
            "memory_a_device": kind.memory,
            "bytes_over": max(0.0, needed - kind.memory),
            "fits": needed <= kind.memory,
            "largest_batch": max(0, most),
            "share_of_peak": (compiled.flops or 0.0) / (seconds * kind.peak_flops),
            "figures_of_the_machine": kind._asdict(),
        }
    if seconds:
        found["images_a_second"] = images / seconds
        found["hours"] = config["steps"] * seconds / 3600 if what == "train" else None
        if kind is not None:
            found["images_a_second_and_host"] = images / seconds / max(1, -(-count // kind.per_host))
    return found


def _page(found: Mapping[str, Any]) -> str:
    own, model = found["by_the_compiler"], found.get("by_the_model")
    needed = sum(own[name] for name in own if name.startswith("bytes_of_"))
    lines = [
        f"{found['topology']}: {found['devices']} devices, {found['what']}, batch {found['batch_size']}; "
        + ", ".join(f"{name} {count:,}" for name, count in found["parameters"].items()),
        f"  memory a device: state and batch {_size(own['bytes_of_arguments_a_device'])}, temporaries "
        f"{_size(own['bytes_of_temporaries_a_device'])}, program {_size(own['bytes_of_program'])} (by the compiler)",
    ]
    if model:
        verdict = (
            f"fits, as would a batch of about {model['largest_batch']:,}"
            if model["fits"]
            else f"does NOT fit: {_size(model['bytes_over'])} over; a batch of about {model['largest_batch']:,} would, "
            "or method.accumulate"
        )
        lines.append(f"    of {_size(model['memory_a_device'])}: {verdict} (by the model)")
    else:
        lines.append(f"    {_size(needed)} in all")
    flops = own["flops_a_device"] or 0.0
    lines.append(
        f"  work: {flops / 1e12:.3g} TFLOP a device and step, {flops * found['devices'] / found['images_a_step'] / 1e9:.1f} "
        "GFLOP a real image shown (by the compiler)"
    )
    for name, each in own["collectives"].items():
        lines.append(f"  {name}: {each['count']} a step, {_size(each['bytes'])} (by the compiler)")
    if not own["collectives"] and found["devices"] > 1 and found["topology"].startswith("gpu"):
        lines.append("  collectives: the gradients' all-reduce (by the model; nothing was compiled for these GPUs)")
    if own["host_transfers"] or own["arrays_of_float64"]:
        lines.append(f"  WARNING: {own['host_transfers']} host transfers, {own['arrays_of_float64']} arrays of float64")
    if own["seconds_a_step"]:
        lines.append(f"  time: {1e3 * own['seconds_a_step']:.1f} ms a step by the compiler's estimate")
    if model:
        roof = model["roofline"]
        lines.append(
            f"  roofline (by the model): compute {1e3 * roof['compute']:.1f} ms, memory {1e3 * roof['memory']:.1f} ms, "
            f"network {1e3 * roof['network']:.1f} ms: bound by {roof['bound']}; {100 * model['share_of_peak']:.0f} % of peak"
        )
    if "images_a_second" in found:
        whole = f", {found['hours']:.1f} hours for the whole run" if found.get("hours") else ""
        host = f"; each host must read {found['images_a_second_and_host']:,.0f} images/s" if model and whole else ""
        lines.append(f"  {found['images_a_second']:,.0f} images/s{whole}{host}")
    lines.append(f"  compiled in {found['compile_seconds']:.0f} s")
    return "\n".join(lines)


def _table(found: Sequence[Mapping[str, Any]]) -> str:
    """Scaling: time and rate beside the first's."""
    lines = [
        f"{'topology':14}{'devices':>8}{'batch':>8}{'ms a step':>12}{'images/s':>12}{'a device, of the first':>24}{'fits':>6}"
    ]
    rate = lambda each: each.get("images_a_second", 0.0) / each["devices"]
    for each in found:
        seconds = each["images_a_step"] / each["images_a_second"] if each.get("images_a_second") else float("nan")
        fits = "" if "by_the_model" not in each else "yes" if each["by_the_model"]["fits"] else "no"
        share = rate(each) / rate(found[0]) if rate(found[0]) else float("nan")
        lines.append(
            f"{each['topology']:14}{each['devices']:8}{each['batch_size']:8}{1e3 * seconds:12.1f}"
            f"{each.get('images_a_second', float('nan')):12,.0f}{100 * share:23.1f}%{fits:>6}"
        )
    return "\n".join(lines)


def _size(count: float) -> str:
    unit, name = next(((u, n) for u, n in ((_GIB, "GiB"), (_MIB, "MiB")) if count >= u), (1024.0, "KiB"))
    return f"{count / unit:.3g} {name}"


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
