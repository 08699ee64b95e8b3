"""How a set of points is spread over the modes of a mixture of Gaussians (Lin et al., arXiv:1712.04086, section 4.1)."""

from __future__ import annotations

from typing import Any

import numpy as np

from gan_jax.metrics.estimate import check_features, check_same_width


def mode_coverage(points: Any, modes: Any, std: float, deviations: float = 3.0) -> dict[str, float]:
    """Points [n, D] and the centres [K, D] of Gaussians of one standard deviation -> {"modes", "near", ...}.

    A point is near if its nearest centre is within `deviations` standard deviations. modes: how many centres are the
    nearest of a near point; near: the share of points that are near, from 0 to 1; smallest, largest: the share of near
    points, from 0 to 1, at the centre that has the fewest and at the one that has the most (0 where none is near).
    reverse_kl: the sum of q log(K q), q the share of all points whose nearest centre is this one: the divergence, in nats,
    of what is drawn from centres that are equally likely, from 0 to log K.

    Raises ValueError for a std or deviations of 0 or less, and as `check_features`.
    """
    points, modes = check_features(points, "drawn"), check_features(modes, "central")
    check_same_width(modes, points)
    if not (std > 0 and deviations > 0):
        raise ValueError(
            f"A mode needs a positive standard deviation, and points some of them, not {std}, {deviations}."
        )
    distances = np.linalg.norm(points[:, None] - modes[None], axis=-1)  # [n, K]
    near = distances.min(1) < deviations * std
    counts = np.bincount(distances.argmin(1)[near], minlength=len(modes))  # [K]
    shares = counts / max(near.sum(), 1)
    every = np.bincount(distances.argmin(1), minlength=len(modes)) / len(points)
    drawn = every[every > 0]
    return {
        "modes": float(np.count_nonzero(counts)),
        "near": float(near.mean()),
        "smallest": float(shares.min()),
        "largest": float(shares.max()),
        "reverse_kl": float(np.sum(drawn * np.log(len(modes) * drawn))),
    }
