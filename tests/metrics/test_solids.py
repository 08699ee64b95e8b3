"""Scores of voxels, by hand."""

import numpy as np
import pytest

from gan_jax.metrics.linear_svm import svm_right
from gan_jax.metrics.solids import (
    as_solids,
    average_precisions,
    interval,
    iou_of_all_pairs,
    largest_component,
    voxel_iou,
)


def solid(*places):
    made = np.zeros((2, 2, 3), bool)
    for place in places:
        made[place] = True
    return made


A, B, EMPTY = solid((0, 0, 0), (0, 0, 1), (1, 1, 2)), solid((0, 0, 1), (1, 1, 2)), solid()


def test_overlaps():
    np.testing.assert_allclose(voxel_iou(np.stack([A, A, EMPTY, EMPTY]), np.stack([A, B, B, EMPTY])), [1, 2 / 3, 0, 1])
    np.testing.assert_allclose(
        iou_of_all_pairs(np.stack([A, EMPTY]), np.stack([A, B, EMPTY])), [[1, 2 / 3, 0], [0, 0, 1]]
    )
    with pytest.raises(ValueError, match="pair by pair"):
        voxel_iou(A[None], A[None, :1])


def test_average_precision():
    """Scores in falling order meet full, empty, full, ...: precisions 1 and 2/3 at the two full voxels: 5/6."""
    scores = np.zeros((1, 2, 2, 3))
    scores[0, 0, 0, 1], scores[0, 0, 0, 0], scores[0, 1, 1, 2] = 0.9, 0.8, 0.7
    np.testing.assert_allclose(average_precisions(scores, B[None]), [(1 + 2 / 3) / 2])
    np.testing.assert_allclose(
        average_precisions(np.full((1, 2, 2, 3), 0.4), B[None]), [2 / 12]
    )  # the share that is full
    with pytest.raises(ValueError, match="a true shape is empty"):
        average_precisions(scores, EMPTY[None])


def test_the_largest_piece():
    np.testing.assert_array_equal(largest_component(A), solid((0, 0, 0), (0, 0, 1)))  # a corner does not hold
    np.testing.assert_array_equal(largest_component(EMPTY), EMPTY)
    voxels = np.where(A, 0.2, 0.05)[None, ..., None]
    np.testing.assert_array_equal(as_solids(voxels, 0.1, largest=True)[0], largest_component(A))
    assert not as_solids(voxels).any()


def test_interval():
    assert interval(np.array([0.0, 1.0])) == pytest.approx(1.96 * np.sqrt(0.5) / np.sqrt(2))


def test_linear_svm():
    """Two classes that a line divides, and the same without a difference."""
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 2
    features = rng.normal(size=(60, 5)) + 6 * labels[:, None] * np.array([1, 0, 0, 0, 0])
    assert svm_right(features[:40], labels[:40], features[40:], labels[40:]).all()
    assert svm_right(1e3 * features[:40] + 7, labels[:40], 1e3 * features[40:] + 7, labels[40:]).all()
    noise = rng.normal(size=(60, 5))
    assert svm_right(noise[:40], labels[:40], noise[40:], labels[40:]).mean() < 0.85
    with pytest.raises(ValueError, match="three folds"):
        svm_right(features[:4], labels[:4], features, labels)
