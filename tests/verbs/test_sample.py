"""What samples are written to, and what they are not."""

import numpy as np
import pytest
from PIL import Image

from gan_jax.run.drawing import check_memory
from gan_jax.verbs.sample import check_out, write


def shades(labels, channels=1):
    """An image of one grey value for each label: label / 10."""
    return np.stack([np.full((8, 8, channels), label / 10, np.float32) for label in labels])


def test_a_single_image_has_no_frame(tmp_path):
    for channels, mode in ((1, "L"), (3, "RGB"), (4, "RGBA")):
        write({"image": shades([10], channels)}, tmp_path / "one.png")
        with Image.open(tmp_path / "one.png") as one:
            assert (one.size, one.mode) == ((8, 8), mode) and np.all(np.asarray(one) == 255)
    write({"image": np.ones((1, 4, 8, 8, 1), np.float32)}, tmp_path / "voxels.png")
    with Image.open(tmp_path / "voxels.png") as one:
        assert one.size == (128, 64) and len(np.unique(np.asarray(one))) > 1  # from two sides
    write({"image": np.ones((1, 4, 8, 8, 1), np.float32)}, tmp_path / "voxels.html")
    assert "canvas" in (tmp_path / "voxels.html").read_text()


def test_a_grid_shows_class_after_class_and_arrays_keep_their_order(tmp_path):
    labels = np.array([3, 0, 2, 0, 1, 3, 1, 2, 0], np.int32)
    drawn = {"image": shades(labels), "label": labels}
    write(drawn, tmp_path / "grid.png")
    with Image.open(tmp_path / "grid.png") as grid:
        pixels = np.asarray(grid, np.int32)
    tile = 64 + 2
    middles = [pixels[row * tile + 34, column * tile + 34] for row in range(3) for column in range(3)]
    assert middles == sorted(middles) and len(set(middles)) == 4
    write(drawn, tmp_path / "arrays.npz")
    with np.load(tmp_path / "arrays.npz") as arrays:
        np.testing.assert_array_equal(arrays["label"], labels)


def test_a_folder_with_other_files_is_refused(tmp_path):
    folder = tmp_path / "samples"
    write({"image": shades(range(6))}, folder)
    write({"image": shades(range(6))}, folder)  # the same names: all are replaced
    with pytest.raises(FileExistsError, match=r"holds 2 other file\(s\), such as 000004.png, and they would be taken"):
        write({"image": shades(range(4))}, folder)
    assert len(list(folder.iterdir())) == 6
    write({"image": shades(range(7))}, folder)
    (folder / ".hidden").write_text("")
    (folder / "notes.txt").write_text("")
    with pytest.raises(FileExistsError, match=r"1 other file\(s\), such as notes.txt"):
        check_out(folder, (8, 8, 1), 7)


@pytest.mark.parametrize(
    ("out", "shape", "says"),
    [
        ("x.gif", (8, 8, 1), "ends in .png"),
        ("x", (2,), "ends in .png or .npz"),
        ("x", (8, 8, 2), "PNG files hold 1, 3 or 4 channels"),
        ("file", (8, 8, 1), "it is a file; name a folder"),
        ("folder.png", (8, 8, 1), "it is a folder; name a file"),
        ("file/x.png", (8, 8, 1), "file is no folder; name another place"),
        ("file/x", (8, 8, 1), "file is no folder; name another place"),
    ],
)
def test_what_cannot_be_written_is_told_before_anything_is_drawn(tmp_path, out, shape, says):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises((ValueError, OSError), match=says):
        check_out(tmp_path / out, shape, 4)


def test_more_images_than_memory_are_refused():
    check_memory(50_000, (32, 32, 3))
    with pytest.raises(ValueError, match="99,999,999,999 images need about .* GB of memory"):
        check_memory(99_999_999_999, (32, 32, 3))


def test_out_begins_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert check_out("~/x.png", (8, 8, 1), 4) == tmp_path / "x.png"
