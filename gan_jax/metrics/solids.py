"""Scores of shapes as voxels: overlaps, average precision, pieces, and how sure a mean over shapes is."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from sklearn.metrics import average_precision_score

_ROWS = 256  # shapes of one side at a time


def voxel_iou(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """|one & other| / |one | other| of each pair by index, 1 where both are empty: bool [N, ...] twice -> float64 [N]."""
    if one.shape != other.shape:
        raise ValueError(f"shapes are compared pair by pair, and there are {one.shape} and {other.shape}")
    a, b = (np.asarray(x, bool).reshape(len(x), -1) for x in (one, other))
    union = (a | b).sum(1)
    return np.where(union, (a & b).sum(1) / np.maximum(union, 1), 1.0)


def iou_of_all_pairs(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The IoU of each of one with each of the other: bool [N, ...], [M, ...] -> float64 [N, M]."""
    b = np.asarray(other, bool).reshape(len(other), -1).astype(np.float32)
    rows = []
    for first in range(0, len(one), _ROWS):
        a = np.asarray(one[first : first + _ROWS], bool)
        a = a.reshape(len(a), -1).astype(np.float32)
        both = (a @ b.T).astype(np.float64)  # counts, exact below 2^24
        union = a.sum(1, dtype=np.float64)[:, None] + b.sum(1, dtype=np.float64) - both
        rows.append(np.where(union, both / np.maximum(union, 1), 1.0))
    return np.concatenate(rows)


def average_precisions(scores: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The average precision over the voxels of each shape (3D-GAN's measure): floats and bool, [N, ...] -> float64 [N].

    Scikit-learn's. Raises ValueError for a shape without a full voxel, which no score can find.
    """
    if scores.shape != truth.shape:
        raise ValueError(f"each voxel needs a score, and there are {scores.shape} scores and {truth.shape} voxels")
    if not np.asarray(truth, bool).reshape(len(truth), -1).any(1).all():
        raise ValueError("a true shape is empty: there is nothing to find in it")
    pairs = zip(truth, scores, strict=True)
    return np.array([average_precision_score(full.ravel(), score.ravel()) for full, score in pairs])


def largest_component(solid: np.ndarray) -> np.ndarray:
    """The largest piece of a shape, voxels that touch by a face: bool [D, H, W] -> bool [D, H, W]. Of equal ones the first."""
    pieces = np.asarray(ndimage.label(solid)[0])
    if pieces.max() < 2:
        return np.asarray(solid, bool)
    return pieces == 1 + np.bincount(pieces.ravel())[1:].argmax()


def as_solids(voxels: np.ndarray, threshold: float = 0.5, largest: bool = False) -> np.ndarray:
    """Voxels [N, D, H, W, 1] from 0 to 1 -> bool [N, D, H, W]: above the threshold and, if asked, the largest piece alone.

    3D-GAN's samples are shown so, at 0.1 (arXiv:1610.07584, the authors' code).
    """
    solids = np.asarray(voxels)[..., 0] > threshold
    return np.stack([largest_component(each) for each in solids]) if largest else solids


def interval(values: np.ndarray) -> float:
    """Half the width of the 95 % interval of a mean: 1.96 standard errors. values: [N], N at least 2."""
    return float(1.96 * np.std(values, ddof=1) / np.sqrt(len(values)))
