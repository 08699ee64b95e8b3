"""Batches put on devices ahead of their use."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Self

_CHECK_SECONDS = 0.1  # how long the thread may take to notice that it was closed while its queue was full


class Prefetch(Iterator[Any]):
    """Takes host batches from an iterator and puts them on devices, on a thread of its own.

    Args:
        batches: host batches. Closed with this object if it has a `close`.
        put: host batch -> device batch, e.g. `lambda b: jax.device_put(b, sharding)`. Called on the thread.
        depth: device batches kept ready; each costs device memory. At least 1.

    Attributes:
        waited: seconds that the consumer spent waiting for batches so far. Near zero if the data keep up.

    An exception of `batches` or `put` is raised where the batch would have come.
    """

    def __init__(self, batches: Iterator[Any], put: Callable[[Any], Any], depth: int = 2):
        if depth < 1:
            raise ValueError(f"depth must be at least 1, got {depth}.")
        self.waited = 0.0
        self._batches = batches
        self._put = put
        self._ready: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue(depth)
        self._closed = threading.Event()
        self._ended: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="prefetch", daemon=True)
        self._thread.start()

    def __next__(self) -> Any:
        if self._closed.is_set():
            raise ValueError("this Prefetch is closed.")
        if self._ended is not None:
            raise self._ended
        began = time.perf_counter()
        batch, error = self._ready.get()
        self.waited += time.perf_counter() - began
        if error is not None:
            self._ended = error
            raise error
        return batch

    def close(self) -> None:
        """Stops the thread, waits for it, and closes the iterator."""
        self._closed.set()
        if self._thread is not threading.current_thread():
            self._thread.join()
        close = getattr(self._batches, "close", None)
        if close is not None:
            close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _work(self) -> None:
        while not self._closed.is_set():
            try:
                result = self._put(next(self._batches)), None
            except BaseException as error:
                result = None, error
            while not self._closed.is_set():
                try:
                    self._ready.put(result, timeout=_CHECK_SECONDS)
                    break
                except queue.Full:
                    pass
            if result[1] is not None:
                return
