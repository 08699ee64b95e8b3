"""A correlation between two attributes, planted by picking elements."""

from __future__ import annotations

from typing import Any

import numpy as np


def correlated_indices(first: Any, second: Any, correlation: float, seed: int = 0) -> np.ndarray:
    """Which elements to keep so that two attributes, bool [N] each, correlate as asked: as many as there are, in order.

    Of n elements with shares p and q, as both have them, n (p q + r s) have both, s = sqrt(p (1 - p) q (1 - q)), and so on:
    Pearson's correlation of yes and no is then r, but for rounding to whole elements. Which of a kind are kept is a matter of
    the seed alone.
    Raises ValueError for attributes of one kind, and a correlation that no such shares have.
    """
    first, second = np.asarray(first, bool), np.asarray(second, bool)
    if first.ndim != 1 or first.shape != second.shape:
        raise ValueError(f"both attributes are yes and no of the same elements, got {first.shape} and {second.shape}")
    p, q = (float(np.mean(each)) if len(each) else 0.0 for each in (first, second))
    if not 0 < p < 1 or not 0 < q < 1:
        raise ValueError("a correlation is between attributes that some elements have and others have not")
    if not -1 < correlation < 1:
        raise ValueError(f"a correlation is above -1 and below 1, got {correlation}")
    shift = correlation * np.sqrt(p * (1 - p) * q * (1 - q))
    kinds = {(a, b): np.flatnonzero((first == a) & (second == b)) for a in (True, False) for b in (True, False)}
    shares = {(a, b): (p if a else 1 - p) * (q if b else 1 - q) + (shift if a == b else -shift) for a, b in kinds}
    if min(shares.values()) < 0:
        per = np.sqrt(p * (1 - p) * q * (1 - q))
        low, high = -min(p * q, (1 - p) * (1 - q)) / per, min(p * (1 - q), (1 - p) * q) / per
        raise ValueError(
            f"attributes of {p:.0%} and {q:.0%} of the elements correlate from {low:.2f} to {high:.2f}, not {correlation}"
        )
    most = min(len(kinds[kind]) / share for kind, share in shares.items() if share > 0)
    rng = np.random.default_rng(seed)
    kept = [rng.permutation(own)[: round(most * shares[kind])] for kind, own in kinds.items()]
    return np.sort(np.concatenate(kept))
