"""Can this run write where it was told to? Asked before anything expensive starts."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from gan_jax.runtime.storage import at, is_remote
from gan_jax.runtime.storage.checking import check_bucket, require_one_process

BEGIN_ANEW = "to begin anew, name another --workdir, or move this one away as a whole"


@contextlib.contextmanager
def unmade_on_failure(workdir: str | os.PathLike) -> Iterator[None]:
    """Around what makes a folder: where it fails, the folder, and those above it, go again if they are new and empty."""
    if is_remote(workdir):  # there are no folders
        yield
        return
    path = Path(workdir).expanduser().absolute()
    missing = [each for each in (path, *path.parents) if not each.exists()]
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            for each in missing:
                each.rmdir()
        raise


def check_writable(workdir: str | os.PathLike, need_mb: float = 100) -> Path:
    """Makes the directory where it is missing and writes a file there. -> its absolute path; of a URL, a RemotePath.

    need_mb: megabytes (10^6 bytes) that must be free; of a URL, on the disk from which it is written. Raises OSError, and
    ValueError for a URL of no known store, with a sentence that says what to do.
    """
    if is_remote(workdir):
        require_one_process(place := at(workdir))
        check_bucket(place)
        _require_free(Path(tempfile.gettempdir()), need_mb, "name another folder with TMPDIR")
        return place
    path = Path(workdir).expanduser().absolute()
    blocking = next((part for part in (path, *path.parents) if part.exists() and not part.is_dir()), None)
    if blocking is not None:
        raise NotADirectoryError(f"cannot write to {path}: {blocking} is a file; name another directory with --workdir")
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path) as probe:
            probe.write(b"writable")
    except PermissionError as error:
        raise PermissionError(
            f"cannot write to {path}: no permission ({error}); name a directory of your own with --workdir"
        ) from error
    except OSError as error:
        hint = "the disk is full; free some space" if error.errno == errno.ENOSPC else f"{error}; check the path"
        raise OSError(f"cannot write to {path}: {hint}, or name another directory with --workdir") from error
    _require_free(path, need_mb, "name another directory with --workdir")
    return path


def _require_free(path: Path, need_mb: float, instead: str) -> None:
    free_mb = shutil.disk_usage(path).free / 1e6
    if free_mb < need_mb:
        raise OSError(
            f"cannot write to {path}: the disk has {free_mb:.0f} MB free and this run needs about {need_mb:.0f} MB; "
            f"free some space, or {instead}"
        )


def check_new_file(path: str | os.PathLike) -> Path:
    """Whether a file could be written there, its folders made where they are missing. It makes nothing. -> the path.

    In a bucket, an object is written and removed again.

    Raises IsADirectoryError for a folder, NotADirectoryError where a file stands in place of one, PermissionError.
    """
    path = at(path)
    if path.is_dir():
        raise IsADirectoryError(f"cannot write {path}: it is a folder; name a file with --out")
    check_new_folder(path.parent)
    if is_remote(path):
        return path
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(f"cannot write {path}: no permission; name another file with --out")
    return path


def check_apart(path: str | os.PathLike, *inputs: str | os.PathLike) -> None:
    """Raises ValueError where a file or folder to write is one of the inputs, which stay as they are, or lies in one."""
    if is_remote(path):
        return
    path = Path(path).expanduser().resolve()
    for given in inputs:
        given = Path(given).expanduser().resolve()
        if given == path or (given.is_dir() and given in path.parents):
            raise ValueError(
                f"cannot write {path}: {given} is what is read, and stays as it is; name another place with --out"
            )


def check_new_folder(path: str | os.PathLike) -> Path:
    """The same of a folder that files are written to: it is there, or could be made."""
    path = at(path)
    if is_remote(path):
        check_bucket(path)
        return path
    there = next(part for part in (path.absolute(), *path.absolute().parents) if os.path.lexists(part))
    if not there.is_dir():
        raise NotADirectoryError(f"cannot write to {path}: {there} is no folder; name another place with --out")
    if not os.access(there, os.W_OK | os.X_OK):
        raise PermissionError(f"cannot write to {path}: {there} may not be written to; name another place with --out")
    return path
