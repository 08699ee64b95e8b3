"""Encoded images to arrays: one decoder for every source."""

from __future__ import annotations

import io

import numpy as np
import simplejpeg
from PIL import Image

_JPEG = b"\xff\xd8"  # how one begins
CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}


class BrokenImage(ValueError):
    """Bytes that are no image, or only the beginning of one."""


def decode(data: bytes, name: str, remedy: str = "") -> np.ndarray:
    """One PNG, JPEG, WebP, ... as an array; the first frame of several. EXIF orientation is not applied.

    Palettes become RGB (RGBA where they hold transparency), CMYK becomes RGB, 16-bit grey becomes 8-bit grey.

    Args:
        data: the file's bytes.
        name: what to call it in an error.
        remedy: what the user can do about an error.

    Returns:
        uint8 [h, w, c] with c = 1 (grey), 2 (grey and alpha), 3 (RGB) or 4 (RGBA).

    Raises:
        BrokenImage: the bytes cannot be decoded whole.
    """
    if data.startswith(_JPEG) and (pixels := _decode_jpeg(data)) is not None:
        return pixels
    try:
        with Image.open(io.BytesIO(data)) as image:
            mode = _mode_of(image)
            if image.mode.startswith("I"):  # 16 bits: 0..65535, 65535 / 257 = 255
                pixels = np.round(np.clip(np.asarray(image), 0, 65535) / 257).astype(np.uint8)
            else:
                pixels = np.asarray(image if image.mode == mode else image.convert(mode))
    except Exception as error:  # Pillow's decoders raise many kinds on damaged bytes
        raise _broken(name, error, remedy) from error
    return pixels.reshape(*pixels.shape[:2], -1)  # [h, w, c]


def _decode_jpeg(data: bytes) -> np.ndarray | None:
    """Pillow's pixels, sooner, and without Python's lock, so that threads do not wait for each other.

    None for other colours than grey and RGB, and for a damaged file: Pillow reads some of those, and tells of the rest.
    """
    try:
        _, _, colors, _ = simplejpeg.decode_jpeg_header(data)
        if colors == "Gray":
            return simplejpeg.decode_jpeg(data, "GRAY")
        return simplejpeg.decode_jpeg(data, "RGB") if colors in ("YCbCr", "RGB") else None
    except ValueError:
        return None


def size_of(file: str | io.BytesIO, name: str, remedy: str = "") -> tuple[int, int, int]:
    """(h, w, c) that `decode` would return, from the header alone. Raises BrokenImage where there is none."""
    try:
        with Image.open(file) as image:
            return image.height, image.width, CHANNELS[_mode_of(image)]
    except FileNotFoundError:
        raise
    except Exception as error:
        raise _broken(name, error, remedy) from error


def _mode_of(image: Image.Image) -> str:
    grey = image.mode in ("1", "L", "LA") or image.mode.startswith("I")
    clear = image.has_transparency_data and not image.mode.startswith("I")
    return ("LA" if clear else "L") if grey else ("RGBA" if clear else "RGB")


def _broken(name: str, error: Exception, remedy: str) -> BrokenImage:
    reason = "not an image" if type(error).__name__ == "UnidentifiedImageError" else str(error) or type(error).__name__
    return BrokenImage(f"cannot decode {name}: {reason}.{' ' + remedy if remedy else ''}")
