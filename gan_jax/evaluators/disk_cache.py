"""Arrays kept on disk between runs: a cache, so that damage and full disks cost time alone."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gan_jax.runtime.processes.processes import any_process

_FACTS = "facts"  # an array beside the others: what the file is of


def kept_on_disk(
    cache: Path | None, facts: Sequence[Any], make: Callable[[], dict[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    """make()'s arrays, from the cache where it has them; else they are made, and kept there. None for no cache.

    facts: all that shapes the arrays, as JSON; the file is named for them. Of several processes all make them unless
    all have them: make() may need every process.
    """
    if cache is None:
        return make()
    told = json.dumps(list(facts))
    path = cache / f"{hashlib.sha256(told.encode()).hexdigest()[:32]}.npz"
    found = read_arrays(path)
    if found is not None and str(found.pop(_FACTS, "")) != told:  # a file that was renamed, or of an earlier version
        found = None
    if not any_process(found is None):
        return found
    arrays = make()
    write_arrays(path, {**arrays, _FACTS: np.array(told)})
    return arrays


def read_arrays(path: Path) -> dict[str, np.ndarray] | None:
    """What `write_arrays` wrote; None where it is not there, or damaged."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):  # not there, or damaged: made again
        return None


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes an .npz, whole or not at all; where that fails, nothing is said: it is a cache."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    partial = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(buffer.getvalue())
        os.replace(partial, path)
    except OSError:  # a cache that cannot be written is no reason to lose a score
        if partial is not None:
            with contextlib.suppress(OSError):
                os.unlink(partial)
