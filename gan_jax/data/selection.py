"""A part of a data set's classes, and a part of its labels."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from tqdm import tqdm

from gan_jax import ranges
from gan_jax.data.fingerprints import fingerprint
from gan_jax.data.source import Attributed, Element, Source, keys_of
from gan_jax.names import nearest


class Selected:
    """Some elements of a source, with labels of their own.

    source: where they come from. indices [N]: which. labels int32 [N], -1 where unlabelled; classes: their names.
    told: what is done to the source, as `repr` says it.
    """

    def __init__(self, source: Source, indices: np.ndarray, labels: np.ndarray, classes: Sequence[str], told: str):
        self.keys, self.classes = keys_of(source), tuple(classes)
        self.notes = tuple(getattr(source, "notes", ()))
        self.attribute_names = source.attribute_names if isinstance(source, Attributed) else ()
        self._source, self._told = source, told
        self._indices, self._labels = np.asarray(indices, np.int64), np.asarray(labels, np.int32)

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, index: int) -> Element:
        return {**self._source[int(self._indices[index])], "label": int(self._labels[index])}

    def __repr__(self) -> str:
        return f"{self._source!r} with {self._told}"

    def sizes_of(self, index: int) -> Mapping[str, tuple[int, ...]]:
        return self._source.sizes_of(int(self._indices[index]))

    def labels(self) -> np.ndarray:
        return self._labels

    def attribute_table(self) -> np.ndarray:
        """bool [N, K]."""
        whole = self._source.attribute_table() if isinstance(self._source, Attributed) else np.zeros((0, 0), bool)
        return whole[self._indices] if len(whole) else np.zeros((len(self), 0), bool)

    def fingerprint(self) -> dict[str, Any]:
        """The source's own."""
        return {key: value for key, value in fingerprint(self._source).items() if key != "classes"}


def check_selection(
    classes: Sequence[str | int] | None = None, labelled: float | None = None, labelled_seed: int | None = None
) -> None:
    """Raises ValueError for settings that no data set takes."""
    if classes is not None:
        if not isinstance(classes, tuple | list) or len(set(classes)) < max(len(classes), 2):
            raise ValueError(
                f"data.classes takes two classes or more, each once, such as ('cat', 'dog'); got {classes!r}"
            )
        for each in classes:
            if not isinstance(each, str):
                ranges.whole("data.classes: a class's number", each, 0)
    if labelled is not None:
        ranges.within("data.labelled", labelled, 0, 1)
        if not labelled:
            raise ValueError("data.labelled is the share of labels that is kept, above 0: without any, take no classes")
    if labelled_seed is not None:
        ranges.whole("data.labelled_seed", labelled_seed, 0)
        if labelled is None:
            raise ValueError("data.labelled_seed says which labels are kept; how many, data.labelled, is not set")


def of_classes(source: Source, chosen: Sequence[str | int]) -> Selected:
    """The elements of some classes, by their names or their numbers, which become 0, 1, ... in this order.

    Raises ValueError where the source has no labels, no such class, or fewer than two are chosen.
    """
    check_selection(classes=chosen)
    classes = _classes_of(source, "data.classes")
    places = []
    for name in chosen:
        if isinstance(name, str) and name in classes:
            places.append(classes.index(name))
        elif not isinstance(name, str) and name < len(classes):
            places.append(name)
        else:
            near = nearest(name, classes) if isinstance(name, str) else f"; they are numbered 0 to {len(classes) - 1}"
            raise ValueError(f"data.classes: {source!r} has no class {name!r}{near}.")
    if len(set(places)) < len(places):
        raise ValueError(f"data.classes names a class twice, by name and by number: {tuple(chosen)}.")
    labels = _labels_of(source)
    renumbered = np.full(len(classes) + 1, -1, np.int32)  # the last is label -1
    renumbered[places] = np.arange(len(places))
    indices = np.flatnonzero(renumbered[labels] >= 0)
    names = [classes[place] for place in places]
    return Selected(source, indices, renumbered[labels[indices]], names, f"classes={tuple(names)}")


def with_labels_hidden(source: Source, share: float, seed: int = 0) -> Selected:
    """All elements, of each class the share of them labelled that is asked for, rounded up; the others' label is -1.

    Which ones is a matter of the seed alone. Raises ValueError where the source has no labels, and for a share that is not
    above 0 and at most 1.
    """
    check_selection(labelled=share, labelled_seed=seed)
    classes = _classes_of(source, "data.labelled")
    labels = _labels_of(source)
    kept = np.full(len(labels), -1, np.int32)
    for label in range(len(classes)):
        own = np.flatnonzero(labels == label)
        order = np.random.default_rng((seed, label)).permutation(own)
        kept[order[: math.ceil(share * len(own))]] = label
    return Selected(source, np.arange(len(labels)), kept, classes, f"labelled={share}, seed={seed}")


def _classes_of(source: Source | Mapping, what: str) -> tuple[str, ...]:
    if isinstance(source, Mapping) or not source.classes:
        raise ValueError(f"{what} needs class labels, and {source!r} has none. Leave it out, or use a labelled source.")
    return tuple(source.classes)


def _labels_of(source: Source) -> np.ndarray:
    """int [N]. Where they are not at hand, each record is read once."""
    labels = source.labels()
    if labels is not None:
        return np.asarray(labels)
    of: Callable[[int], int] = getattr(source, "label_of", lambda index: source[index]["label"])
    with ThreadPoolExecutor(16) as pool:
        return np.asarray(list(tqdm(pool.map(of, range(len(source))), "reading labels", len(source), leave=False)))
