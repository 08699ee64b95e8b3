"""How a run is cut into stretches, and what follows from the number of rounds played.

A run is a row of stretches, each played in one phase: fixed shapes, one program. The place in the data, kimg, epochs
and schedules all follow from the number of rounds played and the stretches alone.
"""

from __future__ import annotations

import bisect
import dataclasses
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from gan_jax import ranges
from gan_jax.types import Array, Clock


@dataclasses.dataclass(frozen=True)
class Phase:
    """The shapes of a round. Equal phases share one program.

    shape: of one element as the networks see it: (H, W, C), (D, H, W, 1), or (2,) for points.
    batch_size: elements an update, over all devices. d_steps, g_steps: updates of the discriminator and of the generator
    a round; a game without a discriminator leaves d_steps at 1, the batches of a round.
    """

    shape: tuple[int, ...]
    batch_size: int
    d_steps: int = 1
    g_steps: int = 1

    def __post_init__(self):
        object.__setattr__(self, "shape", tuple(self.shape))
        for name in ("batch_size", "d_steps", "g_steps"):
            value = getattr(self, name)
            ranges.whole(name, value)
            object.__setattr__(self, name, int(value))  # numpy's own would end at 2.1e9 images
        if not self.shape or not all(isinstance(side, int | np.integer) and side >= 1 for side in self.shape):
            raise ValueError(f"a phase's shape is that of one element, such as (32, 32, 3), not {self.shape}")

    @property
    def images_a_round(self) -> int:
        """Real elements shown in a round."""
        return self.batch_size * self.d_steps


class Stretch(NamedTuple):
    """Rounds start .. stop - 1 of a run, all played in one phase."""

    phase: Phase
    start: int
    stop: int
    fade: bool = False  # new layers fade in over the stretch: a traced number, not another program
    reset: tuple[str, ...] = ()  # networks whose optimiser begins anew at the first round


def check_stretches(stretches: Sequence[Stretch]) -> None:
    """Raises ValueError unless the stretches follow each other from round 0 on, without a gap or an overlap."""
    if not stretches:
        raise ValueError("a run needs a stretch or more")
    reached = 0
    for i, each in enumerate(stretches):
        if each.start != reached:
            kind = "leaves a gap" if each.start > reached else "overlaps the one before"
            raise ValueError(f"stretch {i} {kind}: it starts at round {each.start}, and {reached} are played before it")
        if each.stop <= each.start:
            raise ValueError(f"stretch {i} has no round: it goes from {each.start} to {each.stop}")
        reached = each.stop


# --- on the host: Python integers, since int32 ends at 2.1e9 images


def stretch_index(stretches: Sequence[Stretch], round: int) -> int:
    """Which stretch round `round` is played in; the last one's for rounds beyond the end."""
    starts = [each.start for each in stretches]
    return max(bisect.bisect_right(starts, round) - 1, 0)


def stretch_after(stretches: Sequence[Stretch], step: int) -> Stretch:
    """The stretch that the state after `step` rounds belongs to: that of the last round played."""
    return stretches[stretch_index(stretches, max(step - 1, 0))]


def images_before(stretches: Sequence[Stretch], step: int) -> int:
    """Real elements shown in the first `step` rounds."""
    return sum(each.phase.images_a_round * _rounds_of(each, step) for each in stretches)


def updates_before(stretches: Sequence[Stretch], step: int, kind: str = "d_steps") -> int:
    """Updates made in the first `step` rounds. kind: "d_steps" or "g_steps", whose."""
    return sum(getattr(each.phase, kind) * _rounds_of(each, step) for each in stretches)


def work_before(stretches: Sequence[Stretch], step: int) -> float:
    """How much of a run's work its first `step` rounds are, in a unit of its own: elements of all updates times their side.

    A guess, to tell how long a run still takes whose stretches differ: networks that grow have fewer channels where there
    are more pixels.
    """
    side = lambda phase: math.prod(phase.shape[:-1]) ** 0.5
    updates = lambda phase: phase.batch_size * (phase.d_steps + phase.g_steps)
    return sum(updates(each.phase) * side(each.phase) * _rounds_of(each, step) for each in stretches)


def _rounds_of(stretch: Stretch, step: int) -> int:
    return max(min(stretch.stop, step) - stretch.start, 0)


# --- inside the program: a constant of the stretch + (step - start) x rate


def clock(stretches: Sequence[Stretch], step: Array) -> Clock:
    """The time at round `step`, traced."""
    kimg = _counted(stretches, step, [each.phase.images_a_round / 1000 for each in stretches], jnp.float32)
    return Clock(step, kimg)


def updates(stretches: Sequence[Stretch], step: Array, kind: str) -> Array:
    """`updates_before`, traced: [] int32."""
    return _counted(stretches, step, [getattr(each.phase, kind) for each in stretches], jnp.int32)


def fade(stretches: Sequence[Stretch], step: Array, after: bool = False) -> Array:
    """How far the new layers have faded in at round `step`: [] float32 from 0 to 1, and 1 where nothing fades.

    It is 0 at the first round of a stretch that fades. after: of the state when `step` rounds have been played, which
    belongs to the last of them: after the last round of a stretch it is 1.
    """
    if not any(each.fade for each in stretches):
        return jnp.ones((), jnp.float32)
    index = _index(stretches, jnp.maximum(step - 1, 0) if after else step)
    starts, stops = (jnp.asarray([each[i] for each in stretches], jnp.int32)[index] for i in (1, 2))
    fades = jnp.asarray([each.fade for each in stretches])[index]
    share = (step - starts).astype(jnp.float32) / (stops - starts).astype(jnp.float32)
    return jnp.where(fades, jnp.clip(share, 0.0, 1.0), 1.0)


def begins_anew(stretches: Sequence[Stretch], step: Array, network: str) -> Array | None:
    """Whether the network's optimiser begins anew at round `step`: [] bool, or None where no stretch asks for it."""
    starts = [each.start for each in stretches if network in each.reset and each.start > 0]
    return jnp.any(jnp.asarray(starts, jnp.int32) == step) if starts else None


def _index(stretches: Sequence[Stretch], step: Array) -> Array:
    starts = jnp.asarray([each.start for each in stretches], jnp.int32)
    return jnp.maximum(jnp.searchsorted(starts, step, side="right") - 1, 0)


def _counted(stretches: Sequence[Stretch], step: Array, rates: Sequence[float], dtype: Any) -> Array:
    """What `rates` a round, one for each stretch, come to in `step` rounds: [] of dtype."""
    if len({*rates}) == 1:
        return (step * rates[0]).astype(dtype)
    totals = np.cumsum([0, *(rate * (each.stop - each.start) for rate, each in zip(rates, stretches, strict=True))])
    index = _index(stretches, step)
    start = jnp.asarray([each.start for each in stretches], jnp.int32)[index]
    return jnp.asarray(totals[:-1], dtype)[index] + ((step - start) * jnp.asarray(rates)[index]).astype(dtype)
