"""Bars that show how far a score is."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

from tqdm import tqdm

from gan_jax.metrics.estimate import Track
from gan_jax.runtime.processes.processes import is_first


def bar(what: str, unit: str, quiet: bool = False) -> Track:
    """A bar over the items of a sequence, on stderr, of process 0 alone. None for a single item, or where quiet."""

    def track(items: Sequence[Any]) -> Iterable[Any]:
        silent = quiet or not is_first() or len(items) < 2
        often = 1.0 if sys.stderr.isatty() else 30.0  # a log keeps every state of a bar
        return tqdm(items, desc=what, unit=unit, disable=silent, mininterval=often, maxinterval=often, nrows=24)

    return track
