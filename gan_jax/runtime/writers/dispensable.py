"""Writes that a run can do without: one that fails is told of once, and the run goes on."""

from __future__ import annotations

import sys
from typing import Self


class Dispensable:
    """`with dispensable:` around such a write. An error in it is told on stderr the first time, and goes no further.

    what: what is lost, for that sentence. instead: what goes on. kinds: of errors. lost: whether one has failed.
    """

    def __init__(self, what: str, instead: str, kinds: tuple[type[Exception], ...] = (OSError,)):
        self._what, self._instead, self._kinds = what, instead, kinds
        self.lost = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, self._kinds):
            return False
        if not self.lost:
            told = f"{self._what} could not be written ({error}): the run goes on without; {self._instead}"
            print(told, file=sys.stderr, flush=True)
        self.lost = True
        return True
