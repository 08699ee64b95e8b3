"""A source whose images are all in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gan_jax.data.source import Element


class InMemory:
    """Images (and labels) held as arrays.

    Args:
        images: uint8 [N, h, w, c], or float32 [N, 2] for points.
        labels: integers [N], or None.
        classes: the name of each label; empty without labels.
        name: what `repr` says; the same from run to run.
        attributes: by name, which of the images have it: bool [N] each; any number may be true of one image.
    """

    def __init__(
        self,
        images: np.ndarray,
        labels: np.ndarray | None,
        classes: Sequence[str],
        name: str,
        attributes: Mapping[str, np.ndarray] | None = None,
    ):
        self.images = images
        self.classes = tuple(classes)
        self.attribute_names = tuple(attributes or ())
        self._labels = None if labels is None else np.asarray(labels, np.int32)
        self._name = name
        columns = [np.asarray(column, bool) for column in (attributes or {}).values()]
        self._attributes = np.stack(columns, axis=1) if columns else np.zeros((len(images), 0), bool)  # [N, K]

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Element:
        if self._labels is None:
            return {"image": self.images[index]}
        return {"image": self.images[index], "label": int(self._labels[index])}

    def __repr__(self) -> str:
        return self._name

    def size_of(self, index: int) -> tuple[int, ...]:
        return self.images.shape[1:]

    def labels(self) -> np.ndarray | None:
        return self._labels

    def attribute_table(self) -> np.ndarray:
        """bool [N, K]: whether image n has attribute k of `attribute_names`."""
        return self._attributes
