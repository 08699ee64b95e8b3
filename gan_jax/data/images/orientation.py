"""Which way up an image is: the EXIF orientation of its file, and pixels turned by it."""

from __future__ import annotations

import struct
from typing import BinaryIO

import numpy as np
from PIL import Image

_TAG = 0x0112
_CHUNK = struct.Struct(">I4s")  # how each part of a PNG begins: the length of its data, its name


def orientation_in(exif: bytes | None) -> int:
    """1 to 8 from the bytes of an EXIF block; 1, upright, where there is none, or none that can be read."""
    if not exif:
        return 1
    try:
        read = Image.Exif()
        read.load(exif)
        found = read.get(_TAG, 1)
    except Exception:  # Pillow raises many kinds on damaged bytes; the pixels do not depend on them
        return 1
    return found if found in range(1, 9) else 1


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """[h, w, ...] -> the same turned and mirrored as its EXIF orientation asks, [w, h, ...] from 5 on."""
    if orientation == 1:
        return pixels
    if orientation > 4:
        pixels = pixels.swapaxes(0, 1)
    rows = -1 if orientation in (3, 4, 7, 8) else 1
    columns = -1 if orientation in (2, 3, 6, 7) else 1
    return np.ascontiguousarray(pixels[::rows, ::columns])


def exif_of_jpeg(data: bytes) -> bytes | None:
    """The first EXIF block of a JPEG, without decoding anything."""
    position = 2
    while data[position : position + 1] == b"\xff" and data[position + 1 : position + 2] not in (b"", b"\xda"):
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        if data[position + 1] == 0xE1 and data[position + 4 : position + 10] == b"Exif\0\0":
            return data[position + 4 : position + 2 + length]
        position += 2 + max(length, 2)
    return None


def exif_of_png(file: BinaryIO) -> bytes | None:
    """The EXIF block of a PNG, which may stand behind its pixels. Leaves the file where it was."""
    began, found = file.tell(), None
    file.seek(8)
    while len(header := file.read(_CHUNK.size)) == _CHUNK.size:
        length, name = _CHUNK.unpack(header)
        if name == b"eXIf":
            found = file.read(length)
        if name in (b"eXIf", b"IEND"):
            break
        file.seek(length + 4, 1)
    file.seek(began)
    return found
