"""Scaling over machines, as a picture."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gan_jax.runtime.atomic import write_atomically


def plot_scaling(plans: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Images a second and images a second and device over the number of devices; one line for each kind of machine.

    plans: as `gan_jax.plan.plan` gives them; those without an estimate of time are left out, and where none has one, no
    picture is made. It appears whole or not at all.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # imported here: it is slow
    from matplotlib.figure import Figure

    kinds: dict[str, list[Mapping[str, Any]]] = {}
    for each in plans:
        if each.get("images_a_second"):
            kinds.setdefault(each["topology"].partition(":")[0], []).append(each)
    if not kinds:
        return
    figure = Figure(figsize=(9, 3.8), dpi=100, layout="constrained")
    whole, single = figure.subplots(1, 2)
    for kind, found in kinds.items():
        found = sorted(found, key=lambda each: each["devices"])
        devices = [each["devices"] for each in found]
        rates = [each["images_a_second"] for each in found]
        own = [rate / count for rate, count in zip(rates, devices, strict=True)]
        line = whole.loglog(devices, rates, marker="o", label=kind)[0]
        whole.loglog(devices, [own[0] * count for count in devices], ":", color=line.get_color(), linewidth=1)
        single.semilogx(devices, own, marker="o", label=kind)
        for each, x, y in zip(found, devices, own, strict=True):
            label = f"{each['topology']} @{each['batch_size']}"
            single.annotate(label, (x, y), textcoords="offset points", xytext=(3, 5), fontsize="x-small")
    counts = sorted({each["devices"] for found in kinds.values() for each in found})
    for axes in (whole, single):
        axes.set_xticks(counts, [str(count) for count in counts])
        axes.set_xticks([], minor=True)
        axes.grid(alpha=0.3)
        axes.legend(fontsize="x-small")
    whole.set(xlabel="devices", title="images/s (dotted: in proportion)")
    single.set(xlabel="devices", title="images/s a device")
    single.margins(x=0.25)
    single.set_ylim(0, 1.15 * single.get_ylim()[1])
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)
    write_atomically(path, buffer.getvalue())
