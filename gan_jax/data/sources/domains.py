"""Unpaired data from several data sets: one for each domain."""

from __future__ import annotations

from collections.abc import Mapping

from gan_jax.data.source import Source
from gan_jax.data.sources import open_source


class Domains(dict[str, Source]):
    """{"a": ..., "b": ...}, by name the source of each domain's images.

    Args:
        split: of every domain whose block names none.
        **domains: for each name a block with `source` and that source's settings, such as
            a={"source": "folder", "path": "photos"}.

    Raises:
        ValueError: fewer than two domains, a block without a source; other errors are those of the sources, with the
            domain's name.
    """

    def __init__(self, split: str | None = None, **domains: Mapping[str, object]):
        if len(domains) < 2:
            raise ValueError(
                "domains: give a block for each of two domains or more, such as"
                " a={'source': 'folder', 'path': 'photos'} and b={'source': 'folder', 'path': 'paintings'}."
            )
        opened = {}
        for name, block in domains.items():
            if not isinstance(block, Mapping) or "source" not in block:
                raise ValueError(
                    f"domains: {name} must be a block such as {{'source': 'folder', 'path': 'photos'}}, got {block!r}."
                )
            try:
                opened[name] = open_source(**{"split": split, **block})
            except (FileNotFoundError, ValueError) as error:
                kind = FileNotFoundError if isinstance(error, FileNotFoundError) else ValueError
                raise kind(f"domain {name} (its settings are config.data.domains.{name}): {error}") from error
        super().__init__(opened)
