"""Attributes as directions of latent space: the hyperplane between latents that have one and latents that have not.

InterFaceGAN: Shen et al., arXiv:1907.10786 and arXiv:2005.09635.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

SHARE, TRAINED = 0.02, 0.7  # of all latents at either end, and of these in the fit: the authors' code


class Boundary(NamedTuple):
    """The hyperplane normal . x + offset = 0; on the side of the normal the attribute is there.

    The share told rightly, NaN where there is none to tell: validation: of the chosen latents that were not in the fit;
    rest: of all those not chosen, which count as having the attribute from the middle of the largest and the smallest score
    on, as in the authors' code (two images decide where that is); by_zero: of the same, which count as having it from the
    score 0, or what `zero` was, on. trained, validated, left: how many latents these are.
    """

    normal: np.ndarray  # [D] float64, of length 1
    offset: float
    validation: float
    rest: float
    by_zero: float
    trained: int
    validated: int
    left: int


def attribute_boundary(
    latents: Any, scores: Any, share: float = SHARE, trained: float = TRAINED, seed: int = 0, zero: float | None = 0.0
) -> Boundary:
    """The boundary of an attribute: latents [n, D], scores [n], the larger the more of it.

    The highest and the lowest `share` of the scores are taken, a share `trained` of each, drawn by the seed, is fitted by a
    linear support vector machine (scikit-learn's, C = 1, no scaling).
    zero: the score from which on an image has the attribute, as of a classifier's logit; None: there is none.
    Raises ValueError for latents and scores that do not belong together, shares that leave nothing to fit, and an attribute
    of which all latents are of one kind.
    """
    latents, scores = np.asarray(latents, np.float64), np.asarray(scores, np.float64)
    if latents.ndim != 2 or scores.shape != latents.shape[:1]:
        raise ValueError(f"latents are [n, D] and scores [n]; got shapes {latents.shape} and {scores.shape}")
    if not (np.all(np.isfinite(latents)) and np.all(np.isfinite(scores))):
        raise ValueError("latents and scores are finite numbers, and some of these are not")
    if not 0 < share <= 0.5 or not 0 < trained <= 1:
        raise ValueError(
            f"a share of the ends is above 0 and at most 0.5, one of the fit at most 1; got {share}, {trained}"
        )
    chosen = int(len(scores) * share)
    fitted = int(chosen * trained)
    if fitted < 1:
        raise ValueError(
            f"{share:g} of {len(scores):,} latents are {chosen} at either end, and {trained:g} of them leaves none to fit: "
            "draw more, or take a larger share"
        )
    require_both_kinds(scores, zero)
    order = np.argsort(scores, kind="stable")
    rng = np.random.default_rng(seed)
    ends = [
        rng.permutation(end) for end in (order[-chosen:], order[:chosen])
    ]  # those that have it, those that have not
    has = lambda n: np.repeat([True, False], n)
    from sklearn.svm import SVC  # slow to import

    model = SVC(kernel="linear").fit(latents[np.concatenate([end[:fitted] for end in ends])], has(fitted))
    right = lambda indices, answers: (
        float(np.mean(model.predict(latents[indices]) == answers)) if len(indices) else np.nan
    )
    tested, rest = np.concatenate([end[fitted:] for end in ends]), order[chosen:-chosen]
    middle = (scores[order[0]] + scores[order[-1]]) / 2
    length = float(np.linalg.norm(model.coef_))
    if not length:
        raise ValueError("the latents at both ends are the same: no hyperplane is between them")
    return Boundary(
        model.coef_[0] / length,
        float(model.intercept_[0]) / length,
        right(tested, has(chosen - fitted)),
        right(rest, scores[rest] >= middle),
        np.nan if zero is None else right(rest, scores[rest] >= zero),
        2 * fitted,
        len(tested),
        len(rest),
    )


def require_both_kinds(scores: Any, zero: float | None = 0.0) -> None:
    """Raises ValueError where all scores [n] are on one side of `zero`, or, without one, alike."""
    scores = np.asarray(scores)
    have = int(np.count_nonzero(scores >= zero)) if zero is not None else None
    if have in (0, len(scores)) or scores.min() == scores.max():
        which = "all alike" if have is None else "all with it" if have else "all without it"
        raise ValueError(f"an attribute needs images with it and without, and these {len(scores):,} are {which}")


def projected(normal: Any, others: Sequence[Any]) -> np.ndarray:
    """The normal [D] without what the others [D] have of it, of length 1: moving along it leaves their attributes alone.

    n - A' x, where x solves A A' x = A n in least squares: with one other of length 1 this is n1 - (n1 . n2) n2.
    Raises ValueError where nothing is left.
    """
    normal = np.asarray(normal, np.float64)
    if not len(others):
        return normal / np.linalg.norm(normal)
    rows = np.stack([np.asarray(other, np.float64).ravel() for other in others])  # A [m, D]
    if rows.shape[1:] != normal.ravel().shape:
        raise ValueError(f"directions of one space are of one size; got {normal.size} and {rows.shape[1]}")
    coefficients = np.linalg.lstsq(rows.T, normal.ravel(), rcond=None)[0]
    left = normal.ravel() - rows.T @ coefficients
    length = np.linalg.norm(left)
    if length < 1e-6 * np.linalg.norm(normal):
        raise ValueError("nothing of the direction is left: it lies in the span of those that it should not move")
    return (left / length).reshape(normal.shape)


def distances(latents: Any, boundary: Boundary, offset: bool = False) -> np.ndarray:
    """How far latents [n, D] lie from the hyperplane, with its sign: [n].

    offset: False: from the parallel one through the origin, as the authors' code has it.
    """
    return np.asarray(latents, np.float64) @ boundary.normal + (boundary.offset if offset else 0.0)


def at_distances(latents: Any, boundary: Boundary, wanted: Sequence[float], offset: bool = False) -> np.ndarray:
    """latents [n, D], moved along the normal to each of the wanted distances [m]: [n, m, D]. offset: see `distances`."""
    latents = np.asarray(latents, np.float64)
    steps = np.asarray(wanted, np.float64).reshape(1, -1) - distances(latents, boundary, offset).reshape(-1, 1)
    return latents[:, None] + steps[..., None] * boundary.normal.reshape(1, 1, -1)


def correlations(scores: Any) -> np.ndarray:
    """Pearson's correlation of attributes over images: scores, or yes and no, [n, K] -> [K, K].

    NaN in the rows and columns of attributes that do not vary. Raises ValueError for fewer than two images.
    """
    scores = np.asarray(scores, np.float64)
    if scores.ndim != 2 or len(scores) < 2:
        raise ValueError(f"correlations are of scores [n, K] of 2 images or more, not of shape {list(scores.shape)}")
    centred = scores - scores.mean(0)
    length = np.sqrt(np.sum(np.square(centred), 0))
    with np.errstate(invalid="ignore", divide="ignore"):
        unit = np.where(length > 0, centred / length, np.nan)
    return unit.T @ unit
