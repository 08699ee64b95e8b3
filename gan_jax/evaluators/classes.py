"""Labels of two sets of images, matched by the names of their classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def matched_labels(
    labels: np.ndarray, own: Sequence[str], known: Sequence[str], of_own: str, of_known: str
) -> np.ndarray:
    """Labels [N] that count in the classes `own`, as labels that count in `known`: int32 [N], -1 where unlabelled.

    A class is the one of the same name. Where one side's names are but "0", "1", ..., as of an .npz file without `classes`,
    and none of the other's is a number, class i is class i.
    of_own, of_known: what the sets are called in messages.
    Raises ValueError for an image of a class that `known` does not have.
    """
    labels, place = np.asarray(labels, np.int32), {name: i for i, name in enumerate(known)}
    if tuple(own) == tuple(known):
        return labels
    if _unnamed(own, beside=known) or _unnamed(known, beside=own):
        place = {name: i for i, name in enumerate(own[: len(known)])}
    table = np.array([place.get(name, -2) for name in own] + [-1], np.int32)  # the last is label -1
    found = table[labels]
    if (found == -2).any():
        missing = [own[i] for i in np.unique(labels[found == -2])]
        raise ValueError(
            f"{of_own} has images of the class {', '.join(map(repr, missing[:3]))}{', ...' if missing[3:] else ''}, and "
            f"{of_known} has none of that name; it has {_told(known)}. Classes are matched by their names: give both "
            "sets the same ones"
        )
    return found


def _unnamed(names: Sequence[str], beside: Sequence[str]) -> bool:
    return [*names] == [str(i) for i in range(len(names))] and not any(name.isdecimal() for name in beside)


def _told(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:10])) + (", ..." if len(names) > 10 else "")
