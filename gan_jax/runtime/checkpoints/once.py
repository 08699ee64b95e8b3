"""A failed save is told once: what its libraries print of it besides, from threads of theirs, is left out."""

from __future__ import annotations

import contextlib
import gc
import logging
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple


@contextlib.contextmanager
def quiet_when_interrupted() -> Iterator[None]:
    """A KeyboardInterrupt leaves coroutines that Orbax made and had not begun: they go here, and Python tells of none."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "coroutine '.*' was never awaited", RuntimeWarning)
            traceback.clear_frames(interrupt.__traceback__)  # which hold them
            gc.collect()
        raise


def tell_each_failure_once() -> None:
    """A failed save is raised. What Orbax and TensorStore print of it besides, from threads of theirs, is not shown."""
    logging.getLogger("absl").addFilter(_not_raised_later)
    if not isinstance(sys.unraisablehook, _Unraisable):
        sys.unraisablehook = _Unraisable(sys.unraisablehook)


class _Unraisable(NamedTuple):
    """A `sys.unraisablehook` that leaves out writes which end after the loop that waited for them."""

    before: Callable[[Any], object]

    def __call__(self, told: Any) -> None:
        if not (isinstance(told.exc_value, RuntimeError) and str(told.exc_value) == "Event loop is closed"):
            self.before(told)


def _not_raised_later(record: logging.LogRecord) -> bool:
    # Orbax logs an error of its threads, with 80 lines of traceback for each, and raises it as well.
    return "_SignalingThread.run() raised" not in str(record.msg)
