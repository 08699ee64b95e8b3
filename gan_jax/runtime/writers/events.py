"""TensorBoard's event files, without TensorFlow."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np

from gan_jax.runtime.processes.processes import is_first
from gan_jax.runtime.storage import at, is_remote
from gan_jax.runtime.writers.dispensable import Dispensable
from gan_jax.runtime.writers.event_parts import EventParts

_FLUSH_SECONDS = 30.0


class EventFile:
    """Writes scalars and images for TensorBoard. Only process 0 writes; on the others every call does nothing.

    A write that fails is told once on stderr, and none is tried after it: what it would have shown is in metrics.jsonl and
    samples/ too. Nothing here waits for another thread.
    directory: where; each start writes a new file there, in a bucket several, so nothing that exists is touched.
    resume_step: the step that a run resumes from; TensorBoard then hides what earlier files hold of later steps.
    """

    def __init__(self, directory: str | os.PathLike, resume_step: int | None = None):
        self._writer: Any = None
        self._dispensable = Dispensable("TensorBoard's curves and pictures", "metrics.jsonl and samples/ go on")
        if is_first():
            with self._dispensable:
                self._writer = _opened(directory)
                self._flushed = time.monotonic()
                if not is_remote(directory):
                    self._writer.write(_version())
                if resume_step is not None:
                    from tensorboardX.proto.event_pb2 import SessionLog

                    self._write(step=resume_step + 1, session_log=SessionLog(status=SessionLog.START))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def scalars(self, step: int, values: Mapping[str, Any]) -> None:
        """values: {"d/rotation": number}; what is not a number is left out, as TensorBoard has no place for it."""
        from tensorboardX.summary import scalar

        numbers = {name: value for name, value in values.items() if not isinstance(value, str) and value is not None}
        self._summaries(step, lambda: [scalar(name, float(value)) for name, value in numbers.items()])

    def image(self, step: int, name: str, image: np.ndarray) -> None:
        """image: uint8 [H, W, 1 or 3], as from `image_grid`."""
        from tensorboardX.summary import image as picture

        self._summaries(step, lambda: [picture(name, image, dataformats="HWC")])

    def flush(self) -> None:
        """Puts on disk what is buffered; it happens by itself every 30 s, at a write."""
        if self._writer is not None and not self._dispensable.lost:
            with self._dispensable:
                self._writer.flush()
                self._flushed = time.monotonic()

    def close(self) -> None:
        """Flushes and closes; later calls do nothing."""
        if self._writer is not None:
            with self._dispensable:
                self._writer.close()
            self._writer = None

    def _summaries(self, step: int, make: Callable[[], list[Any]]) -> None:
        if self._writer is None or self._dispensable.lost:
            return
        with self._dispensable:
            for summary in make():
                self._write(step=step, summary=summary)
        if time.monotonic() - self._flushed > _FLUSH_SECONDS:
            self.flush()

    def _write(self, **fields: Any) -> None:
        self._writer.write(_event(**fields))


def _event(**fields: Any) -> bytes:
    from tensorboardX.proto.event_pb2 import Event

    return Event(wall_time=time.time(), **fields).SerializeToString()


def _version() -> bytes:
    """What a file begins with."""
    return _event(file_version="brain.Event:2")


def _opened(directory: str | os.PathLike) -> Any:
    """A file of records that is written when it is told to be.

    tensorboardX's SummaryWriter writes from a thread, which dies of a full disk and leaves the run waiting for it.
    """
    from tensorboardX.record_writer import RecordWriter  # imported here: it takes a while, and only process 0 needs it

    now = time.time_ns()  # two starts within a second are two files
    name = f"events.out.tfevents.{now // 10**9}.{socket.gethostname()}.{now}"
    if is_remote(directory):
        return EventParts(at(directory), name, _version())
    os.makedirs(directory, exist_ok=True)
    return RecordWriter(os.path.join(os.fspath(directory), name))
