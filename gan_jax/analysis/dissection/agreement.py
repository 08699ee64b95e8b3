"""How well two sets of pixels agree, from four shares: overlap as IoU, and information as a ratio."""

from __future__ import annotations

from typing import Any

import numpy as np


def iou(both: Any, unit: Any, of_class: Any) -> np.ndarray:
    """both / (unit + class - both), of counts or shares of pixels that broadcast; 0 where there is neither."""
    both, unit, of_class = (np.asarray(each, np.float64) for each in (both, unit, of_class))
    union = unit + of_class - both
    return np.divide(both, union, out=np.zeros(np.shape(union)), where=union > 0)


def information_ratio(both: Any, unit: Any, of_class: Any) -> np.ndarray:
    """Mutual information over joint entropy of two events, in [0, 1]; 0 where nothing is uncertain.

    both, unit, of_class: shares of all pixels, in [0, 1], that broadcast: P(unit and class), P(unit), P(class).
    Equation of section 3.1 of arXiv:1811.10597: I(U; c) / H(U, c).
    """
    both, unit, of_class = np.broadcast_arrays(*(np.asarray(each, np.float64) for each in (both, unit, of_class)))
    information, entropy = np.zeros(both.shape), np.zeros(both.shape)
    cells = (
        (both, unit, of_class),
        (unit - both, unit, 1 - of_class),
        (of_class - both, 1 - unit, of_class),
        (1 - unit - of_class + both, 1 - unit, 1 - of_class),
    )
    for joint, a, b in cells:
        joint = np.maximum(joint, 0.0)  # rounding
        there = (joint > 0) & (a * b > 0)
        log_joint = np.log(joint, out=np.zeros(joint.shape), where=there)
        log_apart = np.log(a * b, out=np.zeros(joint.shape), where=there)
        information += joint * (log_joint - log_apart)
        entropy -= joint * log_joint
    return np.divide(np.maximum(information, 0), entropy, out=np.zeros(both.shape), where=entropy > 0)
