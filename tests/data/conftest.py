"""Writes TFRECORD files, from the definition of the format."""

import struct

import pytest


def _crc32c(data):
    """Bit by bit, from the definition: polynomial 0x1EDC6F41, reflected."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def _masked(data):
    crc = _crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _framed(records):
    """The bytes of a TFRECORD file."""
    parts = []
    for record in records:
        length = struct.pack("<Q", len(record))
        parts += [length, struct.pack("<I", _masked(length)), record, struct.pack("<I", _masked(record))]
    return b"".join(parts)


@pytest.fixture
def framed():
    """A function: records -> the bytes of a TFRECORD file."""
    return _framed
