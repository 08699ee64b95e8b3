"""Yes/no attributes told by a classifier: how often it is right, how many images have each, and how sure it is."""

from __future__ import annotations

from typing import Any

import numpy as np

from gan_jax.metrics.estimate import check_features


def attribute_accuracies(logits: Any, attributes: Any) -> np.ndarray:
    """The share of images, in [0, 1], whose attribute is told rightly, for each: logits and bool [n, K] -> [K].

    A logit above 0 says yes. Raises ValueError for attributes of another shape, and as `check_features`.
    """
    logits, attributes = check_features(logits, "classified"), np.asarray(attributes)
    if attributes.shape != logits.shape or attributes.dtype != bool:
        raise ValueError(
            f"The true attributes must be bool {list(logits.shape)}, not {attributes.dtype} {list(attributes.shape)}."
        )
    return np.mean((logits > 0) == attributes, axis=0)


def attribute_shares(logits: Any) -> tuple[np.ndarray, np.ndarray]:
    """(the share of images that have each attribute, its standard error over images): logits [n, K] -> [K], [K].

    The error is that of counting n independent images, sqrt(p (1 - p) / n), not of the classifier.
    """
    logits = check_features(logits, "classified")
    shares = np.mean(logits > 0, axis=0)
    return shares, np.sqrt(shares * (1 - shares) / len(logits))


def unsure_shares(logits: Any, sure: float = 0.9) -> np.ndarray:
    """The share of images in which each attribute is told with a probability under `sure`: logits [n, K] -> [K].

    Raises ValueError for `sure` outside of [0.5, 1), and as `check_features`.
    """
    if not 0.5 <= sure < 1:
        raise ValueError(f"One is sure from a probability of 0.5 on and below 1, not {sure}.")
    return np.mean(np.abs(check_features(logits, "classified")) < np.log(sure / (1 - sure)), axis=0)
