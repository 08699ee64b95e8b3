"""Masks of a layer's places as short texts: a bit a place, row after row, in base64."""

from __future__ import annotations

import base64
import binascii

import numpy as np

_LARGEST = 2**20  # characters: a layer of 2,500 x 2,500


def packed(mask: np.ndarray) -> str:
    """bool [h, w] -> text. The last byte is filled up with 0."""
    return base64.b64encode(np.packbits(np.asarray(mask, bool).reshape(-1)).tobytes()).decode()


def unpacked(text: str, shape: tuple[int, int]) -> np.ndarray:
    """text -> bool [h, w]. Raises ValueError where it is of another size."""
    bits = np.frombuffer(checked_mask(text), np.uint8)
    places = shape[0] * shape[1]
    if len(bits) != -(-places // 8):
        raise ValueError(
            f"a mask of {shape[0]} x {shape[1]} places takes {-(-places // 8)} bytes, and this one holds {len(bits)}"
        )
    return np.unpackbits(bits, count=places).reshape(shape).astype(bool)


def checked_mask(text: str) -> bytes:
    """The bytes of a mask. Raises ValueError for what is no base64."""
    if not isinstance(text, str) or len(text) > _LARGEST:
        raise ValueError(f"a mask is a text of at most {_LARGEST:,} characters, in base64")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"a mask is written in base64: {error}") from None
