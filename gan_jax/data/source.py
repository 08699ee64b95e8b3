"""What every source of images is: a random-access sequence of elements that knows its classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np

Element = Mapping[str, Any]  # {"image": uint8 [h, w, c] (points: float32 [2]), "label": int where the data has labels}


class Source(Protocol):
    """A data set. `repr` is stable from run to run, and every method may be called from many threads at once."""

    classes: tuple[str, ...]  # the name of each label; empty where the data has no labels

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Element: ...

    def size_of(self, index: int) -> tuple[int, ...]:
        """(h, w, c) of one image, or (2,) for points, without decoding pixels where that can be helped."""
        ...

    def labels(self) -> np.ndarray | None:
        """int32 [N] where all labels are cheap to have; None where there are none or each would cost a read."""
        ...


@runtime_checkable
class Attributed(Protocol):
    """A source that also knows yes/no attributes of its elements, of which any number may be true at once."""

    attribute_names: tuple[str, ...]  # of K attributes; empty where the data has none

    def attribute_table(self) -> np.ndarray:
        """bool [N, K]: whether element n has attribute k."""
        ...
