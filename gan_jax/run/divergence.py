"""Runs that are lost: numbers that are no longer finite end one, a player whose gradient is zero is told of."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.nn.compiling import compiled
from gan_jax.runtime.checkpoints.checkpoints import Checkpoints
from gan_jax.types import Array, PyTree, TrainState

_PARTS = ("params", "stats", "opt_state", "ema")  # of a network


class TrainingDiverged(RuntimeError):
    """A loss, gradient or parameter is no longer finite."""


def not_finite(values: Mapping[str, float]) -> list[str]:
    """The names of the numbers that are NaN or infinite."""
    return [name for name, value in values.items() if not math.isfinite(value)]


@functools.partial(compiled, quick=True)
def largest(state: TrainState) -> dict[str, Array]:
    """The largest absolute number of each part of a state, [] float32: NaN or infinite where one of its numbers is.

    Named "state/generator/ema" and so on. Losses and norms of gradients, which every round tells, know nothing of
    averages, statistics and the optimisers' memory.
    """
    parts = {f"{name}/{part}": getattr(network, part) for name, network in state.networks.items() for part in _PARTS}
    parts |= {f"memory/{name}": memory for name, memory in state.memory.items()}
    found = {name: _largest(part) for name, part in parts.items()}
    return {f"state/{name}": value for name, value in found.items() if value is not None}


def _largest(tree: PyTree) -> Array | None:
    floats = [leaf for leaf in jax.tree.leaves(tree) if jnp.issubdtype(leaf.dtype, jnp.floating) and leaf.size]
    return jnp.max(jnp.stack([jnp.max(jnp.abs(leaf)).astype(jnp.float32) for leaf in floats])) if floats else None


def require_finite(images: np.ndarray, what: str) -> np.ndarray:
    """The images. Raises ValueError, naming `what`, where a number among them is NaN or infinite: none can be shown."""
    wrong = sum(not np.isfinite(image).all() for image in images)
    if wrong:
        raise ValueError(
            f"{what}: {wrong} of {len(images)} images hold NaN or infinite numbers, so nothing was written: the generator "
            "has diverged. An earlier checkpoint may be sound (--step), or the other weights (--weights)"
        )
    return images


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
