"""Files as they come: other formats, depths and orientations, broken ones, and such as would hang a reader."""

import io
import os
import shutil
import socket
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from gan_jax.data import Batches, Preprocessing, open_source
from gan_jax.data.images import decoding
from gan_jax.data.images.decoding import BrokenImage, decode, size_of

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 5, 4), np.uint8)  # [h, w, 4]
DEEP = np.random.default_rng(1).integers(0, 65536, (6, 5)).astype(np.uint16)
DEEP[0, 0] = 65535
TURNED = np.arange(24, dtype=np.uint8).reshape(4, 6) * 10


def encoded(pixels, format, **settings):
    file = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(file, format, **settings)
    return file.getvalue()


def turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def opened(path, **settings):
    return open_source("folder", path=str(path), **settings)


@pytest.mark.parametrize("ending", ["bmp", "GIF", "tif", "tiff", "png", "webp"])
def test_each_format_beside_the_others(tmp_path, ending):
    grey = PIXELS[..., :1].repeat(3, 2) if ending == "GIF" else PIXELS[..., :3]
    lossless = {"lossless": True} if ending == "webp" else {}
    Image.fromarray(PIXELS[..., 0] if ending == "GIF" else grey).save(tmp_path / f"b.{ending}", **lossless)
    Image.fromarray(PIXELS[..., :3]).save(tmp_path / "a.png")
    source = opened(tmp_path)
    assert len(source) == 2 and source.notes == ()
    assert source[1]["image"].shape == source.sizes_of(1)["image"]
    np.testing.assert_array_equal(source[1]["image"], grey[..., : source[1]["image"].shape[2]])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["png", "jpeg", "tiff", "webp"])
def test_images_stand_upright(format, orientation):
    data = encoded(TURNED, format, exif=turned(orientation), **({"lossless": True} if format == "webp" else {}))
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    read = decode(data, "image")
    np.testing.assert_array_equal(read, expected.reshape(*expected.shape[:2], -1))
    assert read.shape[:2] == ((6, 4) if orientation > 4 else (4, 6))
    assert size_of(io.BytesIO(data), "image") == read.shape


def test_an_orientation_behind_the_pixels_of_a_png_and_a_damaged_one():
    data = encoded(TURNED, "png", exif=turned(6))
    begin = data.index(b"eXIf") - 4
    chunk = data[begin : begin + 12 + int.from_bytes(data[begin : begin + 4], "big")]
    end = data.index(b"IEND") - 4
    behind = data[:begin] + data[begin + len(chunk) : end] + chunk + data[end:]
    assert decode(behind, "image").shape == size_of(io.BytesIO(behind), "image") == (6, 4, 1)
    jpeg = encoded(TURNED, "jpeg", exif=b"Exif\0\0no EXIF")
    assert decode(jpeg, "image").shape == size_of(io.BytesIO(jpeg), "image") == (4, 6, 1)


def test_sixteen_bits_are_scaled_and_rounded():
    for format in ("png", "tiff"):
        expected = np.round(DEEP / 257)[..., None]
        np.testing.assert_array_equal(decode(encoded(DEEP, format), "image"), expected)
        np.testing.assert_array_equal(decode(encoded(DEEP, format), "image", bits=16), expected)


def test_twelve_bits_in_sixteen():
    twelve = DEEP >> 4
    for format in ("png", "tiff"):
        with pytest.raises(BrokenImage, match=r"no value above 4095, so it may be of fewer bits: set bits.*12"):
            decode(encoded(twelve, format), "image")
        np.testing.assert_array_equal(
            decode(encoded(twelve, format), "image", bits=12), np.round(twelve / (4095 / 255))[..., None]
        )
        np.testing.assert_array_equal(
            decode(encoded(twelve, format), "image", bits=16), np.round(twelve / 257)[..., None]
        )
        with pytest.raises(BrokenImage, match="holds the value .* and bits=12 says 0 to 4095"):
            decode(encoded(DEEP, format), "image", bits=12)
    assert not decode(encoded(DEEP * 0, "png"), "image").any()  # black is black at any depth


def sixteen_bit_rgb(values):
    """A PNG, by hand: Pillow writes none. values: uint16 [h, w, 3]."""
    import struct
    import zlib

    h, w, _ = values.shape
    chunk = lambda name, data: struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", w, h, 16, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_sixteen_bits_of_colour():
    values = np.random.default_rng(2).integers(0, 65536, (4, 5, 3)).astype(np.uint16)
    np.testing.assert_array_equal(decode(sixteen_bit_rgb(values), "image"), values >> 8)
    dark = sixteen_bit_rgb(values >> 4)
    with pytest.raises(BrokenImage, match="may be of fewer bits"):
        decode(dark, "image")
    np.testing.assert_array_equal(decode(dark, "image", bits=16), values >> 12)
    with pytest.raises(BrokenImage, match="of 16-bit colours all 16 bits are read, not 12"):
        decode(dark, "image", bits=12)


@pytest.mark.parametrize("pixels", [np.ones((4, 5), np.float32), np.ones((4, 5), np.int32)])
def test_depths_that_are_not_read_are_found_before_training(tmp_path, pixels):
    Image.fromarray(pixels).save(tmp_path / "a.tif")
    for read in (lambda source: source[0], lambda source: source.sizes_of(0)):
        with pytest.raises(BrokenImage, match="floats, signed, or of 32 bits"):
            read(opened(tmp_path))


def test_bits_reach_the_decoder_and_are_checked(tmp_path):
    Image.fromarray(DEEP >> 4).save(tmp_path / "a.png")
    assert opened(tmp_path, bits=12)[0]["image"].max() > 200
    assert repr(opened(tmp_path, bits=12)).endswith("skip_broken=False, bits=12)")
    assert repr(opened(tmp_path)).endswith("skip_broken=False)")
    for bits in (0, 17, True, 1.5):
        with pytest.raises(ValueError, match="bits.*from 1 to 16"):
            opened(tmp_path, bits=bits)


@pytest.mark.parametrize(
    "data",
    [
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\nshowpage\n",
        encoded(PIXELS[..., :3], "ppm"),
        encoded(PIXELS[..., :3], "ico"),
    ],
)
def test_only_listed_formats_are_opened(data, monkeypatch):
    monkeypatch.setattr("subprocess.check_call", pytest.fail)  # Ghostscript's
    for read in (decode, lambda data, name: size_of(io.BytesIO(data), name)):
        with pytest.raises(BrokenImage, match=r"not an image of a format that is read \(PNG, JPEG"):
            read(data, "a.png")


@pytest.mark.parametrize("format", ["png", "jpeg", "gif", "bmp"])
def test_too_many_pixels_are_refused_before_they_are_decoded(format, monkeypatch):
    monkeypatch.setattr(decoding, "MOST_PIXELS", 20)
    data = encoded(np.zeros((4, 6), np.uint8), format)
    for read in (decode, lambda data, name: size_of(io.BytesIO(data), name)):
        with pytest.raises(BrokenImage, match="it has 4 x 6 pixels, and 20 are the most"):
            read(data, "image")


def test_a_small_file_of_a_huge_image(tmp_path):
    for name, size in (("a.png", (12_000, 12_000)), ("b.png", (9_000, 8_000))):
        Image.new("1", size).save(tmp_path / name)
    began = time.process_time()
    for index in range(2):
        for read in (lambda source, i: source[i], lambda source, i: source.sizes_of(i)):
            with pytest.raises(BrokenImage, match="pixels, .*most that are decoded"):
                read(opened(tmp_path), index)
    assert time.process_time() - began < 2


@pytest.fixture
def awkward():
    """A folder whose path is short enough for a socket: one image, and names behind which there is none."""
    folder = Path(tempfile.mkdtemp())
    Image.fromarray(PIXELS[..., :3]).save(folder / "good.png")
    (folder / "dangling.png").symlink_to(folder / "gone")
    (folder / "circle.png").symlink_to("circle.png")
    (folder / "through.png").symlink_to(folder / "good.png" / "x")
    os.mkfifo(folder / "fifo.png")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "socket.png"))
        yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(sys.platform == "win32", reason="has no FIFOs")
def test_names_without_a_file_are_told_and_skipped(awkward):
    (awkward / "device.png").symlink_to("/dev/zero")
    source = opened(awkward)
    reasons = {"circle": "link", "dangling": "links to nothing", "device": "no regular", "fifo": "no regular"}
    for index, (name, reason) in enumerate(reasons.items()):
        for read in (lambda i: source[i], source.sizes_of):
            with pytest.raises(BrokenImage, match=f"{name}.png: .*{reason}.*skip_broken"):
                read(index)
    kept = opened(awkward, skip_broken=True)
    assert len(kept) == 1 and set(kept.skipped) == {f"{name}.png" for name in (*reasons, "socket", "through")}
    assert "left out 6 images that do not decode: cannot decode" in kept.notes[0]


def test_skip_broken_leaves_out_what_is_too_large(tmp_path, monkeypatch):
    Image.fromarray(PIXELS[..., 0]).save(tmp_path / "small.jpg")
    Image.fromarray(np.zeros((50, 50, 3), np.uint8)).save(tmp_path / "large.jpg")
    monkeypatch.setattr(decoding, "MOST_PIXELS", 2000)
    source = opened(tmp_path, skip_broken=True)
    assert source.skipped == ("large.jpg",) and "50 x 50 pixels" in source.notes[0]
    Batches.constant(source, Preprocessing((4, 4, 1)), 2).at(0)


def test_a_class_of_which_nothing_decodes(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        Image.fromarray(PIXELS[..., :3]).save(tmp_path / name / "1.png")
    (tmp_path / "cat" / "1.png").write_bytes(b"")
    with pytest.raises(BrokenImage, match="no image of the classes cat .*can be decoded"):
        opened(tmp_path, skip_broken=True)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path):
    Image.fromarray(PIXELS[..., :3]).save(tmp_path / "a.png")
    (tmp_path / "a.png").chmod(0)
    with pytest.raises(BrokenImage, match="permission denied"):
        opened(tmp_path)[0]
