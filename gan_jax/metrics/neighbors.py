"""Nearest neighbours by brute force, a block at a time: memory does not grow with the product of the sets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gan_jax.metrics.estimate import check_features


def kth_neighbor_radii(x: Any, k: int, chunk: int = 2048) -> np.ndarray:
    """The distance from each point to its k-th nearest other one: x [n, F] -> [n] float64.

    Raises ValueError for a set of k points or fewer, and as `check_features`.
    """
    if k < 1:
        raise ValueError(f"The nearest neighbour is k = 1; there is no k = {k}.")
    x = check_features(x, "given", k + 1)
    radii = np.empty(len(x))
    for rows, blocks in distance_blocks(x, x, chunk):
        best = np.empty((rows.stop - rows.start, 0))
        for columns, distances in blocks:
            if columns == rows:
                np.fill_diagonal(distances, np.inf)  # not its own neighbour
            best = _smallest(np.concatenate([best, _smallest(distances, k)], 1), k)
        radii[rows] = best.max(1)
    return radii


def nearest(queries: Any, references: Any, k: int = 1, chunk: int = 2048) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest references of each query, nearest first: [n, F], [m, F] -> distances, indices [n, k].

    Distances are Euclidean, float64; of equal ones the lower index comes first.

    Raises ValueError for fewer than k references, and as `check_features`.
    """
    if k < 1:
        raise ValueError(f"The nearest neighbour is k = 1; there is no k = {k}.")
    queries, references = check_features(queries, "query"), check_features(references, "reference", k)
    distances, indices = np.empty((len(queries), k)), np.empty((len(queries), k), np.int64)
    for rows, blocks in distance_blocks(queries, references, chunk):
        near, at = np.empty((rows.stop - rows.start, 0)), np.empty((rows.stop - rows.start, 0), np.int64)
        for columns, block in blocks:
            here = np.broadcast_to(np.arange(columns.start, columns.stop), block.shape)
            near, at = np.concatenate([near, block], 1), np.concatenate([at, here], 1)
            order = np.argsort(near, 1, kind="stable")[:, :k]
            near, at = np.take_along_axis(near, order, 1), np.take_along_axis(at, order, 1)
        distances[rows], indices[rows] = near, at
    return distances, indices


def distance_blocks(
    x: np.ndarray, y: np.ndarray, chunk: int = 2048
) -> Iterator[tuple[slice, Iterator[tuple[slice, np.ndarray]]]]:
    """Euclidean distances in float64, a row of blocks at a time: x [n, F], y [m, F].

    -> for each chunk of x, its rows, and an iterator over the chunks of y: their columns, and [rows, columns] distances.
    """
    if x.shape[1] != y.shape[1]:
        raise ValueError(
            f"Distances need features of one extractor: of {x.shape[1]} numbers an image, or {y.shape[1]}."
        )
    if chunk < 1:
        raise ValueError(f"A chunk must hold at least 1 image, not {chunk}.")
    centre = y.mean(0, dtype=np.float64)  # distances do not change, but their rounding shrinks
    part = lambda z, at: z[at] - centre  # float64
    y_squares = np.concatenate([np.square(part(y, at)).sum(1) for at in _slices(len(y), chunk)])  # [m]

    def along(rows: slice, a: np.ndarray, a_squares: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
        for columns in _slices(len(y), chunk):
            b = a if x is y and columns == rows else part(y, columns)
            squares = a @ b.T
            squares *= -2
            squares += a_squares[:, None]
            squares += y_squares[None, columns]
            if x is y and columns == rows:
                np.fill_diagonal(squares, 0)
            yield columns, np.sqrt(np.maximum(squares, 0, out=squares), out=squares)

    for rows in _slices(len(x), chunk):
        a = part(x, rows)
        yield rows, along(rows, a, np.square(a).sum(1))


def _slices(n: int, chunk: int) -> list[slice]:
    return [slice(i, min(i + chunk, n)) for i in range(0, n, chunk)]


def _smallest(values: np.ndarray, k: int) -> np.ndarray:
    """[n, m] -> [n, min(k, m)], in no order."""
    return np.partition(values, k - 1, 1)[:, :k] if values.shape[1] > k else values
