import io

import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageOps

from gan_jax.data.images import decoding
from gan_jax.data.images.decoding import BrokenImage, decode

NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (37, 51, 3), np.uint8))
PHOTO = NOISE.filter(ImageFilter.GaussianBlur(2))


def jpeg(image, **settings):
    file = io.BytesIO()
    image.save(file, "jpeg", **settings)
    return file.getvalue()


def turned():
    exif = Image.Exif()
    exif[0x0112] = 6  # the orientation
    return exif


def with_pillow(data):
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    pixels = np.asarray(image.convert("RGB") if image.mode == "CMYK" else image)
    return pixels.reshape(*pixels.shape[:2], -1)


JPEGS = {
    "a quarter of the colours": jpeg(PHOTO, quality=75),
    "all colours": jpeg(PHOTO, quality=95, subsampling=0),
    "half of the colours": jpeg(PHOTO, subsampling=1),
    "progressive": jpeg(PHOTO, progressive=True),
    "not converted": jpeg(PHOTO, keep_rgb=True),
    "with bytes behind it": jpeg(PHOTO) + b"and more",
    "grey": jpeg(PHOTO.convert("L")),
    "turned by its EXIF": jpeg(PHOTO, exif=turned()),
}


@pytest.mark.parametrize("name", JPEGS)
def test_jpegs_have_pillows_pixels_without_it(monkeypatch, name):
    expected = with_pillow(JPEGS[name])
    monkeypatch.setattr(decoding.Image, "open", None)
    np.testing.assert_array_equal(decode(JPEGS[name], name), expected)


@pytest.mark.parametrize("data", [jpeg(PHOTO.convert("CMYK")), jpeg(NOISE)[:700] + b"\xff\xd3" + jpeg(NOISE)[702:]])
def test_what_only_pillow_reads_is_left_to_it(data):
    np.testing.assert_array_equal(decode(data, "odd.jpg"), with_pillow(data))


@pytest.mark.parametrize("data", [jpeg(NOISE)[:-500], jpeg(NOISE)[:20], b"\xff\xd8 is how a JPEG begins", b""])
def test_damaged_files_are_named(data):
    with pytest.raises(BrokenImage, match="cannot decode odd.jpg: .* Delete it"):
        decode(data, "odd.jpg", "Delete it.")
