"""What a source holds, before training on it."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Mapping

import numpy as np

from gan_jax.data.domains import Unpaired
from gan_jax.data.in_memory import InMemory
from gan_jax.data.source import Source, keys_of


@dataclasses.dataclass(frozen=True)
class Inspection:
    """Facts of a source. Where `seen` < `count`, sizes were counted in `seen` elements spread evenly over it."""

    name: str
    count: int
    seen: int
    leaves: Mapping[str, Mapping[tuple[int, ...], int]]  # by leaf: (h, w, c), or (2,) for points: how many
    classes: tuple[str, ...]
    labels: Mapping[int, int]  # label: how many; of all elements if `all_labels`, else of those seen
    all_labels: bool
    notes: tuple[str, ...] = ()  # what the source left out, in sentences

    @property
    def sizes(self) -> Mapping[tuple[int, ...], int]:
        """Those of the first leaf."""
        return next(iter(self.leaves.values()))

    @property
    def channels(self) -> tuple[int, ...]:
        """The numbers of channels found."""
        return tuple(sorted({size[-1] for size in self.sizes if len(size) == 3}))

    @property
    def unlabelled(self) -> int:
        """Elements with label -1, of as many as `labels` counts."""
        return self.labels.get(-1, 0)

    def __str__(self) -> str:
        sampled = f" (of {self.seen:,} looked at)" if self.seen < self.count else ""
        lines = [self.name, f"  {self.count:,} elements"]
        for key, sizes in self.leaves.items():
            common = sorted(sizes, key=lambda size: sizes[size], reverse=True)
            told = ", ".join(f"{' x '.join(map(str, size))}: {sizes[size]:,}" for size in common[:5])
            told += f", and {len(common) - 5} more sizes" if len(common) > 5 else ""
            lines.append(f"  sizes{f' of {key}' if len(self.leaves) > 1 else ''}: {told}{sampled}")
        lines += [f"  {note}" for note in self.notes]
        if not self.classes:
            return "\n".join([*lines, "  no labels"])
        part = "" if self.all_labels else sampled
        told = [f"{name}: {self.labels.get(label, 0):,}" for label, name in enumerate(self.classes)]
        if len(told) > 12:
            told = [*told[:10], "...", told[-1]]
        lines.append(f"  {len(self.classes)} classes: {', '.join(told)}{part}")
        if self.unlabelled:
            lines.append(f"  not labelled: {self.unlabelled:,}{part}")
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
    leaves: dict[str, collections.Counter] = {key: collections.Counter() for key in keys_of(source) if key != "label"}
    for index in looked_at:
        for key, size in source.sizes_of(index).items():
            leaves[key][tuple(size)] += 1
    labels = source.labels()
    all_labels = labels is not None
    if labels is None:
        labels = [source[index]["label"] for index in looked_at] if source.classes else []
    values, counts = np.unique(np.asarray(labels, np.int64), return_counts=True)
    return Inspection(
        name=repr(source),
        count=count,
        seen=len(looked_at),
        leaves={key: dict(sizes) for key, sizes in leaves.items()},
        classes=source.classes,
        labels=dict(zip(values.tolist(), counts.tolist(), strict=True)),
        all_labels=all_labels,
        notes=tuple(getattr(source, "notes", ())),
    )


def describe(data: Source | Unpaired) -> str:
    """The facts in a few lines, of unpaired data for each domain."""
    if not isinstance(data, Mapping):
        return str(inspect_source(data))
    return "\n".join(f"{name}: {inspect_source(source)}" for name, source in data.items())
