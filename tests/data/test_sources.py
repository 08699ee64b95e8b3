import os
import re
from pathlib import Path

import numpy as np
import pytest

from gan_jax.configs.base import get_config
from gan_jax.data import open_source
from gan_jax.data.files.layout import ENDINGS, SPLITS
from gan_jax.data.files.tree import MOST_BYTES
from gan_jax.data.images.decoding import MOST_PIXELS
from gan_jax.data.labels import MOST_CLASSES
from gan_jax.data.preprocessing import Preprocessing
from gan_jax.data.sources import known_sources, source_settings

BUILT_IN = {
    "emoji": {},
    "digits": {},
    "faces": {"attributes": ("glasses", "beard")},
    "fake": {},
    "figures": {"length": 100},
    "patterns": {"length": 20, "size": 16},
    "toys": {"length": 100},
}


def test_sources_are_the_files_of_the_folder():
    assert known_sources() == (
        *("arrays", "digits", "domains", "emoji", "faces", "fake", "figures", "folder", "furniture"),
        *("maps", "pairs", "patterns", "stacked_digits", "tfds", "toys", "volumes"),
    )
    assert source_settings("folder") == ("path", "split", "skip_broken", "splits", "bits")
    assert source_settings("arrays") == ("path", "split", "pixel_range", "by_number")


@pytest.mark.parametrize("source", known_sources())
def test_every_setting_of_a_source_is_a_key_of_the_config(source):
    data = get_config().data
    assert {*source_settings(source)} <= {*data.keys()}
    assert "shapes" in data  # of the preprocessing


@pytest.mark.parametrize("name", BUILT_IN)
def test_what_every_source_holds(name):
    source = open_source(name, **BUILT_IN[name])
    assert repr(source) == repr(open_source(name, **BUILT_IN[name])) and " at 0x" not in repr(source)
    labels = source.labels()
    assert labels.shape == (len(source),) and labels.dtype == np.int32
    assert set(labels) == set(range(len(source.classes)))
    for index in (0, len(source) // 2, len(source) - 1):
        element = source[index]
        assert element["image"].shape == source.sizes_of(index)["image"]
        assert element["image"].dtype == (np.float32 if name == "toys" else np.uint8)
        assert element["label"] == labels[index] and type(element["label"]) is int
        np.testing.assert_array_equal(element["image"], source[index]["image"])
    with pytest.raises(IndexError):
        source[len(source)]


def test_unset_settings_are_left_alone():
    assert len(open_source("digits", split=None, path=None, data_dir=None)) == len(open_source("digits"))


@pytest.mark.parametrize(
    "source, settings, message",
    [
        ("emojis", {}, "did you mean 'emoji'.*Known: arrays, digits"),
        ("folder", {"path": "x", "splits": "train"}, "splits is True or False, not 'train'.*by `split`"),
        ("folder", {"path": "x", "skip_brokn": True}, "no setting 'skip_brokn'.*did you mean 'skip_broken'"),
        ("emoji", {"path": "x"}, "no setting 'path' .*It takes: split"),
        ("digits", {"split": "val"}, "split 'val' is not known.*train, test"),
        ("emoji", {"split": "tset"}, "did you mean 'test'"),
        ("folder", {}, "needs the setting 'path'"),
        ("fake", {"size": (4, 4)}, "size must be"),
        ("fake", {"size": (4, 4, 5)}, "size must be"),
        ("fake", {"length": 0}, "length must be a whole number from 1 on, got 0"),
        ("fake", {"voxels": (4, 4, 4)}, "voxels must be"),
        ("fake", {"leaves": ("a", "a")}, "each once"),
        ("fake", {"leaves": ("label",)}, "num_classes"),
        ("patterns", {"split": "val"}, "split 'val'"),
        ("patterns", {"length": 0}, "length must be a whole number from 1 on"),
        ("patterns", {"size": 4}, "size must be a whole number from 8 on"),
        ("toys", {"name": "rings"}, "did you mean 'ring'"),
        ("toys", {"split": "val"}, "split 'val'"),
        ("toys", {"length": 0}, "length"),
    ],
)
def test_unknown_names_and_settings(source, settings, message):
    with pytest.raises(ValueError, match=message):
        open_source(source, **settings)


def test_emoji():
    train, test = open_source("emoji"), open_source("emoji", split="test")
    assert (len(train), len(test)) == (1716, 190) and train.images.shape == (1716, 32, 32, 3)
    assert train.classes == test.classes and len(train.classes) == 9
    assert train.classes[train[0]["label"]] == "Symbols"
    assert train.images[:, 0, 0].mean() > 240  # on white
    assert os.path.isfile(os.path.join(os.path.dirname(__import__("gan_jax.data").data.__file__), "embedded", "NOTICE"))


def test_patterns():
    """Kinds take turns; a pattern depends on the seed, the split and its number alone; all are colourful and differ."""
    train, longer = open_source("patterns", length=16, size=24), open_source("patterns", length=99, size=24)
    images = np.stack([train[i]["image"] for i in range(16)])
    assert images.shape == (16, 24, 24, 3) and list(train.labels()) == 2 * list(range(8))
    assert images.reshape(16, -1).std(1).min() > 5 and len({image.tobytes() for image in images}) == 16
    np.testing.assert_array_equal(longer[11]["image"], images[11])
    for other in ({"split": "test"}, {"seed": 1}):
        assert np.any(open_source("patterns", length=16, size=24, **other)[11]["image"] != images[11])


def test_digits():
    train, test = open_source("digits"), open_source("digits", split="test")
    assert len(train) + len(test) == 1797 and 350 < len(test) < 360
    assert train.images.min() == 0 and train.images.max() == 255
    share = np.bincount(test.labels()) / (np.bincount(train.labels()) + np.bincount(test.labels()))
    assert np.abs(share - 0.2).max() < 0.01
    assert not {image.tobytes() for image in train.images} & {image.tobytes() for image in test.images}


def test_fake():
    source = open_source("fake", size=(7, 9, 4), length=30, num_classes=3, seed=1)
    assert source[5]["image"].shape == (7, 9, 4) and source[5]["label"] == 2
    assert not np.array_equal(source[5]["image"], source[8]["image"])
    other = open_source("fake", size=(7, 9, 4), length=30, num_classes=3, seed=2)
    assert not np.array_equal(source[5]["image"], other[5]["image"])
    assert "label" not in open_source("fake", num_classes=0)[0]
    assert open_source("fake", num_classes=0).labels() is None


def test_fake_pairs_and_volumes():
    plain = open_source("fake", size=(7, 9, 3), length=6, num_classes=2)
    pairs = open_source("fake", size=(7, 9, 3), length=6, num_classes=2, leaves=("a", "b"))
    assert pairs.keys == ("a", "b", "label") and plain.keys == ("image", "label")
    np.testing.assert_array_equal(pairs[4]["a"], plain[4]["image"])
    assert pairs[4]["b"].shape == (7, 9, 3) and not np.array_equal(pairs[4]["a"], pairs[4]["b"])
    np.testing.assert_array_equal(
        pairs[4]["b"], open_source("fake", size=(7, 9, 3), num_classes=2, leaves=("a", "b"))[4]["b"]
    )
    solid = open_source("fake", length=6, num_classes=0, leaves=("voxels",), voxels=(8, 6, 4, 1))
    assert solid.keys == ("voxels",) and solid.sizes_of(0) == {"voxels": (8, 6, 4, 1)}
    volume = solid[3]["voxels"]
    assert volume.shape == (8, 6, 4, 1) and volume.dtype == bool and 0 < volume.mean() < 1
    assert not np.array_equal(volume, solid[4]["voxels"])
    both = open_source("fake", leaves=("image", "voxels"))
    assert both[0].keys() == {"image", "voxels", "label"}


@pytest.mark.parametrize("name, count, scale, std", [("ring", 8, 1.0, 0.01), ("grid", 25, 4.0, 0.05)])
def test_toys(name, count, scale, std):
    source = open_source("toys", name=name, length=20_000)
    assert source.modes.shape == (count, 2) and source.std == std and len(source.classes) == count
    if name == "ring":
        np.testing.assert_allclose(np.linalg.norm(source.modes, axis=1), scale, rtol=1e-6)
    else:
        assert set(np.unique(source.modes)) == {-4, -2, 0, 2, 4} and len(np.unique(source.modes, axis=0)) == 25
    away = source.images - source.modes[source.labels()]
    np.testing.assert_allclose(away.std(axis=0), std, rtol=0.03)
    np.testing.assert_allclose(away.mean(axis=0), 0, atol=std / 20)
    assert np.bincount(source.labels()).min() > 0.8 * 20_000 / count
    assert not np.array_equal(source.images[:9], open_source("toys", name=name, split="test", length=20_000).images[:9])


def test_a_line_of_five():
    source = open_source("toys", name="line", length=20_000)
    np.testing.assert_allclose(source.modes[:, 0], [-2, -1, 0, 1, 2])
    away = source.images - source.modes[source.labels()]
    assert source.images.shape == (20_000, 1) and source[0]["image"].shape == (1,)
    np.testing.assert_allclose(away.std(axis=0), 0.05, rtol=0.03)


def test_a_swiss_roll_has_equally_likely_pieces():
    """Its angle, from 1.5 pi to 4.5 pi, is uniform, and its radius the angle's share of the outer one, but for the noise."""
    source = open_source("toys", name="swiss_roll", length=20_000)
    radius = np.linalg.norm(source.modes, axis=1)
    np.testing.assert_allclose(radius, 2 * (1.5 + 3 * (np.arange(200) + 0.5) / 200) / 4.5, rtol=1e-5)
    turned = np.unwrap(np.arctan2(*source.modes.T[::-1]))
    np.testing.assert_allclose(turned[-1] - turned[0], 3 * np.pi * 199 / 200, rtol=1e-5)
    assert len(source.classes) == 200 and 60 < np.bincount(source.labels()).min()
    nearest = np.abs(np.linalg.norm(source.images[:, None] - source.modes[None], axis=-1).argmin(1) - source.labels())
    assert np.quantile(nearest, 0.9) <= 2  # pieces are narrower than the noise
    smooth = open_source("toys", name="swiss_roll", std=0.0, length=500)
    angle = np.linalg.norm(smooth.images, axis=1) / 2 * 4.5 * np.pi
    np.testing.assert_allclose(smooth.images[:, 0], 2 * angle / (4.5 * np.pi) * np.cos(angle), atol=1e-5)


def test_points_fit_points_of_their_own_kind_alone():
    element = open_source("toys", name="line", length=5)[0]
    assert Preprocessing((1,))(element)["image"].shape == (1,)
    with pytest.raises(ValueError, match="holds points .* does not go with shape"):
        Preprocessing((2,))(element)


def test_toys_of_another_size():
    source = open_source("toys", scale=2.0, std=0.5, length=10)
    assert source.std == 0.5 and np.isclose(np.linalg.norm(source.modes[0]), 2)


def test_the_page_on_data_names_what_the_code_takes():
    page = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
    page = " ".join(page.split())
    for source in known_sources():
        assert {f"`{setting}`" for setting in source_settings(source)} <= {*re.findall("`[a-z_]+`", page)}
    assert f"`{' '.join(ENDINGS)}`" in page and all(f"`{name}`" in page for name in SPLITS)
    assert f"{MOST_PIXELS:,} pixels" in page and f"{MOST_BYTES:,} bytes" in page and f"{MOST_CLASSES:,} classes" in page
