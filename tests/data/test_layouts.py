"""What the names in a folder or a zip archive mean: splits, classes, the labels of a dataset.json."""

import io
import json
import os
import sys
import warnings
import zipfile

import numpy as np
import pytest
from PIL import Image

from gan_jax.data import Batches, Preprocessing, describe, inspect_source, open_source
from gan_jax.data.images.decoding import BrokenImage

NAMES = ("b/1.png", "a/2.png", "a/1.png", "a/deep/0.png")


def png(level=0):
    file = io.BytesIO()
    Image.fromarray(np.full((4, 3, 3), level, np.uint8)).save(file, "png")
    return file.getvalue()


def on_disk(root, files):
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return str(root)


def zipped(path, files, **settings):
    with zipfile.ZipFile(path, "w", **settings) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return str(path)


def images(*names):
    return {name: png(level) for level, name in enumerate(names)}


def opened(path, **settings):
    return open_source("folder", path=str(path), **settings)


def levels(source):
    return [int(source[index]["image"][0, 0, 0]) for index in range(len(source))]


@pytest.fixture(params=["folder", "zip", "packed zip", "zip around a folder"])
def place(request, tmp_path):
    """A function: files -> the path of a folder, or of a zip archive, that holds them."""
    if request.param == "folder":
        return lambda files: on_disk(tmp_path / "data", files)
    packed = {"compression": zipfile.ZIP_DEFLATED} if request.param == "packed zip" else {}
    around = "data/" if "around" in request.param else ""
    return lambda files: zipped(tmp_path / "data.zip", {around + name: data for name, data in files.items()}, **packed)


def test_classes_from_a_folder_and_from_archives(place):
    source = opened(place(images(*NAMES)))
    assert source.classes == ("a", "b") and levels(source) == [2, 1, 3, 0]
    assert source.labels().tolist() == [0, 0, 0, 1] and source.sizes_of(0) == {"image": (4, 3, 3)}
    batch = Batches.constant(source, Preprocessing((4, 3, 3)), 8, threads=3).at(0)
    assert batch["image"].shape == (1, 8, 4, 3, 3)


def test_splits_of_a_folder_and_of_archives(place):
    path = place(images("train/a/1.png", "train/b/1.png", "test/a/1.png"))
    assert levels(opened(path)) == levels(opened(path, split="train")) == levels(opened(path, splits=True)) == [0, 1]
    assert levels(opened(path, split="test")) == [2]
    assert opened(path, splits=False).classes == ("test", "train")
    with pytest.raises(FileNotFoundError, match="no split 'val'. Folders there: test, train"):
        opened(path, split="val")
    with pytest.raises(ValueError, match="split is 'test', and splits=False"):
        opened(path, split="test", splits=False)


def test_a_class_that_is_called_as_a_split(place):
    path = place(images("car/1.png", "plane/1.png", "train/1.png", "train/2.png"))
    with pytest.raises(ValueError, match=r"names of splits \(train\) beside others \(car, plane\). Set splits=False"):
        opened(path)
    vehicles = opened(path, splits=False)
    assert vehicles.classes == ("car", "plane", "train") and vehicles.labels().tolist() == [0, 1, 2, 2]
    assert levels(opened(path, splits=True)) == levels(opened(path, split="train")) == [2, 3]


def test_capitals_and_folders_without_images_beside_splits(tmp_path):
    path = on_disk(tmp_path, images("Train/a.png", "Val/a.png") | {"annotations/a.xml": b"<a/>", "README.md": b"#"})
    assert levels(opened(path)) == [0] and opened(path).classes == ()


def test_splits_without_one_to_train_on_and_images_beside_splits(tmp_path):
    path = on_disk(tmp_path, images("test/a.png", "val/a.png"))
    with pytest.raises(FileNotFoundError, match=r"no folder train among its splits \(test, val\). Set split"):
        opened(path)
    assert opened(path, splits=False).classes == ("test", "val")
    on_disk(tmp_path, images("train/a.png", "stray.png"))
    assert levels(opened(path)) == levels(opened(path, splits=True)) == [0]
    assert opened(path).notes == ("left out 1 images beside the splits, stray.png",)
    assert opened(path, split="train").notes == ()


STYLEGAN = images("00000/img00000000.png", "00000/img00000001.png", "00001/img00001000.png", "top.png")


def test_the_labels_of_a_dataset_json(place):
    labels = [["00000/img00000001.png", 7], ["00000/img00000000.png", 2], ["top.png", 2], ["00001/img00001000.png", 10]]
    source = opened(place({**STYLEGAN, "dataset.json": json.dumps({"labels": labels}).encode()}))
    assert levels(source) == [3, 0, 1, 2]
    assert source.classes == ("2", "7", "10") and source.labels().tolist() == [0, 0, 1, 2]
    assert source[2]["label"] == 1 and source.notes == ()


def test_a_dataset_json_without_labels(place):
    source = opened(place({**STYLEGAN, "dataset.json": b'{"labels": null}'}))
    assert len(source) == 4 and source.classes == () and source.labels() is None and source.keys == ("image",)


def test_a_dataset_json_that_misses_some(tmp_path):
    labels = [["00000/img00000001.png", 1], ["top.png", 0], ["gone.png", 0], ["00000/img00000000.png", None]]
    source = opened(on_disk(tmp_path, {**STYLEGAN, "dataset.json": json.dumps({"labels": labels}).encode()}))
    assert source.labels().tolist() == [0, -1, 1, -1]
    told = describe(source)
    assert "2 images have no label in dataset.json" in told and "1 images that are not there, such as gone.png" in told
    split = opened(
        on_disk(
            tmp_path / "more",
            {f"train/{k}": v for k, v in STYLEGAN.items()}
            | {"train/dataset.json": json.dumps({"labels": labels}).encode()},
        )
    )
    assert split.labels().tolist() == [0, -1, 1, -1]


@pytest.mark.parametrize(
    "text, message",
    [
        (b"{", "dataset.json in .* is no JSON"),
        (b"\xff\xfe", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b'{"title": "cats"}', "no key 'labels'.*rename it"),
        (b'{"labels": {"top.png": 1}}', "where .path, label. is meant"),
        (b'{"labels": [["top.png", [0.0, 1.0]]]}', r"label \[0.0, 1.0\] for top.png. Labels are whole numbers"),
        (b'{"labels": [["top.png", 0.5]]}', "whole numbers"),
        (b'{"labels": [["top.png", true]]}', "whole numbers"),
        (b'{"labels": [["top.png", -2]]}', "from 0"),
        (b'{"labels": [["top.png", 9223372036854775808]]}', "from 0"),
        (b'{"labels": [["elsewhere/top.png", 1]]}', "labels none of the 4 images"),
        (b'{"labels": [["top.png", 1], ["top.png", 2]]}', "names top.png twice, with the labels 1 and 2. Leave one"),
        (b'{"labels": [["a/b.png", 1], ["a\\\\b.png", null]]}', "names a/b.png twice, with the labels 1 and none"),
        (b'{"labels": [["top.png", 1]], "labels": [["top.png", 2]]}', "has the key 'labels' twice in one object"),
    ],
)
def test_a_dataset_json_of_another_kind(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        opened(on_disk(tmp_path, {**STYLEGAN, "dataset.json": text}))


def test_files_of_other_kinds_are_counted_and_named(place):
    source = opened(
        place(images("a.png") | {"clip.mp4": b"", "raw.NEF": b"", "b.nef": b"", "c.nef": b"", "LICENSE": b""})
    )
    note = "left out 5 files of other kinds (.nef: 3, no ending: 1, .mp4: 1), LICENSE, b.nef, c.nef, ..."
    assert source.notes == (note,) and note in str(inspect_source(source))


def test_nothing_but_files_of_other_kinds(place):
    with pytest.raises(
        FileNotFoundError, match=r"no images in .*There are 1 files of other kinds \(.heic: 1\), b.heic"
    ):
        opened(place({"b.heic": b""}))


@pytest.mark.skipif(sys.platform != "linux", reason="names of other bytes than UTF-8 are Linux's")
def test_names_whose_bytes_are_no_utf8(tmp_path):
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(folder)
    with open(folder + b"/\xff.png", "wb") as file:
        file.write(b"broken")
    (tmp_path / "tea\n").mkdir()
    (tmp_path / "tea\n" / "1.png").write_bytes(png())
    source = opened(tmp_path)
    assert source.classes == (r"caf\udce9", r"tea\n")
    "".join(source.classes).encode("ascii")
    with pytest.raises(BrokenImage) as caught:
        source[0]
    assert r"\udcff.png" in str(caught.value) and str(caught.value).encode()


def test_links_in_circles(tmp_path):
    on_disk(tmp_path, images("a/1.png", "b/1.png"))
    (tmp_path / "itself").symlink_to("itself")
    assert "1 files of other kinds" in opened(tmp_path).notes[0]
    (tmp_path / "a" / "to_b").symlink_to(tmp_path / "b")
    assert opened(tmp_path).labels().tolist() == [0, 0, 1]  # a link to elsewhere is followed
    (tmp_path / "b" / "to_a").symlink_to(tmp_path / "a")
    with pytest.raises(ValueError, match="links to a folder that it lies in itself"):
        opened(tmp_path)


def test_archives_that_do_not_do(tmp_path):
    (tmp_path / "no.zip").write_bytes(b"no archive")
    with pytest.raises(ValueError, match="no.zip is no zip archive"):
        opened(tmp_path / "no.zip")
    with pytest.raises(FileNotFoundError, match="there is no folder .*gone.zip"):
        opened(tmp_path / "gone.zip")
    with pytest.raises(FileNotFoundError, match="no images"):
        opened(zipped(tmp_path / "empty.zip", {}))
    whole = zipped(tmp_path / "data.zip", images("a.png", "b.png"))
    data = bytearray((tmp_path / "data.zip").read_bytes())
    data[data.index(b"IDAT") + 5] ^= 255
    (tmp_path / "data.zip").write_bytes(bytes(data))
    with pytest.raises(BrokenImage, match="a.png: it is damaged in the archive .*skip_broken"):
        opened(whole)[0]
    left = opened(whole, skip_broken=True)
    assert left.skipped == ("a.png",) and levels(left) == [1]


def archive_of(path, *members):
    """As `zipped`, of members whose names may be the same."""
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings(action="ignore"):
        for name, data in members:
            archive.writestr(name, data)
    return str(path)


@pytest.mark.parametrize("names", [("a.png", "a.png"), ("b/a.png", "b//./a.png"), ("dataset.json", "dataset.json")])
def test_two_members_of_one_name_are_refused(tmp_path, names):
    path = archive_of(tmp_path / "data.zip", ("c.png", png()), *((name, png(3)) for name in names))
    with pytest.raises(ValueError, match=f"data.zip holds two files of the name {names[0]}.*pack it again"):
        opened(path)


@pytest.mark.parametrize("name", ["../a.png", "b/../../a.png", "/a.png", "C:/a.png", "../notes.txt"])
def test_names_that_lead_out_of_the_archive_are_refused(tmp_path, name):
    path = archive_of(tmp_path / "data.zip", ("c.png", png()), (name, png(3)))
    with pytest.raises(ValueError, match=f"a file of the name {name}, which leads out of the archive"):
        opened(path)


def test_two_hidden_members_of_one_name_change_nothing(tmp_path):
    path = archive_of(tmp_path / "data.zip", ("c.png", png(2)), (".DS_Store", b""), (".DS_Store", b""))
    assert levels(opened(path)) == [2]


def test_the_same_label_twice_is_one(tmp_path):
    text = b'{"labels": [["a.png", 4], ["a.png", 4]]}'
    assert opened(on_disk(tmp_path, images("a.png") | {"dataset.json": text})).labels().tolist() == [0]


def test_what_an_archive_claims_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("gan_jax.data.files.tree.MOST_BYTES", 10_000)
    path = zipped(
        tmp_path / "data.zip", images("a.png") | {"b.png": png() + bytes(100_000)}, compression=zipfile.ZIP_DEFLATED
    )
    with pytest.raises(BrokenImage, match="b.png: it has 100,.* bytes, and 10,000 are the most"):
        opened(path)[1]
    assert opened(path, skip_broken=True).skipped == ("b.png",)
