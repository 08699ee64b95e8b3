"""Linear support vector machines on fixed features: how well they tell classes apart."""

from __future__ import annotations

import numpy as np
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.svm import SVC

_COSTS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)


def svm_right(
    train: np.ndarray, train_labels: np.ndarray, test: np.ndarray, test_labels: np.ndarray, seed: int = 0
) -> np.ndarray:
    """Which test elements a linear SVM tells right: features [N, F], labels [N], [M, F], [M] -> bool [M].

    One against one, on features that are divided by their common root mean square about the training mean; the cost is the
    best of six in three folds of the training split. Raises ValueError for a class with fewer than three elements.
    """
    if (fewest := np.unique(train_labels, return_counts=True)[1].min()) < 3:
        raise ValueError(f"a class has {fewest} training elements, and the SVM's cost is chosen in three folds")
    mean = train.mean(0, dtype=np.float64)
    centred, seen = (np.asarray(part - mean, np.float32) for part in (train, test))
    scale = float(np.mean(np.sum(np.square(centred), axis=1, dtype=np.float64))) or 1.0
    gram, cross = centred @ centred.T / scale, seen @ centred.T / scale
    search = GridSearchCV(
        SVC(kernel="precomputed"),
        {"C": [100 * c for c in _COSTS]},
        cv=StratifiedKFold(3, shuffle=True, random_state=seed),
    )
    return search.fit(gram, train_labels).predict(cross) == test_labels
