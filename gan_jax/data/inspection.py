"""What a source holds, before training on it."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Mapping

import numpy as np

from gan_jax.data.in_memory import InMemory
from gan_jax.data.source import Source


@dataclasses.dataclass(frozen=True)
class Inspection:
    """Facts of a source. Where `seen` < `count`, sizes were counted in `seen` elements spread evenly over it."""

    name: str
    count: int
    seen: int
    sizes: Mapping[tuple[int, ...], int]  # (h, w, c), or (2,) for points: how many
    classes: tuple[str, ...]
    labels: Mapping[int, int]  # label: how many; of all elements if `all_labels`, else of those seen
    all_labels: bool

    @property
    def channels(self) -> tuple[int, ...]:
        """The numbers of channels found."""
        return tuple(sorted({size[-1] for size in self.sizes if len(size) == 3}))

    def __str__(self) -> str:
        sampled = f" (of {self.seen:,} looked at)" if self.seen < self.count else ""
        common = sorted(self.sizes, key=lambda size: self.sizes[size], reverse=True)
        sizes = ", ".join(f"{' x '.join(map(str, size))}: {self.sizes[size]:,}" for size in common[:5])
        sizes += f", and {len(common) - 5} more sizes" if len(common) > 5 else ""
        lines = [self.name, f"  {self.count:,} elements", f"  sizes: {sizes}{sampled}"]
        if self.classes:
            told = [f"{name}: {self.labels.get(label, 0):,}" for label, name in enumerate(self.classes)]
            if len(told) > 12:
                told = [*told[:10], "...", told[-1]]
            part = "" if self.all_labels else sampled
            lines.append(f"  {len(self.classes)} classes: {', '.join(told)}{part}")
        else:
            lines.append("  no labels")
        return "\n".join(lines)


def inspect_source(source: Source, limit: int = 1000) -> Inspection:
    """Counts sizes and labels.

    Sizes come from image headers; at most `limit` elements, evenly spread, are looked at. Labels are counted in full
    where the source has them at hand, else in the same elements.

    Raises:
        ValueError: an empty source.
    """
    count = len(source)
    if not count:
        raise ValueError(f"{source!r} holds no elements.")
    if isinstance(source, InMemory):
        limit = count  # costs nothing
    looked_at = np.unique(np.linspace(0, count - 1, min(limit, count)).astype(int)).tolist()
    sizes = collections.Counter(tuple(source.size_of(index)) for index in looked_at)
    labels = source.labels()
    all_labels = labels is not None
    if labels is None:
        labels = [source[index]["label"] for index in looked_at] if source.classes else []
    values, counts = np.unique(np.asarray(labels, np.int64), return_counts=True)
    return Inspection(
        name=repr(source),
        count=count,
        seen=len(looked_at),
        sizes=dict(sizes),
        classes=source.classes,
        labels=dict(zip(values.tolist(), counts.tolist(), strict=True)),
        all_labels=all_labels,
    )


def require_labels(source: Source, num_classes: int, limit: int = 100) -> None:
    """Raises ValueError unless every element has a label in [0, num_classes) and there are two classes or more.

    Where labels are not at hand, `limit` elements are looked at.
    """
    found = len(source.classes)
    if not found:
        raise ValueError(
            f"this configuration needs class labels, and {source!r} has none. Use a labelled source (for images of your"
            " own: one folder for each class), or a method without labels."
        )
    if found == 1:
        raise ValueError(
            f"this configuration needs class labels, and {source!r} has a single class, {source.classes[0]!r}: there is"
            " nothing to condition on. Use a method without labels."
        )
    if found != num_classes:
        raise ValueError(
            f"num_classes is {num_classes}, but {source!r} has {found} classes. Set num_classes to {found}."
        )
    labels = inspect_source(source, limit).labels
    wrong = [label for label in labels if not 0 <= label < num_classes]
    if wrong:
        raise ValueError(
            f"{source!r} has {labels[wrong[0]]} elements with label {wrong[0]}, outside 0 to {num_classes - 1}"
            " (-1 means: not labelled). Choose a split that is labelled."
        )
