import io

import numpy as np
import pytest
from PIL import Image

from gan_jax.data import Batches, Preprocessing, inspect_source, open_source
from gan_jax.data.images.decoding import BrokenImage

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 5, 4), np.uint8)  # [h, w, 4]


def write(path, pixels=PIXELS[..., :3], **settings):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **settings)


@pytest.fixture
def flat(tmp_path):
    for name in ("b.png", "a.PNG", "c.png"):
        write(tmp_path / name)
    return tmp_path


@pytest.fixture
def classed(tmp_path):
    for name in ("dog/1.png", "cat/2.png", "cat/1.png", "cat/more/3.png", ".hidden/1.png"):
        write(tmp_path / name)
    return tmp_path


def test_a_flat_folder_has_no_labels_and_is_sorted(flat):
    write(flat / "d.png", 255 - PIXELS[..., :3])
    (flat / "notes.txt").write_text("not an image")
    (flat / "._a.png").write_bytes(b"left by another system")
    source = open_source("folder", path=str(flat))
    assert len(source) == 4 and source.classes == () and source.labels() is None
    np.testing.assert_array_equal(source[0]["image"], PIXELS[..., :3])
    np.testing.assert_array_equal(source[3]["image"], 255 - PIXELS[..., :3])
    assert "label" not in source[0]


def test_one_folder_for_each_class(classed):
    source = open_source("folder", path=str(classed))
    assert source.classes == ("cat", "dog")
    np.testing.assert_array_equal(source.labels(), [0, 0, 0, 1])
    assert [source[index]["label"] for index in range(4)] == [0, 0, 0, 1]


def test_splits(tmp_path):
    for name in ("train/cat/1.png", "train/dog/1.png", "test/cat/1.png", "val/1.png"):
        write(tmp_path / name)
    path = str(tmp_path)
    assert len(open_source("folder", path=path)) == len(open_source("folder", path=path, split="train")) == 2
    assert open_source("folder", path=path, split="test").classes == ("cat",)
    assert open_source("folder", path=path, split="val").classes == ()
    with pytest.raises(FileNotFoundError, match="no split 'dev'. Folders there: test, train, val"):
        open_source("folder", path=path, split="dev")


@pytest.mark.parametrize(
    "name, image, expected",
    [
        ("grey.png", Image.fromarray(PIXELS[..., 0]), PIXELS[..., :1]),
        ("alpha.png", Image.fromarray(PIXELS), PIXELS),
        ("grey_alpha.png", Image.fromarray(PIXELS[..., :2]), PIXELS[..., :2]),
        ("one_bit.png", Image.fromarray(PIXELS[..., 0] > 127), 255 * (PIXELS[..., :1] > 127)),
        ("deep.png", Image.fromarray(PIXELS[..., 0].astype(np.uint16) * 257), PIXELS[..., :1]),
        ("palette.png", Image.fromarray(PIXELS[..., 0] % 16 * 16).convert("P"), None),
        ("photo.JPG", Image.fromarray(PIXELS[..., :3]), None),
        ("grey.jpeg", Image.fromarray(PIXELS[..., 0]), None),
        ("cmyk.jpg", Image.fromarray(PIXELS[..., :3]).convert("CMYK"), None),
        ("web.WebP", Image.fromarray(PIXELS[..., :3]), None),
    ],
)
def test_formats_and_modes(tmp_path, name, image, expected):
    image.save(tmp_path / name)
    source = open_source("folder", path=str(tmp_path))
    read = source[0]["image"]
    assert read.dtype == np.uint8 and read.shape == source.sizes_of(0)["image"] and read.shape[:2] == (6, 5)
    if expected is not None:
        np.testing.assert_array_equal(read, expected)


def test_a_palette_with_transparency(tmp_path):
    image = Image.fromarray(np.arange(30, dtype=np.uint8).reshape(6, 5)).convert("P")
    image.save(tmp_path / "p.png", transparency=7)
    source = open_source("folder", path=str(tmp_path))
    read = source[0]["image"]
    assert source.sizes_of(0)["image"] == read.shape == (6, 5, 4) and (read[..., 3] == 0).sum() == 1


def test_mixed_sizes_train_by_default_and_are_listed(flat):
    write(flat / "d.png", PIXELS[:3, :, 0])
    source = open_source("folder", path=str(flat))
    assert inspect_source(source).sizes == {(6, 5, 3): 3, (3, 5, 1): 1}
    batch = Batches.constant(source, Preprocessing((4, 4, 3)), batch_size=4).at(0)
    assert batch["image"].shape == (1, 4, 4, 4, 3)
    with pytest.raises(ValueError, match=r"Sizes found: 6 x 5 x 3 \(3\), 3 x 5 x 1 \(1\)"):
        Batches.constant(source, Preprocessing((4, 4, 3), resize="none"), batch_size=4)


def truncated():
    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(file, "jpeg")
    return file.getvalue()[:1000]


@pytest.mark.parametrize("broken", [b"no image at all", b"", truncated()])
def test_broken_files_are_named_or_skipped(flat, broken, capsys):
    (flat / "b.jpg").write_bytes(broken)
    source = open_source("folder", path=str(flat))
    assert len(source) == 4
    with pytest.raises(BrokenImage, match=r"b\.jpg.*skip_broken"):
        source[1]
    source = open_source("folder", path=str(flat), skip_broken=True)
    assert len(source) == 3 and source.skipped == ("b.jpg",)
    assert all(source[index]["image"].shape == (6, 5, 3) for index in range(3))


def test_labels_stay_with_their_images_when_some_are_skipped(classed):
    (classed / "cat" / "0.png").write_bytes(b"")
    source = open_source("folder", path=str(classed), skip_broken=True)
    assert source.skipped == ("cat/0.png",)
    np.testing.assert_array_equal(source.labels(), [0, 0, 0, 1])


def test_a_broken_header_is_found_before_training(flat):
    (flat / "b.jpg").write_bytes(b"no image")
    with pytest.raises(BrokenImage, match=r"b\.jpg.*skip_broken"):
        Batches.constant(open_source("folder", path=str(flat)), Preprocessing((4, 4, 3)), batch_size=2)


def test_nothing_but_broken_files(tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(BrokenImage, match="none of the 1 images"):
        open_source("folder", path=str(tmp_path), skip_broken=True)


def test_folders_that_do_not_do(tmp_path, classed):
    with pytest.raises(FileNotFoundError, match="there is no folder .*nowhere"):
        open_source("folder", path=str(tmp_path / "nowhere"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=r"no images in .*empty.*\.png \.jpg \.jpeg \.webp"):
        open_source("folder", path=str(tmp_path / "empty"))
    with pytest.raises(ValueError, match="no images in the class folders empty"):
        open_source("folder", path=str(classed))
    write(tmp_path / "stray.png")
    with pytest.raises(ValueError, match="stray.png.* beside folders"):
        open_source("folder", path=str(classed))
