"""Files that are whole or not there, whenever the process dies, and errors that name the file."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from gan_jax.runtime.storage import RemotePath

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write_atomically(path: str | os.PathLike | RemotePath, content: bytes, parents: bool = True) -> None:
    """Writes beside the path, then renames over it. The folder is made where it is missing, unless not `parents`.

    In a bucket an object is written, which appears whole. Raises OSError, with the file and what to do; what was there
    before is then as it was.
    """
    if isinstance(path, RemotePath):
        path.write_bytes(content)
        return
    path = Path(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.partial")
    with naming(path):
        if parents:
            path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with partial.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())  # else a power cut may leave the new name on an empty file
            os.replace(partial, path)
        finally:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)


@contextlib.contextmanager
def naming(path: str | os.PathLike) -> Iterator[None]:
    """Around a write: an OSError comes out with the file's name and what to do, as the class that it was."""
    try:
        yield
    except OSError as error:
        full = error.errno in _FULL
        advice = (
            "free some space, or raise the quota" if full else "check that the folder is there and may be written to"
        )
        told = type(error)(f"{path} could not be written ({error.strerror or error}): {advice}")
        told.errno = error.errno
        raise told from error
