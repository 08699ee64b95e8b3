"""Precision and recall, of two kinds, and density and coverage: how the sets of features overlap.

A set's manifold is taken to be the balls around its points that reach to their k-th nearest neighbours. A distance and a
radius that differ by no more than rounding are equal, and a point with k copies or more has a ball of radius 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gan_jax.metrics.estimate import Track, check_features
from gan_jax.metrics.neighbors import CHUNK, kth_neighbor_radii, square_blocks


def precision_recall_density_coverage(
    real: Any, fake: Any, k: int = 5, chunk: int = CHUNK, track: Track = iter
) -> dict[str, float]:
    """Naeem et al., arXiv:2002.09797: features [n, F], [m, F] -> {"precision", "recall", "density", "coverage"}.

    precision: the share of fakes inside any real ball; recall: of reals inside any fake ball; density: the mean number
    of real balls a fake is in, over k (can exceed 1); coverage: the share of real balls that hold a fake. Inside is
    strictly inside, as in the authors' package. Memory grows with n + m, not with their product. track: shows the rows of
    blocks done.

    Raises ValueError for k images or fewer in a set, and as `check_features`.
    """
    real, fake = check_features(real, "real", k + 1), check_features(fake, "fake", k + 1)
    real_radii, fake_radii = (np.square(kth_neighbor_radii(each, k, chunk, track)) for each in (real, fake))
    hits = np.zeros(len(fake), np.int64)  # real balls around each fake
    recalled, covered = np.zeros(len(real), bool), np.zeros(len(real), bool)
    for rows, blocks in track(square_blocks(real, fake, chunk)):
        for columns, squares, slack in blocks:
            squares += slack
            inside = squares < real_radii[rows, None]  # [rows, columns]
            hits[columns] += np.count_nonzero(inside, 0)
            covered[rows] |= inside.any(1)
            recalled[rows] |= (squares < fake_radii[None, columns]).any(1)
    return {
        "precision": float(np.mean(hits > 0)),
        "recall": float(np.mean(recalled)),
        "density": float(np.mean(hits) / k),
        "coverage": float(np.mean(covered)),
    }


def improved_precision_recall(
    real: Any, fake: Any, k: int = 3, chunk: int = CHUNK, track: Track = iter
) -> dict[str, float]:
    """Kynkaanniemi et al., arXiv:1904.06991: features [n, F], [m, F] -> {"precision", "recall"}.

    precision: the share of fakes inside any real ball; recall: of reals inside any fake ball. A ball's surface is part
    of it (the paper's f, Eq. (1)), which differs from `precision_recall_density_coverage` only on ties. track: shows the
    rows of blocks done.

    Raises ValueError for k images or fewer in a set, and as `check_features`.
    """
    real, fake = check_features(real, "real", k + 1), check_features(fake, "fake", k + 1)
    real_radii, fake_radii = (np.square(kth_neighbor_radii(each, k, chunk, track)) for each in (real, fake))
    precise, recalled = np.zeros(len(fake), bool), np.zeros(len(real), bool)
    for rows, blocks in track(square_blocks(real, fake, chunk)):
        for columns, squares, slack in blocks:
            squares -= slack
            precise[columns] |= (squares <= real_radii[rows, None]).any(0)
            recalled[rows] |= (squares <= fake_radii[None, columns]).any(1)
    return {"precision": float(np.mean(precise)), "recall": float(np.mean(recalled))}
