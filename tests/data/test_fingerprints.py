"""Data that were changed are told from data that were not."""

import os
import shutil

import numpy as np
import pytest
from PIL import Image

from gan_jax.data import changes, fingerprint, is_copy, open_source


@pytest.fixture
def images(tmp_path):
    """Two classes of three images of one size, a day old."""
    rng = np.random.default_rng(0)
    for i in range(6):
        path = tmp_path / "data" / ("cat" if i % 2 else "dog") / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (4, 4, 3), np.uint8)).save(path, compress_level=0)
        os.utime(path, (1_000_000 + i, 1_000_000 + i))
    return tmp_path / "data"


def of(path):
    return fingerprint(open_source("folder", path=str(path)))


def swap(first, second):
    first.rename(first.with_suffix(".tmp"))
    second.rename(first)
    first.with_suffix(".tmp").rename(second)


def rewrite(path, at=2_000_000):
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(bytes(content))
    os.utime(path, (at, at))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda data: rewrite(data / "cat" / "1.png"), ["the content"]),
        (lambda data: rewrite(data / "cat" / "1.png", 1_000_001), ["the content"]),
        (lambda data: (data / "cat" / "1.png").rename(data / "cat" / "9.png"), ["the files' names"]),
        (lambda data: swap(data / "cat" / "1.png", data / "dog" / "0.png"), ["the content"]),
        (lambda data: (data / "cat").rename(data / "bird"), ["the classes' names or their order", "the files' names"]),
        (lambda data: (data / "cat" / "1.png").unlink(), ["the files' names"]),
        (lambda data: swap(data / "cat", data / "dog"), ["the files' names"]),
    ],
    ids=["modified", "modified, time put back", "renamed", "swapped", "class renamed", "removed", "classes swapped"],
)
def test_changes_of_a_folder_are_seen(images, change, says):
    before = of(images)
    change(images)
    assert not set(says) - set(changes(before, of(images)))


def test_of_many_files_those_not_read_are_told_by_their_times(images, monkeypatch):
    monkeypatch.setattr("gan_jax.data.fingerprints._READ", 1)  # the first
    before = of(images)
    swap(images / "cat" / "3.png", images / "cat" / "5.png")
    now = of(images)
    assert changes(before, now) == ["the times of some files: they were changed or swapped"]


def test_the_same_data_elsewhere_are_the_same(images, tmp_path):
    before = of(images)
    assert before == of(images)
    shutil.copytree(images, tmp_path / "copy")  # with its times
    assert of(tmp_path / "copy") == before
    shutil.copytree(images, tmp_path / "new", copy_function=shutil.copyfile)
    now = of(tmp_path / "new")
    assert changes(before, now) == [] and is_copy(before, now) and not is_copy(before, before)


def test_arrays_are_told_by_their_content(tmp_path):
    image, label = np.arange(4 * 16, dtype=np.uint8).reshape(4, 4, 4, 1), np.array([0, 1, 0, 1])

    def saved(**arrays):
        np.savez(tmp_path / "a.npz", **{"image": image, "label": label, **arrays})
        return fingerprint(open_source("arrays", path=str(tmp_path / "a.npz")))

    before = saved()
    assert changes(before, saved()) == []
    assert changes(before, saved(image=image[::-1])) == ["the content"]
    assert changes(before, saved(label=1 - label)) == ["the content"]
    assert changes(before, saved(classes=np.array(["a", "b"]))) == ["the classes' names or their order"]


def test_other_sources_and_domains_are_told_by_some_elements():
    fake = lambda **settings: fingerprint(open_source("fake", size=(8, 8, 3), length=50, **settings))
    assert changes(fake(), fake()) == []
    assert changes(fake(num_classes=0), fake(num_classes=0, seed=3)) == ["the content of the elements looked at"]
    block = {"source": "fake", "size": (8, 8, 3), "length": 50, "num_classes": 0}
    domains = lambda **b: fingerprint(open_source("domains", a=block, b={**block, **b}))
    assert changes(domains(), domains()) == []
    assert changes(domains(), domains(seed=3)) == ["b: the content of the elements looked at"]


def test_what_an_earlier_version_did_not_write_down_is_not_compared():
    assert changes({}, {"content": "a", "classes": "b"}) == []
