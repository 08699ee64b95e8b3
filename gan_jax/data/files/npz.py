"""Arrays of an .npz file, each looked at before memory is taken for it."""

from __future__ import annotations

import os
import tokenize
import zipfile
import zlib
from collections.abc import Iterable

import numpy as np

from gan_jax.data.files.tree import readable

_MOST_PACKED = 1032  # bytes that a byte of deflate can stand for


class Npz:
    """The arrays of one .npz file by name. Use it in a `with` statement.

    Raises FileNotFoundError for no file; ValueError for one that is no .npz file, or holds two arrays of one name. Nothing
    is unpickled.
    """

    def __init__(self, path: str):
        self.place, self._length = readable(path), 0
        if not os.path.isfile(path):
            raise FileNotFoundError(f"there is no file {readable(os.path.abspath(path))}. Set `path` to an .npz file.")
        self._length = os.path.getsize(path)
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, NotImplementedError) as error:
            raise ValueError(
                f"{self.place} is not an .npz file ({error}). Save one with np.savez(path, image=...)."
            ) from error
        self._members: dict[str, zipfile.ZipInfo] = {}
        for member in self._zip.infolist():
            name = member.filename.removesuffix(".npy")
            if name in self._members:
                self._zip.close()
                raise ValueError(
                    f"{self.place} holds two arrays of the name {readable(name)}, and nothing tells which of them is meant."
                    " Save it again with one of each name."
                )
            self._members[name] = member

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._members)

    def require_room(self, names: Iterable[str]) -> None:
        """Raises ValueError where arrays claim more than their bytes in the file, or than this machine's memory."""
        total = sum(self._claimed(name) for name in names)
        if total > (memory := _memory()):
            raise ValueError(
                f"the arrays of {self.place} take {total / 2**30:,.1f} GiB, and this machine has {memory / 2**30:,.1f}."
                " Save the images as files, and use source 'folder'."
            )

    def read(self, name: str) -> np.ndarray:
        """An array. Raises ValueError where it is damaged, or claims more than its bytes in the file."""
        self._claimed(name)
        try:
            with self._zip.open(self._members[name]) as file:
                return np.lib.format.read_array(file, allow_pickle=False)
        except _DAMAGE as error:
            raise self._damaged(name, error) from error

    def _claimed(self, name: str) -> int:
        """Bytes of an array, from its header."""
        member = self._members[name]
        try:
            with self._zip.open(member) as file:
                version = np.lib.format.read_magic(file)
                read_header = {(1, 0): np.lib.format.read_array_header_1_0}.get(
                    version, np.lib.format.read_array_header_2_0
                )
                shape, _, dtype = read_header(file)
                rest = member.file_size - file.tell()
        except _DAMAGE as error:
            raise self._damaged(name, error) from error
        if dtype.hasobject:
            raise ValueError(
                f"{self.place}: {name} is a pickle of Python objects, which is not read. Save it as numbers."
            )
        size = dtype.itemsize
        for length in shape:
            size *= length
        packed = member.compress_size
        room = {zipfile.ZIP_STORED: packed, zipfile.ZIP_DEFLATED: packed * _MOST_PACKED + 64}
        unpacked = room.get(member.compress_type, float("inf"))
        if size != rest or packed > self._length or member.file_size > unpacked:
            raise ValueError(
                f"{self.place}: {name} claims to be {dtype} of shape {shape}, {size:,} bytes, which are not in the file."
                " It is damaged, or was not copied whole: save or copy it again."
            )
        return size

    def _damaged(self, name: str, error: Exception) -> ValueError:
        return ValueError(f"{self.place}: {name} cannot be read ({error}). Save or copy it again.")


_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)
_DAMAGE += (SyntaxError, tokenize.TokenError)  # of a header's text


def _memory() -> float:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return float("inf")
