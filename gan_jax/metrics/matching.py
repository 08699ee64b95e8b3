"""How well two ways to sort images agree, whatever their classes are called."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment


def best_matching(values: Any, classes: Any, num_values: int, num_classes: int) -> tuple[float, np.ndarray]:
    """The largest share of n images on which values and classes agree under a matching, one to one, of the former with the
    latter, and that matching: int [num_values], -1 for a value without a class.

    values [n] in [0, num_values), classes [n] in [0, num_classes). Raises ValueError where there are none, or not as many.
    """
    values, classes = np.asarray(values), np.asarray(classes)
    if not len(values) or values.shape != classes.shape or values.ndim != 1:
        raise ValueError(
            f"a matching is of two rows of one length, 1 or more, not of {values.shape} and {classes.shape}"
        )
    counts = np.zeros((num_values, num_classes), np.int64)
    np.add.at(counts, (values, classes), 1)
    rows, columns = linear_sum_assignment(counts, maximize=True)
    matched = np.full(num_values, -1)
    matched[rows] = columns
    return float(counts[rows, columns].sum() / len(values)), matched
