"""Perceptual path length (Karras et al., arXiv:1812.04948, section 4.1) from the lengths of its steps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gan_jax.metrics.estimate import Estimate


def path_length(lengths: Any, low: float = 1.0, high: float = 99.0) -> tuple[Estimate, int]:
    """The mean of steps' lengths [n] without the shortest and the longest, its standard error, and how many were kept.

    Kept are those from the low-th percentile to the high-th, both included; the percentiles are lengths that occur, the
    lower one from below and the higher one from above, as in the authors' code. Raises ValueError for fewer than 2
    lengths, negative ones and such as are not finite.
    """
    lengths = np.asarray(lengths, np.float64)
    if lengths.ndim != 1 or len(lengths) < 2:
        raise ValueError(f"a path length is a mean over 2 steps or more, got lengths of shape {lengths.shape}")
    if not (np.isfinite(lengths).all() and (lengths >= 0).all()):
        raise ValueError("lengths of steps are 0 or more, and some are not")
    least, most = np.percentile(lengths, low, method="lower"), np.percentile(lengths, high, method="higher")
    kept = lengths[(lengths >= least) & (lengths <= most)]
    spread = float(np.std(kept, ddof=1) / math.sqrt(len(kept))) if len(kept) > 1 else None
    return Estimate(float(kept.mean()), spread), len(kept)
