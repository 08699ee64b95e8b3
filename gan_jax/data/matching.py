"""Two lists of files matched by their names."""

from __future__ import annotations

import os
from collections.abc import Sequence

from gan_jax.data.files.tree import readable

_TOLD = 10  # names in an error


def matched(first: Sequence[str], second: Sequence[str], places: tuple[str, str]) -> list[tuple[int, int]]:
    """(index in first, index in second) of the files that have one name, in the order of their names.

    Paths with slashes. A name is the path below the folder that holds all of its list, without the ending, so that
    photos/cat/1.jpg goes with labels/cat/1.png. places: what to call the two lists.
    Raises ValueError, with the names, for those that only one list has, and where one list has a name twice.
    """
    names = [_names(files, place) for files, place in zip((first, second), places, strict=True)]
    lonely = []
    for (one, place), (other, elsewhere) in (
        (zip(names, places, strict=True)),
        zip(names[::-1], places[::-1], strict=True),
    ):
        if missing := sorted(one.keys() - other.keys()):
            lonely.append(f"{len(missing):,} of {place} have no partner in {elsewhere}: {_told(missing)}")
    if lonely:
        raise ValueError(
            f"{'; '.join(lonely)}. The two images of a pair have one name, whatever their endings: rename, add or remove"
            " files until all match."
        )
    return [(names[0][name], names[1][name]) for name in sorted(names[0])]


def _names(files: Sequence[str], place: str) -> dict[str, int]:
    shared = os.path.commonpath([os.path.dirname(file) for file in files])
    found: dict[str, int] = {}
    for index, file in enumerate(files):
        name = os.path.splitext(file[len(shared) :].lstrip("/"))[0]
        if name in found:
            raise ValueError(
                f"{place} has two images of the name {readable(name)} ({readable(files[found[name]])} and"
                f" {readable(file)}), and nothing tells which of them belongs to the pair. Remove one."
            )
        found[name] = index
    return found


def _told(names: Sequence[str]) -> str:
    return ", ".join(map(readable, names[:_TOLD])) + (", ..." if len(names) > _TOLD else "")
