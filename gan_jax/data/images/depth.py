"""Samples of up to 16 bits to 8 bits, by the range that their file declares or that the user names."""

from __future__ import annotations

import numpy as np
from PIL import Image

_DARK = 2**12  # 16-bit values that all lie below this are probably a camera's 12 bits, or fewer
_BITS_PER_SAMPLE = 258  # of TIFF


def check_bits(bits: int | None, who: str) -> None:
    """Raises ValueError unless `bits` is None or from 1 to 16."""
    if bits is not None and (isinstance(bits, bool) or bits not in range(1, 17)):
        raise ValueError(f"{who}: bits, those used of a file of 16 bits a sample, is from 1 to 16, not {bits!r}.")


def stored_bits(image: Image.Image) -> int:
    """Bits of each sample in the file of an opened image that is not yet loaded.

    Raises ValueError for samples that are no unsigned integers of up to 16 bits.
    """
    if image.mode == "F" or image.format == "TIFF" and image.mode == "I":
        raise ValueError("its samples are floats, signed, or of 32 bits: save it with 8 or 16 bits")
    if image.format == "TIFF":
        return max(image.tag_v2.get(_BITS_PER_SAMPLE, (1,)))
    if image.format == "PNG" and (image.mode.startswith("I") or "16" in str(image.tile[0][3])):
        return 16
    return 8


def grey_to_eight_bits(samples: np.ndarray, stored: int, bits: int | None) -> np.ndarray:
    """Integers [h, w] of `stored` bits, of which `bits` are used (None: all) -> uint8 [h, w], rounded.

    Raises ValueError for values beyond `bits`, or, where it is None, 16-bit values that are all below 4096.
    """
    most, used = int(samples.max()), stored if bits is None or stored < 16 else bits
    if bits is None and stored == 16 and 0 < most < _DARK:
        raise ValueError(_ambiguous(most))
    if most >= 2**used:
        raise ValueError(f"it holds the value {most}, and bits={used} says 0 to {2**used - 1}")
    return np.round(samples / ((2**used - 1) / 255)).astype(np.uint8)


def check_high_bytes(pixels: np.ndarray, bits: int | None) -> None:
    """Raises ValueError where the upper bytes of 16-bit colours, all that Pillow reads of them, are not the image.

    pixels: uint8 [h, w, c].
    """
    if bits not in (None, 16):
        raise ValueError(f"of 16-bit colours all 16 bits are read, not {bits}: save it with 8 bits")
    colours = pixels[..., :-1] if pixels.shape[-1] in (2, 4) else pixels
    if bits is None and colours.max() < _DARK // 256:
        most = 256 * int(colours.max()) + 255
        raise ValueError(
            f"it has 16 bits a sample and no value above {most}, so it may be of fewer bits: save it with 8 bits, or set "
            "bits to 16 if it is that dark"
        )


def _ambiguous(most: int) -> str:
    return (
        f"it has 16 bits a sample and no value above {most}, so it may be of fewer bits: set bits to those used (12 for"
        " 0 to 4095), or to 16 if it is that dark"
    )
