"""The endless stream of a source's elements: shuffled anew each epoch, each with noise of its own."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping

import numpy as np

from gan_jax.data.batches.epoch_order import EpochOrder
from gan_jax.data.batches.prepared import Prepared
from gan_jax.data.domains import Unpaired, sources_of
from gan_jax.data.inspection import inspect_source
from gan_jax.data.preprocessing import Preprocessing
from gan_jax.data.source import Source


class Stream:
    """Element n of the stream is a function of the two seeds and n alone.

    Args:
        source: what is shuffled and repeated.
        preprocessing: what is done to each element.
        order_seed, noise_seed: below 2**64.
        cache_mib: prepared elements are kept where they all fit in this memory (MiB).

    Raises:
        ValueError: no elements, or sizes that `preprocessing` cannot make fit.
    """

    def __init__(
        self, source: Source, preprocessing: Preprocessing, order_seed: int, noise_seed: int, cache_mib: float
    ):
        looked_at = 1000 if preprocessing.resize == "none" else 100  # a size met later is an error then
        preprocessing.check(inspect_source(source, looked_at).leaves)
        self._order, self._noise_seed = EpochOrder(len(source), order_seed), noise_seed
        self._prepared, self._preprocessing = Prepared(source, preprocessing, cache_mib), preprocessing

    def __len__(self) -> int:
        """Elements of an epoch."""
        return len(self._prepared)

    def elements(self, positions: range, k: int) -> dict[str, np.ndarray]:
        """Consecutive elements, by position: leaves [len(positions), ...], means over cells of k (see `finish`)."""
        prepared = [self._prepared[index] for index in self._order(positions)]
        noise = _noise(self._noise_seed, positions) if self._preprocessing.is_random else None
        return self._preprocessing.finish(prepared, noise, k)


def open_streams(
    data: Source | Unpaired, preprocessing: Preprocessing, seed: int, cache_mib: float
) -> tuple[Stream, ...]:
    """One stream, or one for each domain. A domain's seeds come of its name, so another domain changes nothing in it."""
    sources = sources_of(data)
    streams = []
    for source in sources:
        own = (zlib.crc32(source.keys[0].encode()),) if isinstance(data, Mapping) else ()
        seeds = np.random.SeedSequence(seed, spawn_key=own).generate_state(2, np.uint64)
        streams.append(Stream(source, preprocessing, *seeds, cache_mib / len(sources)))
    return tuple(streams)


def _noise(seed: int, positions: range) -> Iterator[np.random.Generator]:
    """One generator for each position: the same object, set to the stream that begins at counter position * 2**192."""
    bits = np.random.Philox(key=seed)
    state, generator = bits.state, np.random.Generator(bits)  # making one for each would take 10 microseconds
    for position in positions:
        state["state"]["counter"][:] = 0, 0, 0, position
        bits.state = state
        yield generator
