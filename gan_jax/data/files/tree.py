"""Files by their paths below one place: a folder on disk, or the inside of a zip archive."""

from __future__ import annotations

import errno
import os
import stat
import zipfile
import zlib
from typing import BinaryIO, Protocol

MOST_BYTES = 2**28  # of one file, 4 for each pixel of the largest image that is decoded

_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EACCES, errno.EPERM)  # others, of a disk, may pass


class Unreadable(OSError):
    """A name behind which there is no file that can be read whole."""


class Tree(Protocol):
    """Paths have slashes and begin at the tree's root, which is "". Every method may be called from many threads."""

    place: str  # what to call the root in a sentence

    def listing(self, folder: str) -> tuple[list[str], list[str]]:
        """Names of the files and of the folders directly in a folder, sorted, without those that begin with a dot."""
        ...

    def read(self, file: str) -> bytes:
        """Raises Unreadable for what is no file, is larger than `MOST_BYTES`, or is damaged."""
        ...

    def open(self, file: str) -> BinaryIO:
        """The same, to read the beginning only."""
        ...

    def facts(self, file: str) -> tuple[int, float]:
        """Bytes, and when it was last changed, in seconds; of an archive's files, when the archive was."""
        ...


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"  # which holds a Mac's notes on the files of an archive


class Disk:
    """A folder on disk. A link to a folder that it lies in itself is refused, as a walk would never end."""

    def __init__(self, path: str):
        self._path, self.place = path, readable(path)

    def listing(self, folder: str) -> tuple[list[str], list[str]]:
        path = os.path.join(self._path, folder)
        files, folders = [], []
        with os.scandir(path) as entries:
            for entry in entries:
                if _is_hidden(entry.name):
                    continue
                is_folder = _is_folder(entry)
                if is_folder and entry.is_symlink():
                    self._check_no_loop(folder, entry.path)
                (folders if is_folder else files).append(entry.name)
        return sorted(files), sorted(folders)

    def read(self, file: str) -> bytes:
        with self.open(file) as opened:
            return opened.read()

    def open(self, file: str) -> BinaryIO:
        path = os.path.join(self._path, file)
        try:
            facts = os.stat(path)  # first: opening a FIFO would wait for another program
            if not stat.S_ISREG(facts.st_mode):
                raise Unreadable("it is no regular file")
            _check_length(facts.st_size)
            return open(path, "rb")
        except OSError as error:  # Unreadable, which has no number, among them
            if error.errno not in _NOT_THERE:
                raise
            links_nowhere = error.errno == errno.ENOENT and os.path.islink(path)
            raise Unreadable("it links to nothing" if links_nowhere else error.strerror.lower()) from error

    def facts(self, file: str) -> tuple[int, float]:
        found = os.stat(os.path.join(self._path, file))
        return found.st_size, found.st_mtime

    def _check_no_loop(self, folder: str, link: str) -> None:
        parts = folder.split("/")
        above = (os.path.join(self._path, *parts[:count]) for count in range(len(parts) + 1))
        if os.path.realpath(link) in map(os.path.realpath, above):
            raise ValueError(f"{readable(link)} links to a folder that it lies in itself. Remove the link.")


class Zipped:
    """The inside of a zip archive, read where it lies. A single folder around everything is passed over.

    Raises ValueError for a file that is no zip archive, for two members of one name, and for names that lead outside.
    """

    def __init__(self, path: str):
        self.place = readable(path)
        if not os.path.isfile(path):
            raise FileNotFoundError(f"there is no file {readable(os.path.abspath(path))}")
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, NotImplementedError) as error:
            raise ValueError(
                f"{self.place} is no zip archive, or was not copied whole ({error}). Copy or pack it again."
            ) from error
        self._changed = os.stat(path).st_mtime
        self._folders: dict[str, tuple[set[str], set[str]]] = {"": (set(), set())}
        self._members: dict[str, zipfile.ZipInfo] = {}
        for member in self._zip.infolist():
            parts = [part for part in member.filename.split("/") if part not in ("", ".")]
            if not parts or member.is_dir():
                continue
            self._check_inside(member.filename, parts)
            if not any(map(_is_hidden, parts)):
                self._add(parts, member)
        self._root = ""
        while not self._folders[self._at("")][0] and len(self._folders[self._at("")][1]) == 1:
            (only,) = self._folders[self._at("")][1]
            self._root = joined(self._root, only)

    def listing(self, folder: str) -> tuple[list[str], list[str]]:
        files, folders = self._folders[self._at(folder)]
        return sorted(files), sorted(folders)

    def read(self, file: str) -> bytes:
        try:
            with self.open(file) as opened:
                return opened.read()
        except Unreadable:
            raise
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
            raise Unreadable(f"it is damaged in the archive ({error})") from error

    def open(self, file: str) -> BinaryIO:
        member = self._members[self._at(file)]
        _check_length(member.file_size)  # no more than this is unpacked, whatever follows
        try:
            return self._zip.open(member)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:  # RuntimeError: it has a password
            raise Unreadable(f"it cannot be unpacked ({error})") from error

    def facts(self, file: str) -> tuple[int, float]:
        return self._members[self._at(file)].file_size, self._changed

    def _at(self, path: str) -> str:
        return joined(self._root, path)

    def _check_inside(self, name: str, parts: list[str]) -> None:
        drive = parts[0][:1].isalpha() and parts[0][1:] == ":"
        if name.startswith("/") or drive or ".." in parts:
            raise ValueError(
                f"{self.place} holds a file of the name {readable(name)}, which leads out of the archive. Pack it again"
                " from the folder that the images lie in."
            )

    def _add(self, parts: list[str], member: zipfile.ZipInfo) -> None:
        if "/".join(parts) in self._members:
            raise ValueError(
                f"{self.place} holds two files of the name {readable('/'.join(parts))}, and nothing tells which of them is"
                " meant. Give them different names, or leave one out, and pack it again."
            )
        *folders, name = parts
        path = ""
        for folder in folders:
            self._folders[path][1].add(folder)
            path = joined(path, folder)
            self._folders.setdefault(path, (set(), set()))
        self._folders[path][0].add(name)
        self._members[joined(path, name)] = member


def open_tree(path: str) -> Tree:
    """A folder, or a file as a zip archive."""
    return Disk(path) if os.path.isdir(path) else Zipped(path)


def readable(name: str) -> str:
    """A name that can be printed anywhere: bytes that are no UTF-8, and control characters, as escapes."""
    return name if name.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)


def joined(folder: str, name: str) -> str:
    """A path in a tree; the root, as either, is ""."""
    return f"{folder}/{name}" if folder and name else folder or name


def _check_length(length: int) -> None:
    if length > MOST_BYTES:
        raise Unreadable(f"it has {length:,} bytes, and {MOST_BYTES:,} are the most that are read")


def _is_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # links in a circle: a file that cannot be read
        return False
