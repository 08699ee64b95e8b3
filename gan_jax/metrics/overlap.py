"""How well masks agree."""

from __future__ import annotations

import numpy as np


def intersection_over_union(masks: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """float64 [K]: the pixels in both masks over those in either, counted over all images. masks, truth: bool [n, H, W, K].

    NaN for a class that is in neither. Raises ValueError where they are no masks of one shape.
    """
    masks, truth = np.asarray(masks), np.asarray(truth)
    if masks.shape != truth.shape or masks.ndim != 4 or masks.dtype != bool or truth.dtype != bool:
        told = " and ".join(f"{each.dtype} {list(each.shape)}" for each in (masks, truth))
        raise ValueError(f"masks that are compared are bool [n, H, W, K], both of one shape; got {told}")
    both, either = ((masks & truth).sum((0, 1, 2)), (masks | truth).sum((0, 1, 2)))
    return np.divide(both, either, out=np.full(len(either), np.nan), where=either > 0)
