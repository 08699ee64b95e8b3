"""Checkpoints in a bucket: Orbax writes and reads them on a disk of this machine, from where they are sent and fetched.

So one way serves every store. The folder of a step in the bucket is what it is on a disk, and its manifest is sent last:
what was cut short is incomplete there too. Nothing is read back to be verified: sums are of what was sent, and each fetched
file is held against them.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from etils import epath

from gan_jax.runtime.checkpoints.folders import LEAVES, Folders
from gan_jax.runtime.checkpoints.manifest import NAME, damage, is_complete, write_manifest
from gan_jax.runtime.storage import RemotePath, at, patience_of
from gan_jax.runtime.storage.stores import identity

_AT_ONCE = 8  # files


class RemoteFolders(Folders):
    """`Folders` whose directory is a RemotePath, or the URL of one."""

    def __init__(self, directory: Any, run: str | None = None):
        super().__init__(directory, run)
        self._fetched: tuple[int, tempfile.TemporaryDirectory] | None = None

    def prepare(self, step: int, leaves: Mapping[str, str]) -> None:
        """An empty folder on this machine, but for leaves.json; nothing of the step is left in the bucket."""
        self._clear(step)
        stage = self._stage()
        shutil.rmtree(stage, ignore_errors=True)  # of a save that was killed, or failed
        (stage / str(step)).mkdir(parents=True)
        self._write_leaves(epath.Path(stage / str(step)), leaves)

    def writing(self, step: int) -> epath.Path:
        return epath.Path(self._stage() / str(step) / "state")

    def seal(self, step: int) -> None:
        """Sends all files of the step, its leaves.json after the arrays, and the manifest last."""
        here, there = self._stage() / str(step), self.of(step)
        write_manifest(epath.Path(here), step, self._run)
        files = sorted(path.relative_to(here) for path in here.rglob("*") if path.is_file())
        apart = (Path(LEAVES), Path(NAME))
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda file: (there / file).send(here / file), [file for file in files if file not in apart]))
        for file in apart:
            (there / file).send(here / file)
        shutil.rmtree(self._stage(), ignore_errors=True)

    @contextlib.contextmanager
    def reading(self, step: int) -> Iterator[epath.Path]:
        """The step's files on this machine, removed again behind it."""
        if self._fetched is None or self._fetched[0] != step:
            self._fetch(step)
        try:
            yield epath.Path(self._fetched[1].name)
        finally:
            self._forget()

    def clear_failed(self, step: int, seconds: float = 5.0, between: float = 0.2) -> None:
        """Removes what a failed save has left, here, and in the bucket as far as it answers."""
        shutil.rmtree(self._stage(), ignore_errors=True)
        with patience_of(0), contextlib.suppress(OSError):
            self._delete(step)

    def remove_empty(self) -> None:
        """Does nothing: there are no folders in a bucket."""

    def _place(self, directory: Any) -> RemotePath:
        return at(directory)

    def _stage(self) -> Path:
        """Always the same for one directory, so that a run that is killed again and again does not fill the disk."""
        place = f"{identity(self.directory.scheme)} {self.directory}"
        name = f"gan_jax-{os.getuid()}-{hashlib.sha256(place.encode()).hexdigest()[:16]}"
        return Path(tempfile.gettempdir()) / name

    def _damage(self, step: int) -> str | None:
        if not is_complete(self.of(step)):
            return damage(self.of(step))
        try:
            self._fetch(step)
        except FileNotFoundError as error:  # whoever does not answer damages nothing: that goes on as an error
            return str(error)
        what = damage(epath.Path(self._fetched[1].name))
        if what is not None:
            self._forget()
        return what

    def _fetch(self, step: int) -> None:
        self._forget()
        folder = tempfile.TemporaryDirectory(prefix="gan_jax-")
        self._fetched = step, folder
        files = [(path, Path(folder.name) / path.relative_to(self.of(step))) for path in self.of(step).below()]
        for _, file in files:
            file.parent.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda pair: pair[0].fetch(pair[1]), files))

    def _forget(self) -> None:
        if self._fetched is not None:
            self._fetched[1].cleanup()
            self._fetched = None
