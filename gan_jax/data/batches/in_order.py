"""The elements of a source in their own order, once, without chance: what evaluation is measured against."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from gan_jax.data.images.cells import cell_size
from gan_jax.data.inspection import inspect_source
from gan_jax.data.preprocessing import Preprocessing
from gan_jax.data.source import Source


def in_order(
    source: Source,
    preprocessing: Preprocessing,
    batch_size: int,
    start: int = 0,
    stop: int | None = None,
    threads: int | None = None,
    shape: tuple[int, ...] | None = None,
) -> Iterator[dict[str, np.ndarray]]:
    """Elements start .. stop - 1 (to the end, where unset) in batches; the last may be short.

    source: of unpaired data, one domain's, `holding(data, "a")`. shape: the phase's that shows them, where it is smaller
    than that of `preprocessing`.

    Yields:
        {"image": float32 [B, H, W, C] in [-1, 1], "label": int32 [B] where labelled}, or what other leaves there are;
        random crops become central, flips and noise are off.

    Raises:
        ValueError: sizes that `preprocessing` cannot make fit, or a stretch beyond the source.
    """
    steady = preprocessing.without_randomness()
    steady.check(inspect_source(source).leaves)
    k = 1 if shape is None else cell_size(steady.shape, shape)
    stop = len(source) if stop is None else stop
    if not 0 <= start <= stop <= len(source):
        raise ValueError(f"elements {start} to {stop} are not in {source!r}, which has {len(source)}.")
    return _batches(source, steady, batch_size, start, stop, threads, k)


def _batches(
    source: Source, steady: Preprocessing, batch_size: int, start: int, stop: int, threads: int | None, k: int
) -> Iterator[dict[str, np.ndarray]]:
    with ThreadPoolExecutor(threads or min(16, os.cpu_count() or 1)) as pool:
        for first in range(start, stop, batch_size):
            indices = range(first, min(first + batch_size, stop))
            elements = list(pool.map(lambda index: steady.finish([steady.prepare(source[index])], k=k), indices))
            yield {key: np.concatenate([element[key] for element in elements]) for key in elements[0]}
