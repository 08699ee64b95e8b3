"""metrics.jsonl: the numbers of a run, one JSON object a line, each line on disk before the run goes on."""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from gan_jax.runtime.processes.processes import is_first, warn
from gan_jax.runtime.storage import at
from gan_jax.runtime.writers.atomic import naming, write_atomically


class MetricsFile:
    """Appends to a JSON-lines file. Only process 0 writes; on the others every call does nothing.

    JSON has no NaN: numbers that are not finite are written as the strings "nan", "inf" and "-inf", which `float`
    reads back. path: the file; its folder is made where it is missing now, and not again later. A file that is removed
    while it is written is begun anew, with a word on stderr.
    Raises OSError, with the file and what to do, where a line cannot be written.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = at(path)
        self._active = is_first()
        if self._active:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def write(self, step: int, values: Mapping[str, Any]) -> None:
        """One line, {"step": step, **values}. values: numbers, strings, or arrays of one number each."""
        if not self._active:
            return
        line = encoded(step, values).decode()
        with naming(self.path):
            if self._file is not None and not self._is_there():
                self.close()
                warn(f"{self.path} was removed or replaced while the run wrote it: its lines go on in a new file")
            if self._file is None:
                if self.path.exists():
                    self._keep_if(lambda entry: True)  # a torn last line would swallow this one
                self._file = self.path.open("a", encoding="utf-8")
            self._file.write(line)
            self._file.flush()

    def truncate_after(self, step: int) -> None:
        """Drops every line whose "step" is larger, and a torn last line: for a run that resumes from `step`."""
        if self._active and self.path.exists():
            self.close()
            self._keep_if(lambda entry: _step_of(entry) <= step)

    def flush(self) -> None:
        """Makes sure that all lines are where they are read: here each is at once."""

    def close(self) -> None:
        """Closes the file; a later write opens it again."""
        if self._file is not None:
            with contextlib.suppress(
                OSError
            ):  # what is left in its buffer: the line whose writing failed, and was told
                self._file.close()
            self._file = None

    def _is_there(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._file.fileno()), os.stat(self.path))
        except OSError:
            return False

    def _keep_if(self, wanted) -> None:
        before = _content(self.path)
        kept, damaged = [], 0
        for line in before.splitlines(keepends=True):
            entry = _parsed(line)
            damaged += entry is None
            if entry is not None and wanted(entry):
                kept.append(line)
        if damaged:
            torn = not before.endswith(b"\n")  # by a kill, in the middle of a line
            kept_as = "" if damaged == torn else f"; the file as it was is {_set_aside(self.path, before).name}"
            warn(f"{self.path}: {damaged} torn or damaged line(s) dropped{kept_as}")
        if (after := b"".join(kept)) != before:
            write_atomically(self.path, after)


def encoded(step: int, values: Mapping[str, Any]) -> bytes:
    """A line, its end included."""
    return (json.dumps({"step": int(step), **{name: _plain(value) for name, value in values.items()}}) + "\n").encode()


def last_step(path: str | os.PathLike) -> int:
    """The largest step of the lines of a file; 0 where there is no file, or no line.

    Raises OSError, with the file and what to do, where it cannot be read.
    """
    path = at(path)
    entries = map(_parsed, _content(path).splitlines(keepends=True)) if path.exists() else ()
    return int(max([0, *(_step_of(entry) for entry in entries if entry is not None)]))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        told = f"{path} cannot be read ({error.strerror or error}): move it away, or put back the file that a run wrote"
        raise type(error)(told) from error


def _set_aside(path: Path, content: bytes) -> Path:
    """Writes what could not be read to a name of its own."""
    names = (path.with_name(f"{path.stem}.damaged{number}{path.suffix}") for number in itertools.count(1))
    copy = next(name for name in names if not name.exists())
    write_atomically(copy, content)
    return copy


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line) if line.endswith(b"\n") else None
    except ValueError:  # not JSON, or not UTF-8
        return None
    return entry if isinstance(entry, dict) else None


def _step_of(entry: Mapping[str, Any]) -> float:
    step = entry.get("step")
    return step if isinstance(step, int | float) else -math.inf  # a note of nobody's step stays


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | bool | int):
        return value
    if hasattr(value, "item"):
        value = value.item()  # numpy and JAX; raises where there is more than one number
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
