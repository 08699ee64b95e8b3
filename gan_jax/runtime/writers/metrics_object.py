"""metrics.jsonl in a bucket, where nothing can be appended to: all its lines are written again, now and then."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

from gan_jax.runtime.storage import RemotePath, at
from gan_jax.runtime.writers.metrics_file import MetricsFile, encoded

_FLUSH_SECONDS = 30.0


def metrics_file(path: str | os.PathLike | RemotePath) -> MetricsFile:
    """The one for a file of this machine, or the one for an object."""
    path = at(path)
    return MetricsObject(path) if isinstance(path, RemotePath) else MetricsFile(path)


class MetricsObject(MetricsFile):
    """As `MetricsFile`, but that lines are kept here until `flush`, which happens by itself at a line every 30 s.

    An object that is removed meanwhile comes back whole. A process that is killed loses the lines after the last flush: a
    run flushes before each checkpoint, so that they are of rounds that it plays again.
    """

    def __init__(self, path: RemotePath):
        super().__init__(path)
        self._lines: list[bytes] | None = None  # None: what is there was not read yet
        self._flushed, self._waiting = time.monotonic(), False

    def write(self, step: int, values: Mapping[str, Any]) -> None:
        """One line. values: as of `MetricsFile.write`."""
        if not self._active:
            return
        if self._lines is None:
            self.truncate_after(None)
        self._lines.append(encoded(step, values))
        self._waiting = True
        if time.monotonic() - self._flushed > _FLUSH_SECONDS:
            self.flush()

    def truncate_after(self, step: int | None) -> None:
        """Drops every line whose "step" is larger, and what is no line; None: only that."""
        if self._active:
            if self.path.exists():
                super().truncate_after(float("inf") if step is None else step)
            self._lines = self.path.read_bytes().splitlines(keepends=True) if self.path.exists() else []

    def flush(self) -> None:
        """Writes all lines, where there are new ones."""
        if self._waiting:
            self.path.write_bytes(b"".join(self._lines))
            self._flushed, self._waiting = time.monotonic(), False

    def close(self) -> None:
        """Writes all lines."""
        self.flush()
