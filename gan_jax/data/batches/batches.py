"""Batches by number: the batches of round t are a function of (seed, t), on any number of hosts and threads."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from gan_jax.data.batches.layout import Layout, Place
from gan_jax.data.batches.stream import open_streams
from gan_jax.data.domains import Unpaired
from gan_jax.data.images.cells import cell_size
from gan_jax.data.preprocessing import Preprocessing
from gan_jax.data.source import Source

if TYPE_CHECKING:  # it imports JAX
    from gan_jax.game import Stretch

_CHUNK_BYTES = 2**23  # of float32 elements of full size that one thread makes at a time, unless one alone is larger


class Batches:
    """Shuffled, endless data of a source, cut into the rounds of a run's stretches.

    The source is shuffled anew each epoch and repeated; element n of this stream has its own noise, seeded by n. Round t
    shows the elements from position `images_before(stretches, t)` on: its d_steps batches one after another, of each
    batch process p of P the p-th of P equal slices. Nothing depends on how many threads work, or what was read before.

    Elements are prepared at `preprocessing.shape`; a smaller phase shows the means over k x k cells of them.

    Of unpaired data each domain is such a stream, with an order and noise seeded by its name too, and a round holds a
    leaf for each domain, of its images.

    Args:
        source: where the elements come from, or a source for each domain; on several hosts, the same everywhere.
        preprocessing: what is done to each.
        stretches: rounds 0 to the end, and their phases: shape, batch_size over all processes, d_steps.
        seed: orders and noise; any integer from 0.
        process_index, process_count: which slice of each batch is this process's.
        threads: how many decode; 0: the caller's own. Unset: one for each core, 16 at most.
        prefetch: rounds kept ready; where stretches differ, of those with the fewest elements.
        cache_mib: sources that fit in this memory (MiB) once resized are decoded once.

    Raises:
        ValueError: a batch size that the processes cannot share, a phase's shape that no whole k makes, sizes that
            `preprocessing` cannot make fit, no elements.
    """

    def __init__(
        self,
        source: Source | Unpaired,
        preprocessing: Preprocessing,
        stretches: Sequence[Stretch],
        seed: int = 0,
        process_index: int = 0,
        process_count: int = 1,
        threads: int | None = None,
        prefetch: int = 2,
        cache_mib: float = 256,
    ):
        most = _CHUNK_BYTES // (4 * math.prod(preprocessing.shape))
        self._layout = Layout(stretches, process_index, process_count, min(max(most, 1), 32))
        phases = dict.fromkeys(place.phase for place in self._layout.places)
        self._cells = {phase: cell_size(preprocessing.shape, phase.shape) for phase in phases}
        self._streams = open_streams(source, preprocessing, seed, cache_mib)
        self._threads = min(16, os.cpu_count() or 1) if threads is None else threads
        self._ahead = prefetch * min(place.chunks_a_round for place in self._layout.places)

        from grain import MapDataset  # slow to import

        self._chunks: Any = MapDataset.range(self._layout.chunks).map(self._chunk)

    @classmethod
    def constant(
        cls, source: Source | Unpaired, preprocessing: Preprocessing, batch_size: int, d_steps: int = 1, **settings: Any
    ) -> Self:
        """Batches of full size without end. settings: the other arguments."""
        from gan_jax.game import Phase, Stretch

        phase = Phase(preprocessing.shape, batch_size, d_steps)
        return cls(source, preprocessing, [Stretch(phase, 0, 2**62 // phase.images_a_round)], **settings)

    def at(self, t: int) -> dict[str, np.ndarray]:
        """Round t: {"image": float32 [d_steps, B / P, *phase.shape], "label": int32 [d_steps, B / P] if labelled}."""
        place, chunks = self._layout.of_round(t)
        return _joined(place, [self._chunks[index] for index in chunks])

    def iterate(self, start: int = 0) -> Rounds:
        """Rounds start, start + 1, ... to the end, made ahead by threads. Starting late costs nothing."""
        from grain import ReadOptions

        first = self._layout.of_round(start)[1].start if start < self._layout.stop else self._layout.chunks
        ahead = max(self._ahead, self._threads)
        options = ReadOptions(num_threads=self._threads, prefetch_buffer_size=ahead if self._threads else 0)
        return Rounds(iter(self._chunks[first:].to_iter_dataset(options)), self._layout, start)

    def epoch(self, t: int) -> float:
        """Epochs completed before round t; of several domains, those of the longest."""
        return self._layout.images_before(t) / max(len(stream) for stream in self._streams)

    def _chunk(self, index: int) -> dict[str, np.ndarray]:
        place, positions = self._layout.of_chunk(index)
        k = self._cells[place.phase]
        return {key: leaf for stream in self._streams for key, leaf in stream.elements(positions, k).items()}


class Rounds(Iterator[dict[str, np.ndarray]]):
    """Rounds in order, made ahead. Close it, or use it in a `with` statement, to stop its threads."""

    def __init__(self, chunks: Any, layout: Layout, start: int):
        self._chunks, self._layout, self._t = chunks, layout, start

    def __next__(self) -> dict[str, np.ndarray]:
        if self._t >= self._layout.stop:
            raise StopIteration
        place, chunks = self._layout.of_round(self._t)
        self._t += 1
        return _joined(place, [next(self._chunks) for _ in chunks])

    def close(self) -> None:
        self._chunks.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _joined(place: Place, chunks: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    def join(key: str) -> np.ndarray:
        whole = chunks[0][key] if len(chunks) == 1 else np.concatenate([chunk[key] for chunk in chunks])
        return whole.reshape(place.phase.d_steps, place.local, *whole.shape[1:])

    return {key: join(key) for key in chunks[0]}
