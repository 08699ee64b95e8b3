"""A plan as text: which figures are the compiler's, and which the model's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_MIB, _GIB = 2.0**20, 2.0**30


def page(found: Mapping[str, Any]) -> str:
    """One machine and program."""
    if (over := found.get("too_large")) is not None:
        return (
            f"{found['topology']}: {found['devices']} devices, {found['what']}, batch {found['batch_size']}: does NOT fit: "
            f"{_size(over['needs'])} a device of {_size(over['has'])}, {_size(over['needs'] - over['has'])} over (by the "
            f"compiler, which went no further); a batch of about {over['largest_batch']:,} would (by the model), or "
            "method.accumulate, or more devices"
        )
    own, model = found["by_the_compiler"], found.get("by_the_model")
    needed = sum(own[name] for name in own if name.startswith("bytes_of_"))
    at = f" at {'x'.join(map(str, found['shape']))}" if "shape" in found else ""  # of a growing run
    shown = "a real image shown" if found["what"] == "train" else "an image"
    lines = [
        f"{found['topology']}: {found['devices']} devices, {found['what']}{at}, batch {found['batch_size']}; "
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
        f"GFLOP {shown} (by the compiler)"
    )
    for name, each in own["collectives"].items():
        lines.append(f"  {name}: {each['count']} a step, {_size(each['bytes'])} (by the compiler)")
    if not own["collectives"] and found["devices"] > 1 and found["topology"].startswith("gpu"):
        lines.append("  collectives: the gradients' all-reduce (by the model; nothing was compiled for these GPUs)")
    if own["host_transfers"] or own["arrays_of_float64"]:
        lines.append(f"  WARNING: {own['host_transfers']} host transfers, {own['arrays_of_float64']} arrays of float64")
    if own["seconds_a_step"]:
        lines.append(
            f"  time: {1e3 * own['seconds_a_step']:.1f} ms a step, each operation at its peak (by the compiler)"
        )
    if model and (scheduled := model.get("seconds_by_cycles")):
        lines.append(
            f"    {1e3 * scheduled:.1f} ms by the {own['cycles_a_step'] / 1e6:.1f} million cycles of its schedule, and the "
            "machine's clock"
        )
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


def scaling_table(found: Sequence[Mapping[str, Any]]) -> str:
    """Several: time and rate beside the first's."""
    lines = [
        f"{'topology':14}{'devices':>8}{'batch':>8}{'ms a step':>12}{'images/s':>12}{'a device, of the first':>24}{'fits':>6}"
    ]
    rate = lambda each: each.get("images_a_second", 0.0) / each["devices"]
    for each in found:
        seconds = each["images_a_step"] / each["images_a_second"] if each.get("images_a_second") else float("nan")
        fits = "" if "by_the_model" not in each else "yes" if each["by_the_model"]["fits"] else "no"
        fits = "no" if "too_large" in each else fits
        share = rate(each) / rate(found[0]) if rate(found[0]) else float("nan")
        lines.append(
            f"{each['topology']:14}{each['devices']:8}{each['batch_size']:8}{1e3 * seconds:12.1f}"
            f"{each.get('images_a_second', float('nan')):12,.0f}{100 * share:23.1f}%{fits:>6}"
        )
    return "\n".join(lines)


def _size(count: float) -> str:
    unit, name = next(((u, n) for u, n in ((_GIB, "GiB"), (_MIB, "MiB")) if count >= u), (1024.0, "KiB"))
    return f"{count / unit:.3g} {name}"
