"""One run at a time in a folder: a file that says who plays there, for as long as it is alive.

It works where files can be created exclusively: on disks, shared file systems, in buckets and mounted ones. Who holds it writes a
new number into it every few seconds. A dead owner is told from a living one on its own machine by its process number and
the time that process was started; from another machine by a number that stands still.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import sys
import threading
import time
import weakref
from pathlib import Path
from typing import Any

from gan_jax.runtime.storage import RemotePath, at, patience_of
from gan_jax.runtime.writers.atomic import naming, write_atomically

NAME = "lock.json"
_BEAT_SECONDS = 15.0
_PATIENCE_SECONDS = 150.0  # ten beats; a mounted bucket may show what is a minute old
_SETTLE_SECONDS = 1.0  # in which two that take over from the same dead owner see each other


class FolderInUse(RuntimeError):
    """Another process plays a run in this folder, or took it over."""


class FolderLock:
    """Held from the moment it is made until `release`, or until nobody has this object any more.

    folder: exists. beat_seconds: between two signs of life. patience_seconds: how long an owner on another machine may
    give none before it counts as dead; a start waits for so long, and says so.
    Raises FolderInUse, with the owner's host and process, where it is held; OSError where the file cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        beat_seconds: float = _BEAT_SECONDS,
        patience_seconds: float = _PATIENCE_SECONDS,
    ):
        self.path = at(folder) / NAME
        self.token = secrets.token_hex(8)  # this holder's alone
        self._lost, self._ended = threading.Event(), threading.Event()
        entry = _entry(self.token)
        _acquire(self.path, entry, patience_seconds)
        keep = (self.path, entry, beat_seconds, self._ended, self._lost)  # and not self, which would never be freed
        self._thread = threading.Thread(target=_keep_alive, args=keep, name="lock", daemon=True)
        self._thread.start()
        self._finalizer = weakref.finalize(self, _release, self.path, self.token, self._ended, self._thread)

    def check(self) -> None:
        """Raises FolderInUse where another process has taken the folder over.

        It may from one that was suspended, or whose file somebody removed.
        """
        now = _read(self.path)
        if self._lost.is_set() or (now is not None and now.get("token") != self.token):
            raise FolderInUse(
                f"{_told(now)} has taken over {self.path.parent}, while this process gave no sign of life or its {NAME} was "
                "removed: this one stops, and writes nothing more there"
            )

    def release(self) -> None:
        """Removes the file; a second call does nothing."""
        self._finalizer()


def holder(folder: str | os.PathLike) -> str | None:
    """Who plays in a folder, "process 7 on host h", whether it is still alive or not; None for nobody."""
    entry = _read(at(folder) / NAME)
    return None if entry is None else _told(entry)


def token_in(folder: str | os.PathLike) -> str | None:
    """The token of the folder's holder, as this machine sees it."""
    return (_read(at(folder) / NAME) or {}).get("token")


# --- taking it


def _acquire(path: Path, entry: dict[str, Any], patience: float) -> None:
    while not _create(path, entry):
        before = _read(path)
        if path.is_dir():
            raise IsADirectoryError(f"{path} is a folder, and the file of this name says who plays here: move it away")
        if before is None and not path.exists():
            continue  # just released
        _require_dead(path, before, patience)
        if _read(path) == before:  # else somebody else was faster
            write_atomically(path, _bytes(entry), parents=False)
            time.sleep(_SETTLE_SECONDS)
            if (now := _read(path) or {}).get("token") == entry["token"]:
                return
            if now:
                raise _in_use(path, now)


def _create(path: Path, entry: dict[str, Any]) -> bool:
    """Whether there was none."""
    if isinstance(path, RemotePath):
        return path.create(_bytes(entry))
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    except FileExistsError:
        return False
    try:
        with naming(path), os.fdopen(descriptor, "wb") as file:
            file.write(_bytes(entry))
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return True


def _require_dead(path: Path, entry: dict[str, Any] | None, patience: float) -> None:
    """Returns once the owner is known to be dead. Raises FolderInUse where it is alive."""
    if entry is not None and entry.get("place") == _place():
        started, known = _started(entry.get("process")), entry.get("started")
        if started and started == known:
            raise _in_use(path, entry)
        if started is None or (started and known):  # none of that number, or one that was given it since
            return
    # On another machine, or started at an unknown time, or a file without words: does it change?
    began, told = time.monotonic(), False
    while (waited := time.monotonic() - began) < patience:
        if _read(path) != entry:
            now = _read(path)
            if now is None and not path.exists():
                return
            if now is not None:
                raise _in_use(path, now)
        if not told and waited > min(2.0, patience / 2):
            told = True
            print(
                f"{_told(entry)} may still play in {path.parent}: waiting up to {patience:.0f} s for a sign of life",
                file=sys.stderr,
                flush=True,
            )
        time.sleep(min(1.0, patience / 20))


def _in_use(path: Path, entry: dict[str, Any]) -> FolderInUse:
    if entry.get("process") == os.getpid() and entry.get("place") == _place():
        return FolderInUse(
            f"a run in {path.parent} is open in this process: close it first (run.close(), or use `with`)"
        )
    return FolderInUse(
        f"{_told(entry)} plays a run in {path.parent} since {entry.get('since', 'an unknown time')}: two at once would tear "
        "each other's files. Wait for it, stop it (it saves on SIGTERM), or name another --workdir. Sampling and "
        f"evaluating go on meanwhile. If you know that it is dead, remove {path}."
    )


# --- holding it


def _keep_alive(
    path: Path, entry: dict[str, Any], seconds: float, ended: threading.Event, lost: threading.Event
) -> None:
    while not ended.wait(seconds):
        entry = {**entry, "beat": entry["beat"] + 1}
        with (
            patience_of(0),
            contextlib.suppress(OSError),
        ):  # a full disk, a folder that is gone: the run itself finds out
            now = _read(path)
            if now is not None and now.get("token") != entry["token"]:
                lost.set()
                return
            if now is not None:
                write_atomically(path, _bytes(entry), parents=False)
            elif path.parent.is_dir() and not path.exists():
                _create(path, entry)


def _release(path: Path, token: str, ended: threading.Event, thread: threading.Thread) -> None:
    ended.set()
    if thread is not threading.current_thread():
        thread.join(timeout=5)
    with patience_of(10), contextlib.suppress(OSError):
        if (_read(path) or {}).get("token") == token:
            path.unlink()


# --- who that is


def _entry(token: str) -> dict[str, Any]:
    own = {"host": socket.gethostname(), "process": os.getpid(), "started": _started(os.getpid()), "place": _place()}
    return {**own, "since": time.strftime("%Y-%m-%d %H:%M:%S %z"), "token": token, "beat": 0}


def _bytes(entry: dict[str, Any]) -> bytes:
    return (json.dumps(entry, indent=1) + "\n").encode()


def _read(path: Path) -> dict[str, Any] | None:
    """None where there is no such file, or one that is not, or not yet, what it should be."""
    try:
        entry = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return entry if isinstance(entry, dict) else None


def _told(entry: dict[str, Any] | None) -> str:
    entry = entry or {}
    return f"process {entry.get('process', '(unknown)')} on host {entry.get('host', '(unknown)')}"


def _place() -> str:
    """Where process numbers mean the same: the host, since it was started, and on Linux the container."""
    parts = [socket.gethostname()]
    with contextlib.suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
        parts.append(os.readlink("/proc/self/ns/pid"))
    return " ".join(parts)


def _started(process: Any) -> str | None:
    """When a process of this place was started; None where there is none of that number, "" where it cannot be told."""
    if not isinstance(process, int):
        return ""
    try:
        stat = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return None if stat[0] in "ZX" else stat[19]  # a zombie is dead; clock ticks since the machine was started
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return None
    except (OSError, IndexError):
        return ""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return None
    except OSError:
        return ""
    return ""
