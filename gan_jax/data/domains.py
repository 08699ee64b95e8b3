"""Unpaired data: a source for each domain, each with a length and an order of its own."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gan_jax.data.source import Element, Source, keys_of
from gan_jax.names import nearest

Unpaired = Mapping[str, Source]  # {"a": photos, "b": paintings}


class Domain:
    """A source's images under the name of their domain. Its labels are left out: a domain is a class of its own.

    Raises ValueError where the source's elements are no single images, or the name is one that leaves have.
    """

    classes: tuple[str, ...] = ()

    def __init__(self, name: str, source: Source):
        if name in ("label", "voxels"):
            raise ValueError(f"a domain cannot be called {name!r}, which says what a leaf holds: call it 'a' or 'b'.")
        if "image" not in keys_of(source):
            raise ValueError(
                f"domain {name!r} needs a source of single images (image), and {source!r} holds"
                f" {', '.join(keys_of(source))}."
            )
        self.keys = (name,)
        self._name, self._source = name, source

    def __len__(self) -> int:
        return len(self._source)

    def __getitem__(self, index: int) -> Element:
        return {self._name: self._source[index]["image"]}

    def __repr__(self) -> str:
        return repr(self._source)

    def sizes_of(self, index: int) -> dict[str, tuple[int, ...]]:
        return {self._name: self._source.sizes_of(index)["image"]}

    def labels(self) -> np.ndarray | None:
        return None


def sources_of(data: Source | Unpaired) -> tuple[Source, ...]:
    """The source itself, or a `Domain` for each name."""
    if not isinstance(data, Mapping):
        return (data,)
    if not data:
        raise ValueError("unpaired data needs a domain or more, such as {'a': ..., 'b': ...}.")
    return tuple(Domain(name, source) for name, source in data.items())


def leaves_of(data: Source | Unpaired) -> tuple[str, ...]:
    """The leaves of a round: the source's, or the domains' names."""
    return tuple(key for source in sources_of(data) for key in keys_of(source))


def holding(data: Source | Unpaired, key: str) -> Source:
    """The source whose elements have this leaf: `data` itself, or the domain of that name.

    Raises ValueError, with the leaves there are, where none has it.
    """
    for source in sources_of(data):
        if key in keys_of(source):
            return source
    known = leaves_of(data)
    raise ValueError(f"{data!r} has no {key!r}{nearest(key, known)}; it has {', '.join(known)}.")
