"""The Inception score (Salimans et al., arXiv:1606.03498): are images clear one by one, and different together?"""

from __future__ import annotations

from typing import Any

import numpy as np

from gan_jax.metrics.estimate import Estimate, check_features, over


def inception_score(logits: Any, splits: int = 10, seed: int | None = None) -> Estimate:
    """exp(mean of KL(p(y|x) || p(y))): logits [n, K] -> the mean over splits, in [1, K], and its standard deviation.

    p(y) is the mean of p(y|x) over a split. The splits are consecutive, their sizes differ by 1 at most; with a `seed`
    the images are shuffled first, as torch-fidelity does (its default seed is 2020). In float64; the standard
    deviation is divided by the number of splits. The score rises with the number of images in a split.

    For the score of the literature, logits are the 1,008 of the 2015 Inception without their bias.

    Raises ValueError for fewer images than splits, and as `check_features`.
    """
    from scipy.special import log_softmax  # slow to import

    if splits < 1:
        raise ValueError(f"The images must be at least 1 split, not {splits}.")
    logits = check_features(logits, "classified", splits)
    n = len(logits)
    if seed is not None:
        logits = logits[np.random.RandomState(seed).permutation(n)]
    scores = []
    for i in range(splits):
        log_p = log_softmax(logits[i * n // splits : (i + 1) * n // splits].astype(np.float64), 1)  # [n / splits, K]
        p = np.exp(log_p)
        marginal = p.mean(0)  # [K]
        log_marginal = np.log(np.where(marginal > 0, marginal, 1))  # where it is 0, so is every p: no divergence
        scores.append(np.exp(np.sum(p * (log_p - log_marginal), 1).mean()))
    return over(scores)
