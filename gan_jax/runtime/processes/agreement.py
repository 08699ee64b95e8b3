"""What all processes of a run must know alike: a text of each, and whether something went well on the first.

Both are collective: all processes must call them, in the same order. A run of one process waits for nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import jax
import numpy as np
from jax.experimental import multihost_utils

from gan_jax.runtime.processes.processes import any_process, is_first, wait_for_all

T = TypeVar("T")


class AnotherProcessFailed(RuntimeError):
    """What process 0 was to do for all did not succeed; its own log says why."""


def texts_of_all(text: str) -> list[str]:
    """Each process's text, in the order of their numbers."""
    if jax.process_count() == 1:
        return [text]
    own = np.frombuffer(text.encode(), np.uint8)
    lengths = multihost_utils.process_allgather(np.array(len(own), np.int32)).ravel()
    padded = np.zeros(max(int(lengths.max()), 1), np.uint8)
    padded[: len(own)] = own
    rows = multihost_utils.process_allgather(padded)
    return [bytes(row[:length]).decode() for row, length in zip(rows, lengths, strict=True)]


def on_first_process(action: Callable[[], T]) -> T | None:
    """Process 0 does it. -> what it returned, there, and None elsewhere.

    Raises what it raised, there, and AnotherProcessFailed on the others, so that none is left waiting.
    """
    error, result = None, None
    if is_first():
        try:
            result = action()
        except Exception as raised:
            error = raised
    if jax.process_count() > 1:
        wait_for_all(
            "done by the first"
        )  # which may take minutes, and in an exchange of arrays they wait for 30 s only
    failed = any_process(error is not None)
    if error is not None:
        raise error
    if failed:
        raise AnotherProcessFailed("process 0 could not begin the run, so no process does; its log says why")
    return result
