"""What the names of a tree's files tell of shapes: their split and their class."""

from __future__ import annotations

import collections
import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from gan_jax.data.files.tree import Tree, joined, readable
from gan_jax.names import nearest

SPLITS = ("train", "test", "val")  # other names are classes


class Listing(NamedTuple):
    """The shapes of one split: their paths, labels (int32 [N], or None), classes, and sentences on what was left out."""

    files: list[str]
    labels: np.ndarray | None
    classes: tuple[str, ...]
    notes: tuple[str, ...]


def list_shapes(tree: Tree, split: str | None, endings: Sequence[str]) -> Listing:
    """Files with these endings. A folder train, test or val, first or below the class, is a split; the first other folder is
    the class. Classes are those of all splits, so that their numbers are the same in each.

    Raises FileNotFoundError where there are no shapes, or none of the split; ValueError for shapes beside class folders.
    """
    found: list[tuple[str, str | None, str | None]] = []  # file, split, class
    others: collections.Counter[str] = collections.Counter()
    for file in _walk(tree, ""):
        ending = os.path.splitext(file)[1].lower()
        if ending not in endings:
            others[ending or "no ending"] += 1
            continue
        folders = file.split("/")[:-1]
        own = next((name for name in folders[:2] if name.lower() in SPLITS), None)
        classes = [name for name in folders if name != own]
        found.append((file, own and own.lower(), classes[0] if classes else None))
    left_out = f"{sum(others.values()):,} files of other kinds ({', '.join(f'{e}: {n:,}' for e, n in others.items())})"
    if not found:
        rest = f" There are {left_out}." if others else ""
        raise FileNotFoundError(f"volumes: no shapes in {tree.place}. Known endings: {' '.join(endings)}.{rest}")
    splits = sorted({own for _, own, _ in found if own})
    if split is not None and split not in splits:
        told = ", ".join(splits) or "none"
        raise FileNotFoundError(
            f"volumes: {tree.place} has no split {split!r}{nearest(split, splits)}. Splits there: {told}."
        )
    wanted = split or ("train" if splits else None)
    if wanted is not None and wanted not in splits:
        raise FileNotFoundError(f"volumes: {tree.place} has no split train; set split to one of {', '.join(splits)}.")
    chosen = [(file, label) for file, own, label in found if own == wanted]
    beside = [file for file, own, _ in found if wanted and not own]
    notes = (f"left out {left_out}",) if others else ()
    if beside:
        notes += (f"left out {len(beside):,} shapes beside the splits, such as {readable(beside[0])}",)
    if len({label is None for _, label in chosen}) > 1:
        loose = next(file for file, label in chosen if label is None)
        raise ValueError(
            f"volumes: {tree.place} holds shapes ({readable(loose)}, ...) beside folders of shapes. Keep either only shapes"
            " (no labels) or only one folder for each class."
        )
    files = [file for file, _ in chosen]
    if chosen[0][1] is None:
        return Listing(files, None, (), notes)
    names = sorted({label for _, own, label in found if label is not None and (own or not wanted)})
    labels = np.array([names.index(label) for _, label in chosen], np.int32)
    return Listing(files, labels, tuple(map(readable, names)), notes)


def _walk(tree: Tree, folder: str) -> Iterator[str]:
    files, folders = tree.listing(folder)
    yield from (joined(folder, name) for name in files)
    for name in folders:
        yield from _walk(tree, joined(folder, name))
