"""Batches by number: the batches of round t are a function of (seed, t), on any number of hosts and threads."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np

from gan_jax.data.epoch_order import EpochOrder
from gan_jax.data.inspection import inspect_source
from gan_jax.data.prepared import Prepared
from gan_jax.data.preprocessing import Preprocessing
from gan_jax.data.source import Source


class Batches:
    """Shuffled, endless batches of a source.

    The source is shuffled anew each epoch and repeated; element n of this stream has its own noise, seeded by n. Batch
    k holds elements [k * batch_size, (k + 1) * batch_size), of which process p of P has the p-th of P equal slices; round
    t holds batches [t * d_steps, (t + 1) * d_steps). Nothing depends on how many threads work, or what was read before.

    Args:
        source: where the elements come from; on several hosts, the same everywhere.
        preprocessing: what is done to each.
        batch_size: images of one batch, over all processes.
        d_steps: batches of one round.
        seed: orders and noise; any integer from 0.
        process_index, process_count: which slice of each batch is this process's.
        threads: how many decode; 0: the caller's own. Unset: one for each core, 16 at most.
        prefetch: rounds kept ready.
        cache_mib: sources that fit in this memory (MiB) once resized are decoded once.

    Raises:
        ValueError: a batch size that the processes cannot share, sizes that `preprocessing` cannot make fit, no elements.
    """

    def __init__(
        self,
        source: Source,
        preprocessing: Preprocessing,
        batch_size: int,
        d_steps: int = 1,
        seed: int = 0,
        process_index: int = 0,
        process_count: int = 1,
        threads: int | None = None,
        prefetch: int = 2,
        cache_mib: float = 256,
    ):
        if batch_size < 1 or d_steps < 1:
            raise ValueError(f"batch_size {batch_size} and d_steps {d_steps} must be at least 1.")
        if batch_size % process_count:
            raise ValueError(f"batch_size {batch_size} cannot be shared equally by {process_count} processes.")
        if not 0 <= process_index < process_count:
            raise ValueError(f"process_index {process_index} is not one of {process_count} processes.")
        looked_at = 1000 if preprocessing.resize == "none" else 100  # a size met later is an error then
        preprocessing.check(inspect_source(source, looked_at).sizes)
        self.batch_size, self.d_steps = batch_size, d_steps
        self._length = len(source)
        self._local = batch_size // process_count
        self._threads = min(16, os.cpu_count() or 1) if threads is None else threads
        self._prefetch = prefetch

        self._prepared = Prepared(source, preprocessing, cache_mib)
        self._preprocessing = preprocessing
        order_seed, self._noise_seed = np.random.SeedSequence(seed).generate_state(2, np.uint64)
        self._order = EpochOrder(len(source), order_seed)

        chunk = _largest_divisor(self._local, 32)  # what one thread makes at a time
        per_slice = self._local // chunk

        def own_chunk(index: int) -> dict[str, np.ndarray]:
            batch, part = divmod(index, per_slice)
            first = batch * batch_size + process_index * self._local + part * chunk
            return self._elements(range(first, first + chunk))

        from grain import MapDataset  # slow to import

        self._chunks: Any = MapDataset.range(2**62 // batch_size).map(own_chunk)
        self._chunks_a_round = per_slice * d_steps

    def at(self, t: int) -> dict[str, np.ndarray]:
        """Round t: {"image": float32 [d_steps, B / P, ...], "label": int32 [d_steps, B / P] if labelled}."""
        first = t * self._chunks_a_round
        return self._joined([self._chunks[index] for index in range(first, first + self._chunks_a_round)])

    def iterate(self, start: int = 0) -> Rounds:
        """Rounds start, start + 1, ... without end, made ahead by threads. Starting late costs nothing."""
        from grain import ReadOptions

        ahead = max(self._prefetch * self._chunks_a_round, self._threads)
        options = ReadOptions(num_threads=self._threads, prefetch_buffer_size=ahead if self._threads else 0)
        chunks = self._chunks[start * self._chunks_a_round :].to_iter_dataset(options)
        return Rounds(iter(chunks), self._chunks_a_round, self._joined)

    def epoch(self, t: int) -> float:
        """Epochs completed before round t."""
        return t * self.d_steps * self.batch_size / self._length

    def _elements(self, positions: range) -> dict[str, np.ndarray]:
        """Elements of the endless stream, by position: leaves [len(positions), ...]."""
        prepared = [self._prepared[index] for index in self._order(positions)]
        if self._preprocessing.is_random:
            return self._preprocessing.finish(prepared, _noise(self._noise_seed, positions))
        return self._preprocessing.finish(prepared)

    def _joined(self, chunks: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        def join(key: str) -> np.ndarray:
            whole = chunks[0][key] if len(chunks) == 1 else np.concatenate([chunk[key] for chunk in chunks])
            return whole.reshape(self.d_steps, self._local, *whole.shape[1:])

        return {key: join(key) for key in chunks[0]}


class Rounds(Iterator[dict[str, np.ndarray]]):
    """Rounds in order, made ahead. Close it, or use it in a `with` statement, to stop its threads."""

    def __init__(self, chunks: Any, chunks_a_round: int, join: Any):
        self._chunks, self._chunks_a_round, self._join = chunks, chunks_a_round, join

    def __next__(self) -> dict[str, np.ndarray]:
        return self._join([next(self._chunks) for _ in range(self._chunks_a_round)])

    def close(self) -> None:
        self._chunks.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _noise(seed: int, positions: range) -> Iterator[np.random.Generator]:
    """One generator for each position: the same object, set to the stream that begins at counter position * 2**192."""
    bits = np.random.Philox(key=seed)
    state, generator = bits.state, np.random.Generator(bits)  # making one for each would take 10 microseconds
    for position in positions:
        state["state"]["counter"][:] = 0, 0, 0, position
        bits.state = state
        yield generator


def _largest_divisor(number: int, most: int) -> int:
    return next(divisor for divisor in range(min(number, most), 0, -1) if number % divisor == 0)
