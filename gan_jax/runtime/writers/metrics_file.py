"""metrics.jsonl: the numbers of a run, one JSON object a line, each line on disk before the run goes on."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from gan_jax.runtime.processes.processes import is_first
from gan_jax.runtime.writers.atomic import write_atomically


class MetricsFile:
    """Appends to a JSON-lines file. Only process 0 writes; on the others every call does nothing.

    JSON has no NaN: numbers that are not finite are written as the strings "nan", "inf" and "-inf", which `float`
    reads back. path: the file; its folder is made where it is missing.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        self._active = is_first()
        self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def write(self, step: int, values: Mapping[str, Any]) -> None:
        """One line, {"step": step, **values}. values: numbers, strings, or arrays of one number each."""
        if not self._active:
            return
        line = json.dumps({"step": int(step), **{name: _plain(value) for name, value in values.items()}})
        if self._file is None:
            if self.path.exists():
                self._keep_if(lambda entry: True)  # a torn last line would swallow this one
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a", encoding="utf-8")
        self._file.write(line + "\n")
        self._file.flush()

    def truncate_after(self, step: int) -> None:
        """Drops every line whose "step" is larger, and a torn last line: for a run that resumes from `step`."""
        if self._active and self.path.exists():
            self.close()
            self._keep_if(lambda entry: entry.get("step", step) <= step)

    def close(self) -> None:
        """Closes the file; a later write opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _keep_if(self, wanted) -> None:
        before = self.path.read_bytes()
        kept, damaged = [], 0
        for line in before.splitlines(keepends=True):
            entry = _parsed(line)
            damaged += entry is None
            if entry is not None and wanted(entry):
                kept.append(line)
        if damaged:
            print(f"{self.path}: {damaged} torn or damaged line(s) dropped", file=sys.stderr, flush=True)
        if (after := b"".join(kept)) != before:
            write_atomically(self.path, after)


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line) if line.endswith(b"\n") else None
    except ValueError:  # not JSON, or not UTF-8
        return None
    return entry if isinstance(entry, dict) else None


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | bool | int):
        return value
    if hasattr(value, "item"):
        value = value.item()  # numpy and JAX; raises where there is more than one number
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
