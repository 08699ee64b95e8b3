"""Calls in a process of their own."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any


def call_apart(what: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """function(*arguments), called in a new process: a compiler that fails an assertion takes its process with it.

    function: of a module's top level; it, its arguments and its result are pickled. What it raises is raised here;
    RuntimeError, beginning with `what`, where its process dies. Where this process dies, the new one ends too.
    """
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=_end_with_parent) as pool:
        try:
            return pool.submit(function, *arguments).result()
        except BrokenProcessPool:
            raise RuntimeError(
                f"{what}: the compiler crashed, and its process ended (its last words are above). Another topology of the "
                "same kind, another version of libtpu, or a smaller batch may do"
            ) from None


def _end_with_parent() -> None:
    def watch() -> None:
        if (parent := multiprocessing.parent_process()) is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
