"""A place in a bucket, with those of pathlib's methods that a run uses. Who holds one need not know which kind it is."""

from __future__ import annotations

import fnmatch
import functools
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Self, TypeVar, cast

from gan_jax.names import nearest
from gan_jax.runtime.storage.patience import patiently
from gan_jax.runtime.storage.stores import SCHEMES, store

T = TypeVar("T")


def is_remote(place: object) -> bool:
    """Whether a place is a URL or a RemotePath, and no path of this machine."""
    return isinstance(place, RemotePath) or (isinstance(place, str) and "://" in place)


def at(place: str | os.PathLike | RemotePath) -> Path:
    """A Path of this machine, with ~ as the home folder, or a RemotePath for a URL, which stands in for one.

    Raises ValueError for a URL of no store that is known.
    """
    if isinstance(place, RemotePath):
        return cast(Path, place)
    return cast(Path, RemotePath(place)) if isinstance(place, str) and "://" in place else Path(place).expanduser()


@functools.total_ordering
class RemotePath:
    """gs://bucket/a/b or s3://bucket/a/b.

    An object appears whole or not at all, and is seen by all at once. There are no folders: `is_dir` is true where objects
    lie below. It is no os.PathLike: what would take it for a file of this machine raises TypeError.
    Its methods raise what `patiently` does. url: raises ValueError where it names no bucket of a store that is known.
    """

    __slots__ = ("_key", "_scheme")

    def __init__(self, url: str):
        scheme, _, key = url.partition("://")
        if scheme not in SCHEMES:
            known = " and ".join(f"{each}://" for each in SCHEMES)
            raise ValueError(
                f"{url} begins with {scheme}://, and what can be written to is {known}{nearest(scheme, SCHEMES)}"
            )
        self._scheme, self._key = scheme, "/".join(part for part in key.split("/") if part)
        if not self._key or key.startswith("/") or ".." in self._key.split("/"):
            raise ValueError(f"{url} names no place in a bucket: write it as {scheme}://bucket/runs/digits")

    def __str__(self) -> str:
        return f"{self._scheme}://{self._key}"

    def __repr__(self) -> str:
        return f"RemotePath({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RemotePath) and str(self) == str(other)

    def __lt__(self, other: RemotePath) -> bool:
        return str(self) < str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def __truediv__(self, name: str | os.PathLike) -> Self:
        return type(self)(f"{self}/{os.fspath(name)}")

    # --- its name

    @property
    def scheme(self) -> str:
        """ "gs" or "s3"."""
        return self._scheme

    @property
    def bucket(self) -> Self:
        """The bucket as a path."""
        return type(self)(f"{self._scheme}://{self._key.split('/')[0]}")

    @property
    def name(self) -> str:
        return PurePosixPath(self._key).name

    @property
    def stem(self) -> str:
        return PurePosixPath(self._key).stem

    @property
    def suffix(self) -> str:
        return PurePosixPath(self._key).suffix

    @property
    def parent(self) -> Self:
        """The bucket is its own parent."""
        return type(self)(f"{self._scheme}://{self._key.rpartition('/')[0] or self._key}")

    def with_name(self, name: str) -> Self:
        return self.parent / name

    def relative_to(self, other: RemotePath) -> PurePosixPath:
        return PurePosixPath(self._key).relative_to(other._key)

    def expanduser(self) -> Self:
        return self

    def absolute(self) -> Self:
        return self

    # --- what is there

    def exists(self) -> bool:
        return self._kind() is not None

    def is_file(self) -> bool:
        return self._kind() == "file"

    def is_dir(self) -> bool:
        return self._kind() == "directory"

    def iterdir(self) -> Iterator[Self]:
        """What lies directly below, in order. Raises FileNotFoundError where there is nothing."""
        found = self._ask(lambda fs, _: fs.ls(self._key, detail=False))
        yield from sorted(path for each in found if (path := type(self)(f"{self._scheme}://{each}")) != self)

    def glob(self, pattern: str) -> Iterator[Self]:
        """What lies directly below and is called like the pattern, such as "*.png"."""
        if self.is_dir():
            yield from (path for path in self.iterdir() if fnmatch.fnmatchcase(path.name, pattern))

    def below(self) -> list[Self]:
        """All objects below, in order."""
        found = self._ask(lambda fs, _: fs.find(self._key))
        return sorted(type(self)(f"{self._scheme}://{each}") for each in found if each != self._key)

    def read_bytes(self) -> bytes:
        return self._ask(lambda fs, _: fs.cat_file(self._key))

    def read_text(self, encoding: str = "utf-8") -> str:
        return self.read_bytes().decode(encoding)

    def open(self, mode: str = "rb") -> io.BytesIO:
        """The whole content, in memory. Raises ValueError for another mode."""
        if mode != "rb":
            raise ValueError(f"an object is opened for reading bytes, not {mode!r}: write_bytes writes one")
        return io.BytesIO(self.read_bytes())

    def fetch(self, file: Path) -> None:
        """Copies it to a file of this machine."""
        self._ask(lambda fs, _: fs.get_file(self._key, os.fspath(file)))

    # --- changing it

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        """Does nothing: a folder is there when something lies in it."""

    def write_bytes(self, content: bytes) -> None:
        self._ask(lambda fs, _: fs.pipe_file(self._key, content))

    def write_text(self, text: str, encoding: str = "utf-8") -> None:
        self.write_bytes(text.encode(encoding))

    def create(self, content: bytes) -> bool:
        """Writes it where there is none: of several that try at once, one does. -> whether this one did."""

        def ask(fs: Any, attempt: int) -> bool:
            try:
                fs.pipe_file(self._key, content, mode="create")
            except FileExistsError:
                return attempt > 0 and fs.cat_file(self._key) == content  # written by a try whose answer was lost
            return True

        return self._ask(ask)

    def send(self, file: Path) -> None:
        """Copies a file of this machine to here."""
        self._ask(lambda fs, _: fs.put_file(os.fspath(file), self._key))

    def unlink(self, missing_ok: bool = False) -> None:
        """Removes it. Raises FileNotFoundError where there is none."""
        try:
            if not self.is_file():  # s3:// would say nothing
                raise FileNotFoundError(f"there is no {self}")
            self._ask(lambda fs, _: fs.rm_file(self._key))
        except FileNotFoundError:
            if not missing_ok:
                raise

    def rmtree(self) -> None:
        """Removes all that lies below."""
        for path in self.below():
            path.unlink(missing_ok=True)

    def rename(self, target: RemotePath) -> None:
        """Copies it, or all that lies below, and removes it here: a store cannot move anything at once."""
        found = self.below() or [self]
        for path in found:
            to = target if path == self else target / str(path.relative_to(self))
            self._ask(lambda fs, _, path=path, to=to: fs.cp_file(path._key, to._key))
        for path in found:
            path.unlink(missing_ok=True)

    def _kind(self) -> str | None:
        try:
            return self._ask(lambda fs, _: fs.info(self._key))["type"]
        except FileNotFoundError:
            return None

    def _ask(self, call: Callable[[Any, int], T]) -> T:
        return patiently(str(self), lambda attempt: call(store(self._scheme), attempt))
