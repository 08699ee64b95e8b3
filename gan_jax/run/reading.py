"""The numbers of rounds: read once the device has them, shown, written down, and looked at for a run that is lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax

from gan_jax.data import Prefetch
from gan_jax.run.diary import Diary
from gan_jax.run.dispatch import read
from gan_jax.run.divergence import diverged, learns_no_more, not_finite
from gan_jax.run.log import shown_losses
from gan_jax.run.timetable import Timetable
from gan_jax.runtime.checkpoints.checkpoints import Checkpoints
from gan_jax.runtime.processes.processes import warn
from gan_jax.runtime.progress import Progress


class Played(NamedTuple):
    """A dispatch that the device was handed, and whose numbers nobody has read."""

    first: int  # the step that its first round ends at
    metrics: Mapping[str, jax.Array]  # [] each, or [rounds] if they are several
    state: Mapping[str, jax.Array] = {}  # `divergence.largest` of the state after it, where it is looked at


class Reading:
    """Of one run. images: of a step, real elements shown by then."""

    def __init__(self, timetable: Timetable, diary: Diary, checkpoints: Checkpoints, images: Callable[[int], int]):
        self._timetable, self._diary, self._checkpoints, self._images = timetable, diary, checkpoints, images
        self._waited = 0.0  # for batches, before this dispatch
        self._lost = False  # whether it was said that a player learns no more

    def begin(self) -> None:
        """To be called where new dispatches begin to be prefetched."""
        self._waited = 0.0

    def __call__(self, played: Played, progress: Progress, dispatches: Prefetch) -> None:
        """Reads the numbers of a dispatch, round by round. Raises TrainingDiverged where one is not finite."""
        began = time.perf_counter()
        rounds = read(played.metrics)
        blocked = time.perf_counter() - began
        waited, self._waited = dispatches.waited - self._waited, dispatches.waited
        last = played.first + len(rounds) - 1
        shown = shown_losses(rounds[-1])
        if played.first - 1 in self._timetable.borders:  # of another stretch
            progress.begin_window()
        progress.update(last, self._images(last), waited, shown, blocked)
        lines = [step for step in range(played.first, last + 1) if self._timetable.writes(step)]
        times = {**progress.rates(), **progress.time_shares()} if lines else {}
        of_state = {name: float(value) for name, value in jax.device_get(played.state).items()}
        for step, values in enumerate(rounds, played.first):
            if not_finite(seen := values | of_state if step == last else values):
                self._diary.note(step, seen)
                raise diverged(step, seen, self._checkpoints)
            if step in lines:
                self._diary.line(step, {**times, **values})
                if not self._lost and (sentence := learns_no_more(step, values)):
                    self._lost = True
                    warn(sentence)
