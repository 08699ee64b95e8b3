"""Which images `translate` reads, and how they become what a network takes."""

import numpy as np
import pytest
from PIL import Image

from gan_jax.data import Preprocessing, open_source
from gan_jax.run.translating import Fitting, items_of, items_of_data


def save(path, value, size=(8, 8)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((*size, 3), value, np.uint8)).save(path)


def test_names_are_kept_below_the_folder_that_holds_all(tmp_path):
    for i, name in enumerate(("x/cat/1.png", "x/dog/1.jpg", "x/dog/2.bmp")):
        save(tmp_path / name, i)
    items = items_of(str(tmp_path))
    assert [item.name for item in items] == ["cat/1", "dog/1", "dog/2"] and int(items[2].read().max()) == 2
    (one,) = items_of(str(tmp_path / "x" / "dog" / "2.bmp"))
    assert one.name == "2" and one.read_target is None and int(one.read().max()) == 2
    with pytest.raises(FileNotFoundError, match="there is no file"):
        items_of(str(tmp_path / "no.png"))


def test_targets_are_matched_by_name(tmp_path):
    for i in range(3):
        save(tmp_path / "photos" / f"{i}.png", i)
        save(tmp_path / "labels" / f"{2 - i}.bmp", 100 + i)
    items = items_of(str(tmp_path / "photos"), str(tmp_path / "labels"))
    assert [(int(item.read().max()), int(item.read_target().max())) for item in items] == [(0, 102), (1, 101), (2, 100)]
    (tmp_path / "labels" / "1.bmp").unlink()
    with pytest.raises(ValueError, match=r"1 of .*photos have no partner in .*labels: 1\."):
        items_of(str(tmp_path / "photos"), str(tmp_path / "labels"))


def test_a_runs_own_elements_have_numbers():
    source = open_source("fake", length=3, size=(4, 4, 1), leaves=("a", "b"))
    items = items_of_data(source, "b", "a", paired=True)
    assert items[2].name == "000002"
    np.testing.assert_array_equal(items[2].read(), source[2]["b"])
    np.testing.assert_array_equal(items[2].read_target(), source[2]["a"])
    assert items_of_data(source, "a", "b", paired=False)[0].read_target is None


def test_sizes():
    fit = lambda size: Fitting(size, 8, Preprocessing((16, 16, 1)), "a", 1)
    image = np.full((30, 21, 3), 7, np.uint8)
    assert fit("nearest")(image, "x").shape == (32, 24, 1)
    assert fit("nearest")(image[:2], "x").shape == (8, 24, 1)  # a side has 8 at least
    assert fit("run")(image, "x").shape == (16, 16, 1)
    assert fit("own")(image[:24, :16], "x").shape == (24, 16, 1)
    with pytest.raises(
        ValueError, match="x has 30 x 21 pixels, .* multiples of 8; the nearest is 32 x 24: --size=nearest"
    ):
        fit("own")(image, "x")
