"""Which rounds end with a line, a picture, scores or a checkpoint, and how many are played at once in between."""

from __future__ import annotations

import bisect
import dataclasses
from collections.abc import Iterator
from typing import NamedTuple, Self

from gan_jax.setup.setup import Setup


class Due(NamedTuple):
    """What is to be done when a round is over; each needs its state."""

    picture: bool
    scores: bool
    checkpoint: bool


@dataclasses.dataclass(frozen=True)
class Timetable:
    """Intervals of a run, in rounds. A round is named by the step it ends at, from 1 to the last.

    borders: the steps at which stretches end; the last one is the run's end.
    together: rounds that one dispatch plays where it crosses none of these: `rounds_a_dispatch`, or the shortest of the
    intervals if that is less. Lines of metrics are no reason to play fewer: each round has its own numbers anyway.
    """

    borders: tuple[int, ...]
    lines: int
    pictures: int
    checkpoints: int
    scores: int | None = None
    rounds_a_dispatch: int = 1

    @classmethod
    def of(cls, setup: Setup) -> Self:
        borders = tuple(each.stop for each in setup.stretches)
        intervals = setup.log.every, setup.log.samples_every, setup.checkpoint.every, setup.evaluate.every
        return cls(borders, *intervals, setup.rounds_a_dispatch)

    @property
    def steps(self) -> int:
        """Rounds of the whole run."""
        return self.borders[-1]

    def writes(self, step: int) -> bool:
        """Whether a line of metrics falls on this step."""
        return step % self.lines == 0 or step == self.steps

    def due(self, step: int) -> Due:
        """What falls on this step besides."""
        judged = self.scores is not None and step % self.scores == 0
        return Due(step % self.pictures == 0 or step == self.steps, judged, step % self.checkpoints == 0)

    @property
    def _stops(self) -> list[int]:
        """The intervals that need the state: no dispatch crosses a multiple of one."""
        return [self.pictures, self.checkpoints] + ([] if self.scores is None else [self.scores])

    @property
    def together(self) -> int:
        return min(self.rounds_a_dispatch, *self._stops)

    def length(self, step: int, until: int) -> int:
        """Rounds that the dispatch at `step` plays: `together`, or 1 for what remains before a stop and before `until`.

        Counted from the last stop, so a run that goes on from anywhere soon plays the same dispatches as an unbroken one.
        """
        index = bisect.bisect_right(self.borders, step)  # of the border ahead
        border = self.borders[index - 1] if index else 0
        last = max(border, *(step // every * every for every in self._stops))
        ahead = (step // every * every + every for every in self._stops)
        upcoming = min(until, *ahead, *self.borders[index : index + 1])
        fits = (step - last) % self.together == 0 and step + self.together <= upcoming
        return self.together if fits else 1

    def lengths(self, step: int, until: int) -> Iterator[int]:
        """The lengths of all dispatches from `step` to `until`."""
        while step < until:
            yield (length := self.length(step, until))
            step += length
