"""Accuracy of classifiers."""

from __future__ import annotations

from typing import Any

import numpy as np

from gan_jax.metrics.estimate import check_features, check_labels


def top_k_accuracy(logits: Any, labels: Any, k: int = 1) -> float:
    """The share of images, in [0, 1], whose label is among the k largest logits: logits [n, K], labels [n] in [0, K).

    Of equal logits the one of the lower class counts as larger, as in argmax.

    Raises ValueError for a k or labels outside of the K classes, and as `check_features`.
    """
    logits = check_features(logits, "classified")
    n, classes = logits.shape
    labels = check_labels(labels, n, "true")
    if not 1 <= k <= classes:
        raise ValueError(f"The top {k} of {classes} classes do not exist.")
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(f"Labels must be from 0 to {classes - 1}; these go from {labels.min()} to {labels.max()}.")
    own = logits[np.arange(n), labels][:, None]  # [n, 1]
    before = (logits > own) | ((logits == own) & (np.arange(classes) < labels[:, None]))  # [n, K]
    return float(np.mean(before.sum(1) < k))
