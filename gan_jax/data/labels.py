"""Labels as files hold them to labels from 0 without gaps: no class is drawn that has no element."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

MOST_CLASSES = 100_000


def numbered(
    labels: np.ndarray, names: Sequence[str] | None, where: str, others: Sequence[np.ndarray] = ()
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels 0 to K - 1, -1 where unlabelled, and the names of the K classes.

    Args:
        labels: integers [N] from -1, of any width.
        names: of the classes 0, 1, ...; then labels stay as they are. None: the numbers that occur are the classes, in
            ascending order, and their names: of labels 1, 2, 5 the classes "1", "2" and "5".
        where: what holds them, as an error begins.
        others: labels of the other splits, whose numbers are classes too.

    Raises:
        ValueError: labels below -1, or that `names` does not reach; no label; more than `MOST_CLASSES` classes.
    """
    low, high = int(labels.min()), int(labels.max())
    if low < -1 or high > np.iinfo(np.int64).max or (names is not None and high >= len(names)):
        numbering = "Labels are" if names is None else f"{len(names)} classes are numbered"
        raise ValueError(f"{where} runs from {low} to {high}. {numbering} from 0, and -1 says: not labelled.")
    if names is not None:
        _check_count(len(names), where)
        return labels.astype(np.int32), tuple(names)
    if high < 0:
        raise ValueError(f"{where} labels no element (-1: not labelled). Leave it out, or name the classes.")
    labels = labels.astype(np.int64)
    used = np.unique(np.concatenate([labels, *(other.astype(np.int64) for other in others)]))
    used = used[used >= 0]
    _check_count(len(used), where)
    found = np.where(labels < 0, -1, np.searchsorted(used, labels))
    return found.astype(np.int32), tuple(map(str, used.tolist()))


def _check_count(classes: int, where: str) -> None:
    if classes > MOST_CLASSES:
        raise ValueError(
            f"{where} has {classes:,} classes, and {MOST_CLASSES:,} are the most. Are these numbers of images, or values?"
        )
