"""What a walk reaches, as rows of numbers and as curves."""

from __future__ import annotations

import os
from typing import Any

from gan_jax.analysis.steering.reach import Reach, quartiles
from gan_jax.runtime.writers.images import canvas, save_figure

_SHOWN = 8  # of the factors that move along, the most


def by_amount(found: Reach) -> list[dict[str, Any]]:
    """For each wanted amount: the median of what is measured, its quartiles, and the median of the transformation itself."""
    factor = found.factor
    low, median, high = quartiles(found.changed[factor])
    would = quartiles(found.would[factor])[1]
    return [
        {
            "amount": float(found.amounts[i]),
            f"{factor}/median": float(median[i]),
            f"{factor}/low": float(low[i]),
            f"{factor}/high": float(high[i]),
            f"{factor}/of_the_transformation": float(would[i]),
        }
        for i in range(len(found.amounts))
    ]


def draw_reach(found: Reach, path: str | os.PathLike) -> None:
    """Two panels: the factor against the wanted amount, and what else moves, in its own standard deviations."""
    figure, (own, rest) = canvas(2)
    low, median, high = quartiles(found.changed[found.factor])
    own.fill_between(found.amounts, low, high, alpha=0.2, linewidth=0)
    own.plot(found.amounts, median, marker="o", markersize=3, label="walk")
    own.plot(found.amounts, quartiles(found.would[found.factor])[1], "--", color="0.4", label="transformation")
    own.set(title=f"{found.factor}, measured", xlabel=f"wanted amount of {found.transformation}")
    own.legend(fontsize="small")
    most = sorted(found.others, key=lambda name: -abs(found.others[name]))[:_SHOWN]
    for name in most:
        rest.plot(found.amounts, quartiles(found.changed[name])[1] / max(found.spread[name], 1e-12), label=name)
    rest.set(title="what else moves, in its deviations", xlabel=f"wanted amount of {found.transformation}")
    if most:
        rest.legend(fontsize="x-small")
    for axes in (own, rest):
        axes.grid(alpha=0.3)
    save_figure(path, figure)
