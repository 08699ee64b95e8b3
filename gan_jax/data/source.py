"""What every source is: a random-access sequence of elements that knows its leaves and its classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

# Leaves by name. "label": an int, -1 where the element is not labelled; "voxels": bool or uint8 of 0 and 1, [D, H, W, 1];
# every other one is an image, uint8 [h, w, c]: "image" alone (points: float32 [2] or [1]), "a" and "b" of a pair.
Element = Mapping[str, Any]


class Source(Protocol):
    """A data set. `repr` is stable from run to run, and every method may be called from many threads at once."""

    keys: tuple[
        str, ...
    ]  # every element's leaves; a source may leave it out where it holds "image", and "label" if classed
    classes: tuple[str, ...]  # the name of each label; empty where the data has no labels
    # A source may have `notes`, a tuple of sentences on what it left out.

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Element: ...

    def sizes_of(self, index: int) -> Mapping[str, tuple[int, ...]]:
        """The shape of each leaf but the label, (h, w, c) of an image, without decoding pixels where that can be helped."""
        ...

    def labels(self) -> np.ndarray | None:
        """int32 [N] where all labels are cheap to have; None where there are none or each would cost a read."""
        ...


def keys_of(source: Source) -> tuple[str, ...]:
    """The leaves of a source's elements."""
    return getattr(source, "keys", ("image", "label") if source.classes else ("image",))


@runtime_checkable
class Attributed(Protocol):
    """A source that also knows yes/no attributes of its elements, of which any number may be true at once."""

    attribute_names: tuple[str, ...]  # of K attributes; empty where the data has none

    def attribute_table(self) -> np.ndarray:
        """bool [N, K]: whether element n has attribute k."""
        ...


@runtime_checkable
class Parted(Protocol):
    """A source that also knows where the parts of its images are."""

    parts: tuple[str, ...]  # of K parts
    size: int  # pixels a side of its images and masks

    def part_masks(self, indices: Sequence[int] | np.ndarray | None = None) -> np.ndarray:
        """bool [n, K, size, size] of the images at these indices, by default of all."""
        ...
