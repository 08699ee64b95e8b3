"""Nearest neighbours by brute force, a block at a time: memory does not grow with the product of the sets.

Squared distances are |a|^2 + |b|^2 - 2 ab, which rounding moves by about 1e-16 of |a|^2 + |b|^2, and not the same way in every
place of a block. Below `TIE` of that sum they are 0, and two that differ by less are equal: so copies are copies, and
results depend on no order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from gan_jax.metrics.estimate import Track, check_features

CHUNK = 2048  # images along each side of a block
TIE = 1e-11  # of |a|^2 + |b|^2


class Block(NamedTuple):
    """Some columns of the squared distances between two sets, and how far rounding may have moved them."""

    columns: slice
    squares: np.ndarray  # [rows, columns]
    slack: np.ndarray  # [rows, columns]


def kth_neighbor_radii(x: Any, k: int, chunk: int = CHUNK, track: Track = iter) -> np.ndarray:
    """The distance from each point to its k-th nearest other one: x [n, F] -> [n] float64.

    track: shows the rows of blocks done. Raises ValueError for a set of k points or fewer, and as `check_features`.
    """
    if k < 1:
        raise ValueError(f"The nearest neighbour is k = 1; there is no k = {k}.")
    x = check_features(x, "given", k + 1)
    radii = np.empty(len(x))
    for rows, blocks in track(square_blocks(x, x, chunk)):
        best = np.empty((rows.stop - rows.start, 0))
        for columns, squares, _ in blocks:
            if columns == rows:
                np.fill_diagonal(squares, np.inf)  # not its own neighbour
            best = _smallest(np.concatenate([best, _smallest(squares, k)], 1), k)
        radii[rows] = np.sqrt(best.max(1))
    return radii


def nearest(
    queries: Any, references: Any, k: int = 1, chunk: int = CHUNK, track: Track = iter
) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest references of each query, nearest first: [n, F], [m, F] -> distances, indices [n, k].

    Distances are Euclidean, float64; of copies the lower index comes first. track: shows the rows of blocks done.

    Raises ValueError for fewer than k references, and as `check_features`.
    """
    if k < 1:
        raise ValueError(f"The nearest neighbour is k = 1; there is no k = {k}.")
    queries, references = check_features(queries, "query"), check_features(references, "reference", k)
    distances, indices = np.empty((len(queries), k)), np.empty((len(queries), k), np.int64)
    for rows, blocks in track(square_blocks(queries, references, chunk)):
        near, at = np.empty((rows.stop - rows.start, 0)), np.empty((rows.stop - rows.start, 0), np.int64)
        for columns, block, _ in blocks:
            here = np.broadcast_to(np.arange(columns.start, columns.stop), block.shape)
            near, at = np.concatenate([near, block], 1), np.concatenate([at, here], 1)
            order = np.argsort(near, 1, kind="stable")[:, :k]
            near, at = np.take_along_axis(near, order, 1), np.take_along_axis(at, order, 1)
        distances[rows], indices[rows] = np.sqrt(near), at
    return distances, indices


def square_blocks(x: np.ndarray, y: np.ndarray, chunk: int = CHUNK) -> Sequence[tuple[slice, Iterator[Block]]]:
    """Squared Euclidean distances in float64, a row of blocks at a time: x [n, F], y [m, F].

    -> for each chunk of x, in turn, its rows, and an iterator over the chunks of y.
    """
    if x.shape[1] != y.shape[1]:
        raise ValueError(
            f"Distances need features of one extractor: of {x.shape[1]} numbers an image, or {y.shape[1]}."
        )
    if chunk < 1:
        raise ValueError(f"A chunk must hold at least 1 image, not {chunk}.")
    return _Rows(x, y, chunk)


class _Rows(Sequence):
    """A sequence, so that a bar knows its length; each item is made when it is asked for."""

    def __init__(self, x: np.ndarray, y: np.ndarray, chunk: int):
        self._x, self._y = x, y
        self._rows, self._columns = _slices(len(x), chunk), _slices(len(y), chunk)
        self._centre = y.mean(0, dtype=np.float64)  # distances do not change, but their rounding shrinks
        self._y_squares = np.concatenate([np.square(self._part(y, at)).sum(1) for at in self._columns])  # [m]

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, i: int) -> tuple[slice, Iterator[Block]]:
        return self._rows[i], self._along(self._rows[i])

    def _part(self, z: np.ndarray, at: slice) -> np.ndarray:
        return z[at] - self._centre  # float64

    def _along(self, rows: slice) -> Iterator[Block]:
        x, y = self._x, self._y
        a = self._part(x, rows)
        a_squares = np.square(a).sum(1)
        for columns in self._columns:
            own = x is y and columns == rows
            b = a if own else self._part(y, columns)
            sums = a_squares[:, None] + self._y_squares[None, columns]
            squares = a @ b.T
            squares *= -2
            squares += sums
            slack = np.multiply(sums, TIE, out=sums)
            squares[squares <= slack] = 0
            if own:
                np.fill_diagonal(squares, 0)
            yield Block(columns, squares, slack)


def _slices(n: int, chunk: int) -> list[slice]:
    return [slice(i, min(i + chunk, n)) for i in range(0, n, chunk)]


def _smallest(values: np.ndarray, k: int) -> np.ndarray:
    """[n, m] -> [n, min(k, m)], in no order."""
    return np.partition(values, k - 1, 1)[:, :k] if values.shape[1] > k else values
