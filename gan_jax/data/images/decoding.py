"""Encoded images to arrays: one decoder for every source."""

from __future__ import annotations

import io
from typing import BinaryIO

import numpy as np
import simplejpeg
from PIL import Image

from gan_jax.data.files.tree import readable
from gan_jax.data.images.depth import check_high_bytes, grey_to_eight_bits, stored_bits
from gan_jax.data.images.orientation import exif_of_jpeg, exif_of_png, orientation_in, upright

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")  # others of Pillow's start programs, or need the network
MOST_PIXELS = 2**26  # 8,192 x 8,192
CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}

_JPEG = b"\xff\xd8"  # how one begins


class BrokenImage(ValueError):
    """Bytes that are no image, only the beginning of one, or one that cannot be taken for what it says."""


def decode(data: bytes, name: str, remedy: str = "", bits: int | None = None) -> np.ndarray:
    """One image of `FORMATS` as an array, upright by its EXIF orientation; the first frame of several.

    Palettes become RGB (RGBA where they hold transparency), CMYK becomes RGB. 16 bits become 8: of grey, 0 .. 65535 are
    scaled and rounded, of colours the upper byte is taken. Colour profiles are not applied.

    Args:
        data: the file's bytes.
        name: what to call it in an error.
        remedy: what the user can do about an error.
        bits: how many of a 16-bit grey image's bits are used; None: all 16, and what may have fewer is refused.

    Returns:
        uint8 [h, w, c] with c = 1 (grey), 2 (grey and alpha), 3 (RGB) or 4 (RGBA).

    Raises:
        BrokenImage: another format, bytes that cannot be decoded whole, more than `MOST_PIXELS`, or a depth that does
            not fit `bits`.
    """
    try:
        if data.startswith(_JPEG) and (pixels := _decode_jpeg(data)) is not None:
            return upright(pixels, orientation_in(exif_of_jpeg(data)))
        file = io.BytesIO(data)
        with _opened(file) as image:
            mode, stored, orientation = _mode_of(image), stored_bits(image), _orientation_of(image, file)
            is_deep_grey = image.mode.startswith("I")
            if is_deep_grey:
                pixels = grey_to_eight_bits(np.asarray(image), stored, bits)
            else:
                pixels = np.asarray(image if image.mode == mode else image.convert(mode))
            pixels = pixels.reshape(*pixels.shape[:2], -1)  # [h, w, c]
            if stored > 8 and not is_deep_grey:
                check_high_bytes(pixels, bits)
            return upright(pixels, orientation)
    except Exception as error:  # Pillow's decoders raise many kinds on damaged bytes
        raise broken(name, error, remedy) from error


def size_of(file: BinaryIO, name: str, remedy: str = "") -> tuple[int, int, int]:
    """(h, w, c) that `decode` would return, from the header alone. Raises BrokenImage where there is none."""
    try:
        with _opened(file) as image:
            stored_bits(image)
            return *_turned(image, _orientation_of(image, file)), CHANNELS[_mode_of(image)]
    except Exception as error:
        raise broken(name, error, remedy) from error


def broken(name: str, error: Exception, remedy: str = "") -> BrokenImage:
    """The error of an image called `name`, by the reason that another error gives."""
    reason = str(error) or type(error).__name__
    if type(error).__name__ == "UnidentifiedImageError":
        reason = f"not an image of a format that is read ({', '.join(FORMATS)})"
    elif isinstance(error, (Image.DecompressionBombError, Image.DecompressionBombWarning)):
        reason = f"it has more than {MOST_PIXELS:,} pixels, the most that are decoded"
    return BrokenImage(f"cannot decode {readable(name)}: {reason}.{' ' + remedy if remedy else ''}")


def _opened(file: BinaryIO) -> Image.Image:
    image = Image.open(file, formats=FORMATS)
    _check_size(image.height, image.width)
    return image


def _check_size(h: int, w: int) -> None:
    if h * w > MOST_PIXELS:
        raise ValueError(f"it has {h:,} x {w:,} pixels, and {MOST_PIXELS:,} are the most that are decoded")


def _decode_jpeg(data: bytes) -> np.ndarray | None:
    """Pillow's pixels, sooner, and without Python's lock, so that threads do not wait for each other.

    None for other colours than grey and RGB, and for a damaged file: Pillow reads some of those, and tells of the rest.
    """
    try:
        h, w, colors, _ = simplejpeg.decode_jpeg_header(data)
    except ValueError:
        return None
    _check_size(h, w)
    try:
        if colors == "Gray":
            return simplejpeg.decode_jpeg(data, "GRAY")
        return simplejpeg.decode_jpeg(data, "RGB") if colors in ("YCbCr", "RGB") else None
    except ValueError:
        return None


def _mode_of(image: Image.Image) -> str:
    grey = image.mode in ("1", "L", "LA") or image.mode.startswith("I")
    clear = image.has_transparency_data and not image.mode.startswith("I")
    return ("LA" if clear else "L") if grey else ("RGBA" if clear else "RGB")


def _orientation_of(image: Image.Image, file: BinaryIO) -> int:
    """Of an opened image that is not yet loaded. Pillow turns a TIFF itself."""
    if image.format == "PNG":
        return orientation_in(exif_of_png(file))
    return 1 if image.format == "TIFF" else orientation_in(image.info.get("exif"))


def _turned(image: Image.Image, orientation: int) -> tuple[int, int]:
    """(h, w) once upright."""
    h, w = image.height, image.width
    if image.format == "TIFF":  # not all of Pillow's versions turn the size before they load the pixels
        w, h, orientation = image.tag_v2[256], image.tag_v2[257], image.tag_v2.get(274, 1)
    return (w, h) if orientation > 4 else (h, w)
