"""How samples are spread over modes that can be told apart (Lin et al., arXiv:1712.04086, section 4)."""

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
    return {
        "modes": float(np.count_nonzero(counts)),
        "near": float(near.mean()),
        "smallest": float(shares.min()),
        "largest": float(shares.max()),
        "reverse_kl": kl_to_uniform(np.bincount(distances.argmin(1), minlength=len(modes))),
    }


def stacked_modes(digits: np.ndarray, classes: int) -> dict[str, float]:
    """Classes of the channels of images, int [n, C] from 0 to classes - 1 -> {"modes", "kl"}.

    modes: how many of the classes^C combinations occur. kl: KL(their shares || uniform) in nats, from 0 to log(classes^C);
    of n uniform samples it is about (classes^C - 1) / 2n.
    """
    places = np.ravel_multi_index(tuple(np.asarray(digits).T), (classes,) * digits.shape[1])
    counts = np.bincount(places, minlength=classes ** digits.shape[1])
    return {"modes": float(np.count_nonzero(counts)), "kl": kl_to_uniform(counts)}


def kl_to_uniform(counts: np.ndarray) -> float:
    """KL(counts / their sum || uniform) in nats, counts [K]; log K, the most that it can be, where all are 0."""
    shares = counts / max(counts.sum(), 1)
    present = shares[shares > 0]
    return float(np.sum(present * np.log(present * len(counts)))) if len(present) else float(np.log(len(counts)))
