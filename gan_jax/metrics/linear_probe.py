"""How much a network's features tell about classes: a linear classifier on top of them."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np

from gan_jax.metrics.estimate import check_features, check_labels


class Accuracies(NamedTuple):
    """Top-1 accuracies of one probe, in [0, 1]."""

    train: float  # on the images that it was fitted to
    test: float

    @property
    def gap(self) -> float:
        """How much better the probe is on what it was fitted to: how far the features let it learn images by heart."""
        return self.train - self.test


def linear_probe(
    train_features: Any,
    train_labels: Any,
    test_features: Any,
    test_labels: Any,
    l2: float = 1e-3,
    max_iterations: int = 1000,
) -> float:
    """Top-1 accuracy in [0, 1], on the test set, of a logistic regression fitted to the training set; see `probe_accuracies`."""
    return probe_accuracies(train_features, train_labels, test_features, test_labels, l2, max_iterations).test


def probe_accuracies(
    train_features: Any,
    train_labels: Any,
    test_features: Any,
    test_labels: Any,
    l2: float = 1e-3,
    max_iterations: int = 1000,
) -> Accuracies:
    """Top-1 accuracies, on both sets, of a logistic regression fitted to the training set.

    Features [n, F], labels: integers [n]. The protocol, which nothing random enters:

    1. Standardise: subtract the training set's mean and divide by its standard deviation, feature by feature; features
       constant on the training set are left out of the division. The test set is moved and scaled by the same numbers.
    2. Fit softmax(W x + b) by minimising mean cross-entropy + l2 / 2 |W|^2 (b is free) with L-BFGS from zero, in
       float64, until no entry of the gradient of the mean loss is above 1e-4, or for `max_iterations`; what it has
       reached by then is used.
    3. Predict the class of the largest logit.

    This stands in for SS-GAN's probe (Chen et al., arXiv:1811.11212, section 4.3), whose step sizes and regularisation
    are only partly known; it has no schedule to tune, and the problem has one minimum.

    Raises ValueError for fewer than 2 classes in the training set, l2 of zero or less, and as `check_features`.
    """
    if l2 <= 0:
        raise ValueError(f"The probe needs a positive l2, or separable classes have no best weights; got {l2}.")
    train, test = check_features(train_features, "training", 2), check_features(test_features, "test")
    if train.shape[1] != test.shape[1]:
        raise ValueError(f"The training features are {train.shape[1]} numbers an image, the test ones {test.shape[1]}.")
    train_labels = check_labels(train_labels, len(train), "training")
    test_labels = check_labels(test_labels, len(test), "test")
    if len(np.unique(train_labels)) < 2:
        raise ValueError("A probe needs at least 2 classes, and the training labels are all the same.")
    from sklearn.exceptions import ConvergenceWarning  # slow to import
    from sklearn.linear_model import LogisticRegression

    mean, std = train.mean(0, dtype=np.float64), train.std(0, dtype=np.float64)
    scale = np.where(std > 1e-12 * np.maximum(1, np.abs(mean)), std, 1)
    # scikit-learn minimises the sum of the cross-entropies x C + 1/2 |W|^2.
    model = LogisticRegression(C=1 / (l2 * len(train)), solver="lbfgs", tol=1e-4, max_iter=max_iterations)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # part of the protocol: see 2
        model.fit((train - mean) / scale, train_labels)
    right = lambda features, labels: float(np.mean(model.predict((features - mean) / scale) == labels))
    return Accuracies(right(train, train_labels), right(test, test_labels))
