"""A source whose elements are all in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gan_jax.data.source import Element


class InMemory:
    """Images (and labels) held as arrays.

    Attributes:
        images: the first leaf's array.

    Args:
        images: uint8 [N, h, w, c], or float32 [N, 2] or [N, 1] for points; or, by name, the arrays of several leaves.
        labels: integers [N], -1 where unlabelled, or None.
        classes: the name of each label; empty without labels.
        name: what `repr` says; the same from run to run.
        attributes: by name, which of the images have it: bool [N] each; any number may be true of one image.
    """

    def __init__(
        self,
        images: np.ndarray | Mapping[str, np.ndarray],
        labels: np.ndarray | None,
        classes: Sequence[str],
        name: str,
        attributes: Mapping[str, np.ndarray] | None = None,
    ):
        self._leaves = dict(images) if isinstance(images, Mapping) else {"image": images}
        self.images = next(iter(self._leaves.values()))
        self.keys = (*self._leaves, *(() if labels is None else ("label",)))
        self.classes = tuple(classes)
        self.attribute_names = tuple(attributes or ())
        self._labels = None if labels is None else np.asarray(labels, np.int32)
        self._name = name
        columns = [np.asarray(column, bool) for column in (attributes or {}).values()]
        self._attributes = np.stack(columns, axis=1) if columns else np.zeros((len(self.images), 0), bool)  # [N, K]

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Element:
        element = {key: leaf[index] for key, leaf in self._leaves.items()}
        return element if self._labels is None else {**element, "label": int(self._labels[index])}

    def __repr__(self) -> str:
        return self._name

    def sizes_of(self, index: int) -> dict[str, tuple[int, ...]]:
        return {key: leaf.shape[1:] for key, leaf in self._leaves.items()}

    def labels(self) -> np.ndarray | None:
        return self._labels

    def arrays(self) -> list[np.ndarray]:
        """All that it holds: the leaves, then the labels where there are any."""
        return [*self._leaves.values(), *([] if self._labels is None else [self._labels])]

    def attribute_table(self) -> np.ndarray:
        """bool [N, K]: whether image n has attribute k of `attribute_names`."""
        return self._attributes
