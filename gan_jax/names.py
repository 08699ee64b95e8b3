"""Sentences about names: which of the known ones was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def one_of(name: object, known: Iterable[str], what: str) -> None:
    """Raises ValueError, naming the nearest and all known names, unless `name` is one of `known`."""
    known = list(known)
    if name not in known:
        raise ValueError(f"{what} {name!r} is not known{nearest(name, known)}. Known: {', '.join(known)}.")


def nearest(name: object, known: Iterable[str]) -> str:
    """' (did you mean ...?)' with the nearest known name, or nothing where none is near."""
    found = difflib.get_close_matches(str(name), list(known), n=1)
    return f" (did you mean {found[0]!r}?)" if found else ""
