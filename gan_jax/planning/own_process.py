"""Calling a function in a process of its own, so that a compiler that dies there takes nothing else with it."""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any


def call_in_own_process(label: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """function(*arguments), called in a new process. -> its result.

    function: of a module's top level. It, its arguments and its result are pickled. What it raises is raised here. Where
    its process dies, RuntimeError is raised, and begins with the label. Where this process dies, the new one ends too.
    What the new process writes to stderr, such as a compiler's errors that mean nothing where it has succeeded, is shown
    only where it fails.
    """
    context = multiprocessing.get_context("spawn")
    with (
        tempfile.NamedTemporaryFile(mode="r", errors="replace") as said,
        ProcessPoolExecutor(1, context, initializer=_begin, initargs=(said.name,)) as pool,
    ):
        try:
            return pool.submit(function, *arguments).result()
        except Exception as error:
            print(said.read(), end="", file=sys.stderr, flush=True)
            if not isinstance(error, BrokenProcessPool):
                raise
            raise RuntimeError(
                f"{label}: the compiler crashed, and its process ended (its last words are above). Another topology of the "
                "same kind, another version of libtpu, or a smaller batch may do"
            ) from None


def _begin(said: str) -> None:
    """Of the new process: its stderr goes to a file, and it ends with the process that waits for it."""
    file = os.open(said, os.O_WRONLY | os.O_APPEND)
    os.dup2(file, 2)
    os.close(file)

    def watch() -> None:
        if (parent := multiprocessing.parent_process()) is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
