"""Pairs: two folders matched by name, one folder of images side by side, and the embedded map tiles."""

import numpy as np
import pytest
from PIL import Image

from gan_jax.data import Batches, Preprocessing, holding, leaves_of, open_source
from gan_jax.data.fingerprints import changes, fingerprint
from gan_jax.data.images.decoding import BrokenImage
from gan_jax.data.matching import matched


def write(path, value, size=(4, 6)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((*size, 3), value, np.uint8)).save(
        path, **({"quality": 100} if path.suffix == ".jpg" else {})
    )


def blocks(folder):
    return {"a": {"path": str(folder / "photos")}, "b": {"path": str(folder / "labels")}}


def test_two_folders_are_matched_by_name_whatever_the_endings(tmp_path):
    for i, name in enumerate(("ten", "two", "one")):
        write(tmp_path / "photos" / f"{name}.png", i)
        write(tmp_path / "labels" / f"{name}.bmp", 100 + i, (2, 3))
    source = open_source("pairs", **blocks(tmp_path), path=None)
    assert leaves_of(source) == ("a", "b") and len(source) == 3 and holding(source, "b") is source
    found = [(int(pair["a"][0, 0, 0]), int(pair["b"][0, 0, 0])) for pair in map(source.__getitem__, range(3))]
    assert found == [(2, 102), (0, 100), (1, 101)]  # one, ten, two
    assert source.sizes_of(0) == {"a": (4, 6, 3), "b": (2, 3, 3)} and source.labels() is None
    assert repr(source) == repr(open_source("pairs", **blocks(tmp_path)))
    before = fingerprint(source)
    assert before.keys() == {"a", "b"} and not changes(before, fingerprint(open_source("pairs", **blocks(tmp_path))))
    write(tmp_path / "labels" / "two.bmp", 7, (2, 3))
    assert changes(before, fingerprint(open_source("pairs", **blocks(tmp_path)))) == ["b: the content"]


def test_splits_and_folders_below_are_part_of_the_layout(tmp_path):
    for split in ("train", "test"):
        for i, name in enumerate(("cat/1", "dog/1")):
            write(tmp_path / "photos" / split / f"{name}.png", i)
            write(tmp_path / f"labels_{split}" / f"{name}.png", 10 + i)
    sides = {"a": {"path": str(tmp_path / "photos"), "split": "test"}, "b": {"path": str(tmp_path / "labels_test")}}
    source = open_source("pairs", **sides)
    assert len(source) == 2 and int(source[1]["a"][0, 0, 0]) == 1 and int(source[1]["b"][0, 0, 0]) == 11


def test_images_side_by_side(tmp_path):
    for i in range(2):
        both = np.concatenate([np.full((4, 5, 3), i, np.uint8), np.full((4, 5, 3), 50 + i, np.uint8)], 1)
        (tmp_path / "train").mkdir(exist_ok=True)
        Image.fromarray(both).save(tmp_path / "train" / f"{i}.png")
    source = open_source("pairs", path=str(tmp_path), split="train")
    assert len(source) == 2 and source.sizes_of(1) == {"a": (4, 5, 3), "b": (4, 5, 3)}
    assert int(source[1]["a"].max()) == 1 and int(source[1]["b"].min()) == 51
    assert source[1]["a"].shape == source[1]["b"].shape == (4, 5, 3)
    assert fingerprint(source)["names"]
    write(tmp_path / "train" / "2.png", 3, (4, 7))
    with pytest.raises(BrokenImage, match="2.png is 7 pixels wide, an odd number"):
        open_source("pairs", path=str(tmp_path), split="train")[2]


def test_one_draw_crops_and_flips_both(tmp_path):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (9, 9, 3), np.uint8)
    for side in ("photos", "labels"):
        (tmp_path / side).mkdir()
        Image.fromarray(image).save(tmp_path / side / "x.png")
    preprocessing = Preprocessing((8, 8, 3), oversize=1.5, crop="random", flip=True)
    batch = Batches.constant(open_source("pairs", **blocks(tmp_path)), preprocessing, 8).at(0)
    np.testing.assert_array_equal(batch["a"], batch["b"])
    assert len({leaf.tobytes() for leaf in batch["a"][0]}) > 1


def test_names_without_a_partner_are_listed(tmp_path):
    for i in range(3):
        write(tmp_path / "photos" / f"{i}.png", i)
        write(tmp_path / "labels" / f"{i + 1}.png", i)
    with pytest.raises(
        ValueError, match=r"1 of a \(.*photos\) have no partner in b \(.*labels\): 0; 1 of b .*: 3\. The two"
    ):
        open_source("pairs", **blocks(tmp_path))


def test_matching():
    places = ("a", "b")
    assert matched(["x/2.png", "x/1.png"], ["1.jpg", "2.jpg"], places) == [(1, 0), (0, 1)]
    with pytest.raises(ValueError, match=r"12 of a have no partner in b: 00, 01, .*09, \.\.\.\. The two"):
        matched([f"{i:02d}.png" for i in range(13)], ["12.png"], places)
    with pytest.raises(ValueError, match=r"b has two images of the name 1 \(1.png and 1.jpg\)"):
        matched(["1.png"], ["1.png", "1.jpg"], places)


@pytest.mark.parametrize(
    "settings, message",
    [
        ({}, "either path, a folder of images side by side, or two folders"),
        ({"path": "x", "a": {"path": "y"}, "b": {"path": "y"}}, "either path"),
        ({"a": {"path": "x"}}, "either path"),
        ({"a": {"path": "x"}, "c": {"path": "y"}}, "no setting 'c'"),
        ({"a": "x", "b": "y"}, "a must be settings such as .*got 'x'"),
    ],
)
def test_settings_that_do_not_do(settings, message):
    with pytest.raises(ValueError, match=message):
        open_source("pairs", **settings)


def test_a_setting_that_folders_do_not_take(tmp_path):
    write(tmp_path / "photos" / "x.png", 0)
    sides = blocks(tmp_path)
    with pytest.raises(ValueError, match="pairs: a: source folder takes no such setting"):
        open_source("pairs", a={**sides["a"], "splitt": "train"}, b=sides["b"])


def test_maps():
    train, test = open_source("maps"), open_source("maps", split="test")
    assert (len(train), len(test)) == (1403, 240) and leaves_of(train) == ("a", "b")
    assert not {*train.blocks} & {*test.blocks} and len({*test.blocks}) == 12
    element = test[0]
    assert element["a"].shape == element["b"].shape == test.sizes_of(0)["b"] == (64, 64, 3)
    assert element["a"].dtype == np.uint8 and repr(train) == "Maps(split='train')"
    # A pair shows one place: where the satellite picture has an edge, the relief has one.
    edges = lambda image: np.abs(np.diff(image.mean(-1), axis=-1)).ravel()
    a, b = (np.stack([edges(test[i][key]) for i in range(len(test))]) for key in "ab")
    correlation = lambda x, y: np.mean([np.corrcoef(one, other)[0, 1] for one, other in zip(x, y, strict=True)])
    assert correlation(a, b) > 0.15 and abs(correlation(a, np.roll(b, 20, 0))) < 0.05


def test_maps_of_one_side():
    pairs, relief = open_source("maps", split="test"), open_source("maps", split="test", domain="b")
    assert leaves_of(relief) == ("image",) and "domain='b'" in repr(relief)
    np.testing.assert_array_equal(relief[17]["image"], pairs[17]["b"])
    blocks = {key: {"source": "maps", "domain": key} for key in ("a", "b")}
    assert {key: len(each) for key, each in open_source("domains", **blocks).items()} == {"a": 1403, "b": 1403}
    with pytest.raises(ValueError, match="maps: domain 'c'"):
        open_source("maps", domain="c")
    with pytest.raises(ValueError, match="maps: split 'tset' .*did you mean 'test'"):
        open_source("maps", split="tset")
