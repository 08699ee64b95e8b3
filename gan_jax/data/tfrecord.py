"""Random access to TFRECORD files, without TensorFlow.

A record is: its length n (u64), masked CRC-32C of those 8 bytes (u32), n bytes, masked CRC-32C of the n bytes (u32);
all little-endian. Going from header to header finds every record and reads 12 bytes of each.
"""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Sequence

import numpy as np

_HEADER = struct.Struct("<QI")
_FOOTER = struct.Struct("<I")


class DamagedRecord(ValueError):
    """A file that does not hold the records it should."""


class RecordFile:
    """One file of records. Its index is built on the first read; reading is thread-safe.

    Args:
        path: the file.
        count: how many records it must hold, or None if that is not known.
    """

    def __init__(self, path: str, count: int | None = None):
        self.path = path
        self._count = count
        self._index: np.ndarray | None = None  # int64 [records + 1], offset of each header, and the file's length
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._offsets()) - 1 if self._count is None else self._count

    def __getitem__(self, index: int) -> bytes:
        """The bytes of one record. Raises DamagedRecord where they do not match their checksum."""
        offsets = self._offsets()
        begin, end = int(offsets[index]), int(offsets[index + 1])
        handle = os.open(self.path, os.O_RDONLY)
        try:
            whole = os.pread(handle, end - begin, begin)
        finally:
            os.close(handle)
        data, footer = whole[_HEADER.size : -_FOOTER.size], whole[-_FOOTER.size :]
        if len(whole) != end - begin or _FOOTER.unpack(footer)[0] != masked_crc(data):
            raise self._damaged(f"record {index} at byte {begin} does not match its checksum")
        return data

    def _offsets(self) -> np.ndarray:
        with self._lock:
            if self._index is None:
                self._index = self._scan()
            return self._index

    def _scan(self) -> np.ndarray:
        size, offset, offsets = os.path.getsize(self.path), 0, [0]
        handle = os.open(self.path, os.O_RDONLY)
        try:
            while offset < size:
                header = os.pread(handle, _HEADER.size, offset)
                if len(header) < _HEADER.size:
                    raise self._damaged(f"it ends within the header at byte {offset}")
                length, crc = _HEADER.unpack(header)
                if crc != masked_crc(header[:8]):
                    raise self._damaged(f"the header at byte {offset} does not match its checksum")
                offset += _HEADER.size + length + _FOOTER.size
                offsets.append(offset)
        finally:
            os.close(handle)
        if offset > size:
            raise self._damaged(f"its last record ends {offset - size} bytes after the file")
        if self._count is not None and len(offsets) - 1 != self._count:
            raise self._damaged(f"it holds {len(offsets) - 1} records instead of {self._count}")
        return np.asarray(offsets, np.int64)

    def _damaged(self, what: str) -> DamagedRecord:
        return DamagedRecord(f"{self.path} is damaged or was not copied whole: {what}. Copy or prepare it again.")


class Records:
    """Stretches of several files, one after the other.

    Args:
        stretches: (path, first record, how many, how many the file holds) of each.
    """

    def __init__(self, stretches: Sequence[tuple[str, int, int, int]]):
        self._files = [RecordFile(path, held) for path, _, _, held in stretches]
        self._first = [first for _, first, _, _ in stretches]
        self._ends = np.cumsum([count for _, _, count, _ in stretches], dtype=np.int64)

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def __getitem__(self, index: int) -> bytes:
        if not 0 <= index < len(self):
            raise IndexError(f"record {index} of {len(self)}")
        file = int(np.searchsorted(self._ends, index, side="right"))
        begin = int(self._ends[file - 1]) if file else 0
        return self._files[file][self._first[file] + index - begin]


def masked_crc(data: bytes) -> int:
    """CRC-32C, rotated right by 15 bits plus a constant, as TFRECORD stores it."""
    import google_crc32c

    crc = google_crc32c.value(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF
