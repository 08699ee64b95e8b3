"""Scaling over machines, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gan_jax.planning.found import Plan
from gan_jax.runtime.writers.images import canvas, save_figure


def plot_scaling(plans: Sequence[Plan], path: Path) -> None:
    """Images a second and images a second and device over the number of devices.

    For each kind of machine, a line through the plans with as many images a device (weak scaling), and one through those
    with the same batch (strong scaling).

    Plans without an estimate of time are left out, and where none has one, no picture is made. It appears whole or not at
    all.
    """
    timed = [each for each in plans if each.images_a_second]
    if not timed:
        return
    figure, (whole, single) = canvas(2, 4.5, 3.8)
    for label, found in lines_of(timed).items():
        devices = [each.devices for each in found]
        rates = [each.images_a_second for each in found]
        own = [rate / count for rate, count in zip(rates, devices, strict=True)]
        line = whole.loglog(devices, rates, marker="o", label=label)[0]
        whole.loglog(devices, [own[0] * count for count in devices], ":", color=line.get_color(), linewidth=1)
        single.semilogx(devices, own, marker="o", label=label)
    for each in timed:
        text, at = (
            f"{each.topology}\n@{each.batch_size}",
            (each.devices, each.images_a_second / each.devices),
        )
        single.annotate(text, at, textcoords="offset points", xytext=(0, 5), ha="center", fontsize="x-small")
    counts = sorted({each.devices for each in timed})
    for axes in (whole, single):
        axes.set_xticks(counts, [str(count) for count in counts])
        axes.set_xticks([], minor=True)
        axes.grid(alpha=0.3)
        axes.legend(fontsize="x-small")
    whole.set(xlabel="devices", title="images/s (dotted: in proportion)")
    single.set(xlabel="devices", title="images/s a device")
    single.margins(x=0.25)
    single.set_ylim(0, 1.25 * single.get_ylim()[1])
    save_figure(path, figure)


def lines_of(plans: Sequence[Plan]) -> dict[str, list[Plan]]:
    """Label of a line -> its plans, from few devices to many. A plan that shares a line with no other has one alone."""
    lines: dict[str, list[Plan]] = {}
    for each in sorted(plans, key=lambda each: each.devices):
        kind, batch = each.topology.partition(":")[0], each.batch_size
        lines.setdefault(f"{kind}, {batch / each.devices:g} images a device", []).append(each)
        lines.setdefault(f"{kind}, batch {batch}", []).append(each)
    long = {label: line for label, line in lines.items() if len({each.devices for each in line}) > 1}
    shared = [each for line in long.values() for each in line]
    alone = {f"{each.topology}, batch {each.batch_size}": [each] for each in plans if each not in shared}
    return long | alone
