"""Runs that are lost: numbers that are no longer finite end one, a player whose gradient is zero is told of."""

from __future__ import annotations

import math
from collections.abc import Mapping

from gan_jax.runtime.checkpoints.checkpoints import Checkpoints


class TrainingDiverged(RuntimeError):
    """A loss, gradient or parameter is no longer finite."""


def not_finite(values: Mapping[str, float]) -> list[str]:
    """The names of the numbers that are NaN or infinite."""
    return [name for name, value in values.items() if not math.isfinite(value)]


def learns_no_more(step: int, values: Mapping[str, float]) -> str | None:
    """A sentence where a player's gradient is exactly zero: all numbers are finite, but the run is lost. Else None."""
    for name, value in values.items():
        if name.endswith("/gradient_norm") and value == 0:
            return (
                f"round {step}: {name} is zero, so that player learns no more (dead units, or a loss that is saturated); "
                "another seed or a smaller learning rate may help"
            )
    return None


def diverged(step: int, values: Mapping[str, float], checkpoints: Checkpoints) -> TrainingDiverged:
    """The error for a round whose numbers are not all finite. Waits for the checkpoint that is being written."""
    wrong = not_finite(values)
    checkpoints.wait()
    saved = checkpoints.steps()
    last = f"step {saved[-1]} in {checkpoints.directory}" if saved else "none was written yet"
    return TrainingDiverged(
        f"round {step}: {wrong[0]} is {values[wrong[0]]}"
        + (f" (then {', '.join(wrong[1:4])})" if wrong[1:] else "")
        + f". The last good checkpoint: {last}. A smaller learning rate or optim.*.clip_norm may help; "
        "running the same command again goes on from that checkpoint."
    )
