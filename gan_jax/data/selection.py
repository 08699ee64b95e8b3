"""A part of a data set's classes, and a part of its labels."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from tqdm import tqdm

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


def of_classes(source: Source, chosen: Sequence[str | int]) -> Selected:
    """The elements of some classes, by their names or their numbers, which become 0, 1, ... in this order.

    Raises ValueError where the source has no labels, no such class, or fewer than two are chosen.
    """
    classes = _classes_of(source, "data.classes picks classes")
    places = []
    for name in chosen:
        if isinstance(name, str) and name in classes:
            places.append(classes.index(name))
        elif isinstance(name, int) and not isinstance(name, bool) and 0 <= name < len(classes):
            places.append(name)
        else:
            near = nearest(name, classes) if isinstance(name, str) else f"; they are numbered 0 to {len(classes) - 1}"
            raise ValueError(f"data.classes: {source!r} has no class {name!r}{near}.")
    if len(set(places)) < max(len(places), 2):
        raise ValueError(f"data.classes takes two classes or more, each once; got {tuple(chosen)}.")
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
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
        raise ValueError(f"data.labelled is the share of labels that is kept, above 0 and at most 1, not {share!r}.")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(f"data.labelled_seed is a whole number from 0 to {2**32 - 1}, not {seed!r}.")
    classes = _classes_of(source, "data.labelled hides labels")
    labels = _labels_of(source)
    kept = np.full(len(labels), -1, np.int32)
    for label in range(len(classes)):
        own = np.flatnonzero(labels == label)
        order = np.random.default_rng((seed, label)).permutation(own)
        kept[order[: math.ceil(share * len(own))]] = label
    return Selected(source, np.arange(len(labels)), kept, classes, f"labelled={share}, seed={seed}")


def _classes_of(source: Source | Mapping, what: str) -> tuple[str, ...]:
    if isinstance(source, Mapping) or not source.classes:
        raise ValueError(f"{what}, and {source!r} has no labels. Leave it out, or use a labelled source.")
    return tuple(source.classes)


def _labels_of(source: Source) -> np.ndarray:
    """int [N]. Where they are not at hand, each record is read once."""
    labels = source.labels()
    if labels is not None:
        return np.asarray(labels)
    of: Callable[[int], int] = getattr(source, "label_of", lambda index: source[index]["label"])
    with ThreadPoolExecutor(16) as pool:
        return np.asarray(list(tqdm(pool.map(of, range(len(source))), "reading labels", len(source), leave=False)))
