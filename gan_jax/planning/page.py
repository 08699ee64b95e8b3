"""A plan as text: which figures are the compiler's, and which the model's."""

from __future__ import annotations

from collections.abc import Sequence

from gan_jax.planning.found import Plan

_MIB, _GIB = 2.0**20, 2.0**30


_OF_HANDING_OVER = 2e-3  # seconds in which a host hands a step to its devices, about


def page(plan: Plan) -> str:
    """One machine and program."""
    head = f"{plan.topology}: {plan.devices} devices, {plan.what}"
    if (over := plan.too_large) is not None:
        return (
            f"{head}, batch {plan.batch_size}: does NOT fit: {_size(over.needs)} a device of {_size(over.has)}, "
            f"{_size(over.needs - over.has)} over (by the compiler, which went no further); a batch of about "
            f"{over.largest_batch:,} would (by the model), or method.accumulate, or more devices"
        )
    at = f" at {'x'.join(map(str, plan.shape))}" if plan.shape is not None else ""  # of a growing run
    counts = ", ".join(f"{name} {count:,}" for name, count in plan.parameters.items())
    return "\n".join(
        [
            f"{head}{at}, batch {plan.batch_size}; {counts}",
            *_memory(plan),
            *_work(plan),
            *_time(plan),
            f"  compiled in {plan.compile_seconds:.0f} s",
        ]
    )


def scaling_table(plans: Sequence[Plan]) -> str:
    """Several: time and rate beside the first's."""
    lines = [
        f"{'topology':14}{'devices':>8}{'batch':>8}{'ms a step':>12}{'images/s':>12}{'a device, of the first':>24}{'fits':>6}"
    ]
    nan = float("nan")
    rate = lambda plan: (plan.images_a_second or 0.0) / plan.devices
    for plan in plans:
        seconds = plan.images_a_step / plan.images_a_second if plan.images_a_second else nan
        known = plan.too_large is not None or plan.by_the_model is not None
        fits = ("yes" if plan.fits else "no") if known else ""
        share = rate(plan) / rate(plans[0]) if rate(plans[0]) else nan
        shown = nan if plan.images_a_second is None else plan.images_a_second
        lines.append(
            f"{plan.topology:14}{plan.devices:8}{plan.batch_size:8}{1e3 * seconds:12.1f}{shown:12,.0f}"
            f"{100 * share:23.1f}%{fits:>6}"
        )
    return "\n".join(lines)


def _memory(plan: Plan) -> list[str]:
    own, model = plan.by_the_compiler, plan.by_the_model
    parts = (
        f"  memory a device: state and batch {_size(own.bytes_of_arguments_a_device)}, temporaries "
        f"{_size(own.bytes_of_temporaries_a_device)}, program {_size(own.bytes_of_program)} (by the compiler)"
    )
    if model is None:
        return [parts, f"    {_size(own.bytes_needed)} in all"]
    verdict = (
        f"fits, as would a batch of about {model.largest_batch:,}"
        if model.fits
        else f"does NOT fit: {_size(model.bytes_over)} over; a batch of about {model.largest_batch:,} would, "
        "or method.accumulate"
    )
    return [parts, f"    of {_size(model.memory_a_device)}: {verdict} (by the model)"]


def _work(plan: Plan) -> list[str]:
    """What the program computes and sends, and what it should not do."""
    own, shown = plan.by_the_compiler, "a real image shown" if plan.what == "train" else "an image"
    flops = own.flops_a_device or 0.0
    lines = [
        f"  work: {flops / 1e12:.3g} TFLOP a device and step, {flops * plan.devices / plan.images_a_step / 1e9:.1f} "
        f"GFLOP {shown} (by the compiler)"
    ]
    for name, each in own.collectives.items():
        lines.append(f"  {name}: {each.count} a step, {_size(each.bytes)} (by the compiler)")
    if plan.what == "train" and not own.collectives and plan.devices > 1 and plan.topology.startswith("gpu"):
        lines.append("  collectives: the gradients' all-reduce (by the model; nothing was compiled for these GPUs)")
    if own.host_transfers or own.arrays_of_float64:
        lines.append(f"  WARNING: {own.host_transfers} host transfers, {own.arrays_of_float64} arrays of float64")
    return lines


def _time(plan: Plan) -> list[str]:
    own, model, lines = plan.by_the_compiler, plan.by_the_model, []
    if own.seconds_a_step:
        lines.append(f"  time: {1e3 * own.seconds_a_step:.1f} ms a step, each operation at its peak (by the compiler)")
    if model is not None and model.seconds_by_cycles:
        lines.append(
            f"    {1e3 * model.seconds_by_cycles:.1f} ms by the {own.cycles_a_step / 1e6:.1f} million cycles of its "
            "schedule, and the machine's clock"
        )
    if model is not None:
        roof = model.roofline
        lines.append(
            f"  roofline (by the model): compute {_ms(roof.compute)}, memory {_ms(roof.memory)}, network "
            f"{_ms(roof.network)}: bound by {roof.bound}; {100 * model.share_of_peak:.0f} % of peak"
        )
    if plan.images_a_second is not None:
        whole = f", {plan.hours:.3g} hours for the whole run" if plan.hours else ""
        host = f"; each host must read {plan.images_a_second_and_host:,.0f} images/s" if model and whole else ""
        lines.append(f"  {plan.images_a_second:,.0f} images/s{whole}{host}")
        if plan.images_a_step / plan.images_a_second < _OF_HANDING_OVER:
            lines.append(
                "  so short a step waits for the host, which is not counted here: config.rounds_a_dispatch helps"
            )
    return lines


def _ms(seconds: float) -> str:
    return f"{1e3 * seconds:.1f} ms" if seconds >= 1e-3 else f"{1e3 * seconds:.2g} ms"


def _size(count: float) -> str:
    unit, name = next(((u, n) for u, n in ((_GIB, "GiB"), (_MIB, "MiB")) if count >= u), (1024.0, "KiB"))
    return f"{count / unit:.3g} {name}"
