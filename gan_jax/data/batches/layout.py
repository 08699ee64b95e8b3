"""Where the elements of each round stand in the endless stream, and who makes them: numbers only."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # it imports JAX
    from gan_jax.game import Phase, Stretch


class Place(NamedTuple):
    """One stretch, as this process sees it."""

    phase: Phase
    start: int  # its first round
    position: int  # in the stream, of its first element
    chunk: int  # the number of its first chunk
    local: int  # this process's elements of a batch
    size: int  # elements of a chunk, which one thread makes at a time

    @property
    def chunks_a_round(self) -> int:
        return self.local // self.size * self.phase.d_steps


class Layout:
    """The stream cut into rounds, each round's share of this process into chunks, numbered from 0 over the whole run.

    Round t shows the elements from position `images_before(stretches, t)` on: its batches one after another, of each
    batch process p of P the p-th of P equal slices.

    Args:
        stretches: those of the run.
        process_index, process_count: which slice is this process's.
        most: elements of a chunk, at most. It changes no round.

    Raises:
        ValueError: stretches that do not follow each other, or a batch that the processes cannot share.
    """

    def __init__(self, stretches: Sequence[Stretch], process_index: int, process_count: int, most: int = 32):
        from gan_jax.game import check_stretches  # whoever has stretches has imported it

        check_stretches(stretches)
        if not 0 <= process_index < process_count:
            raise ValueError(f"process_index {process_index} is not one of {process_count} processes.")
        self._index, self.stop = process_index, stretches[-1].stop
        self.places: list[Place] = []
        position = chunk = 0
        for number, (phase, start, stop, *_) in enumerate(stretches):
            local, rest = divmod(phase.batch_size, process_count)
            if rest:
                raise ValueError(
                    f"batch_size {phase.batch_size} cannot be shared equally by {process_count} processes (stretch"
                    f" {number}, rounds {start} to {stop - 1}): make it a multiple of {process_count}."
                )
            place = Place(phase, start, position, chunk, local, _largest_divisor(local, most))
            self.places.append(place)
            position += phase.images_a_round * (stop - start)
            chunk += place.chunks_a_round * (stop - start)
        self.chunks = chunk
        self._starts = [place.start for place in self.places]
        self._first_chunks = [place.chunk for place in self.places]

    def of_round(self, t: int) -> tuple[Place, range]:
        """The stretch of round t, and the numbers of the round's chunks. Raises ValueError for a round beyond the end."""
        if not 0 <= t < self.stop:
            raise ValueError(f"there is no round {t}: the stretches have rounds 0 to {self.stop - 1}.")
        place = self.places[bisect.bisect_right(self._starts, t) - 1]
        first = place.chunk + (t - place.start) * place.chunks_a_round
        return place, range(first, first + place.chunks_a_round)

    def of_chunk(self, chunk: int) -> tuple[Place, range]:
        """The stretch of a chunk, and the positions of its elements."""
        place = self.places[bisect.bisect_right(self._first_chunks, chunk) - 1]
        batch, part = divmod(chunk - place.chunk, place.local // place.size)
        first = place.position + batch * place.phase.batch_size + self._index * place.local + part * place.size
        return place, range(first, first + place.size)

    def images_before(self, t: int) -> int:
        """`gan_jax.game.images_before`, at the cost of a look-up."""
        place = self.places[bisect.bisect_right(self._starts, t) - 1]
        return place.position + (min(t, self.stop) - place.start) * place.phase.images_a_round


def _largest_divisor(number: int, most: int) -> int:
    return next(divisor for divisor in range(min(number, most), 0, -1) if number % divisor == 0)
