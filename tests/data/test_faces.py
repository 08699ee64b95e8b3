"""The embedded faces: pixels, attributes and part masks, against what the drawings are known to be."""

import functools
from importlib import resources

import numpy as np
import pytest

from gan_jax.data import open_source
from gan_jax.data.face_parts import PARTS
from gan_jax.data.images.resizing import resize
from gan_jax.data.sources.faces import ATTRIBUTES

SHARES = {"glasses": 0.402, "beard": 0.346, "smiling": 0.511, "long_hair": 0.451, "eyes_closed": 0.303}
SHARES |= {"light_hair": 0.500, "facing_left": 0.497, "earrings": 0.300, "freckles": 0.301, "flowers": 0.198}
HAIR, EYES, GLASSES, BEARD, MOUTH = range(5)


@functools.cache
def faces(split="test", size=64):
    return open_source("faces", split=split, size=size)


@functools.cache
def masks(size):
    return faces(size=size).part_masks()


@functools.cache
def has(split="test"):
    return dict(zip(faces(split).attribute_names, faces(split).attribute_table().T, strict=True))


def test_splits_and_sizes():
    train, test = faces("train"), faces()
    assert train.images.shape == (5400, 64, 64, 1) and test.images.shape == (600, 64, 64, 1)
    assert train.images.dtype == np.uint8 and set(np.unique(train.images)) == set(range(0, 256, 17))
    every = np.concatenate([train.images, test.images])
    assert len({image.tobytes() for image in every}) == 6000
    assert (every[:, 0, 0] == 255).mean() > 0.9  # on white
    assert train.classes == () and train.labels() is None and "label" not in train[0]


def test_half_the_size_is_the_mean_of_two_by_two_pixels():
    small = faces(size=32)
    assert small.images.shape == (600, 32, 32, 1)
    for index in range(0, 600, 40):
        np.testing.assert_array_equal(small.images[index], resize(faces().images[index], (32, 32), "box"))


def test_every_tenth_face_is_held_out():
    """Test faces are those of the sheet's places 0, 10, 20, ...: the first of them is its first tile."""
    from gan_jax.data.images.decoding import decode

    folder = resources.files("gan_jax.data") / "embedded"
    sheet = decode((folder / "lorelei_64.png").read_bytes(), "sheet")[..., 0]
    tile = lambda row, column: sheet[64 * row :, 64 * column :][:64, :64]
    np.testing.assert_array_equal(faces().images[0, ..., 0], tile(0, 0))
    np.testing.assert_array_equal(faces().images[9, ..., 0], tile(1, 10))  # 90 = 80 + 10
    np.testing.assert_array_equal(faces("train").images[9, ..., 0], tile(0, 11))


def test_attributes_have_the_shares_they_were_drawn_with():
    assert faces().attribute_names == ATTRIBUTES == tuple(SHARES)
    table = np.concatenate([faces("train").attribute_table(), faces().attribute_table()])
    assert table.shape == (6000, 10) and table.dtype == bool
    np.testing.assert_allclose(table.mean(0), list(SHARES.values()), atol=0.0006)
    correlations = np.corrcoef(table.T.astype(float)) - np.eye(10)
    assert np.abs(correlations).max() == pytest.approx(0.030, abs=0.001)


def test_attributes_are_what_pixels_show():
    """Light hair is grey 128 and not black; a head that looks left reaches further right."""
    images, table = faces().images[..., 0].astype(float), has()
    hair = np.sum(images * masks(64)[:, HAIR], (1, 2)) / np.maximum(masks(64)[:, HAIR].sum((1, 2)), 1)
    bald = masks(64)[:, HAIR].sum((1, 2)) < 50
    light = table["light_hair"] & ~bald
    assert hair[light].min() > 90 and np.median(hair[light]) == pytest.approx(128, abs=12)
    assert np.median(hair[~table["light_hair"] & ~bald]) < 20
    assert masks(64)[table["long_hair"], HAIR].mean() > 1.3 * masks(64)[~table["long_hair"], HAIR].mean()
    assert masks(64)[table["eyes_closed"], EYES].mean() < 0.8 * masks(64)[~table["eyes_closed"], EYES].mean()


def test_one_attribute_makes_two_classes():
    source = open_source("faces", split="test", attributes=("glasses",))
    assert source.classes == ("no glasses", "glasses")
    np.testing.assert_array_equal(source.labels(), has()["glasses"])
    assert source[3]["label"] == int(has()["glasses"][3])
    assert open_source("faces", split="test", attributes="glasses").classes == source.classes


def test_several_attributes_make_a_class_of_each_combination():
    source = open_source("faces", split="test", attributes=("beard", "smiling", "flowers"))
    assert len(source.classes) == 8
    assert source.classes[:3] == (
        "no beard and no smiling and no flowers",
        "no beard and no smiling and flowers",
        "no beard and smiling and no flowers",
    )
    expected = 4 * has()["beard"] + 2 * has()["smiling"] + has()["flowers"]
    np.testing.assert_array_equal(source.labels(), expected)
    for label, name in enumerate(source.classes):
        parts = [part.startswith("no ") for part in name.split(" and ")]
        assert parts == [not label & 4, not label & 2, not label & 1]


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"attributes": ("glases",)}, r"faces: attribute 'glases' is not known \(did you mean 'glasses'\?\).*flowers"),
        ({"attributes": ("glasses", "glasses")}, "each of them can be named once"),
        ({"split": "tset"}, r"faces: split 'tset' .*did you mean 'test'"),
        ({"size": 48}, "size is 64 or 32, not 48"),
        ({"attribute": ("glasses",)}, "did you mean 'attributes'"),
    ],
)
def test_bad_input(settings, message):
    with pytest.raises(ValueError, match=message):
        open_source("faces", **settings)


@pytest.mark.parametrize("size", [64, 32])
def test_masks_are_there_where_the_part_is(size):
    found = masks(size)
    assert found.shape == (600, 5, size, size) and found.dtype == bool and len(PARTS) == 5
    np.testing.assert_array_equal(found[:, GLASSES].any((1, 2)), has()["glasses"])
    np.testing.assert_array_equal(found[:, BEARD].any((1, 2)), has()["beard"])
    areas = dict(zip(PARTS, found.mean((0, 2, 3)), strict=True))
    assert 0.15 < areas["hair"] < 0.25 and 0.03 < areas["beard"] < 0.06 and 0.015 < areas["glasses"] < 0.035
    assert 0.007 < areas["eyes"] < 0.015 and 0.005 < areas["mouth"] < 0.012
    rows = {part: np.nonzero(found[:, k])[1].mean() / size for k, part in enumerate(PARTS)}
    assert rows["hair"] < rows["eyes"] < rows["mouth"] < rows["beard"] + 0.05


def test_parts_hide_each_other():
    """The glasses alone overlap another part, the eyes."""
    for first, second in ((HAIR, EYES), (HAIR, BEARD), (HAIR, MOUTH), (BEARD, MOUTH), (GLASSES, BEARD), (EYES, MOUTH)):
        both = (masks(64)[:, first] & masks(64)[:, second]).sum()
        assert both <= 0.01 * masks(64)[:, second].sum(), (PARTS[first], PARTS[second])
    assert (masks(64)[:, GLASSES] & masks(64)[:, EYES]).any()


def test_masks_of_half_the_size_are_those_of_the_whole():
    """Where two of four pixels belong: areas hardly change, and solid parts stay in place."""
    whole, half = masks(64), masks(32).repeat(2, -1).repeat(2, -2)
    overlap = [(whole[:, k] & half[:, k]).sum() / (whole[:, k] | half[:, k]).sum() for k in range(5)]
    assert overlap[HAIR] > 0.87 and overlap[GLASSES] > 0.85 and overlap[BEARD] > 0.88
    assert min(overlap) > 0.6  # of lines a pixel wide
    two_of_four = whole[:1, HAIR].reshape(32, 2, 32, 2).sum((1, 3)) >= 2
    np.testing.assert_array_equal(masks(32)[0, HAIR], two_of_four)


def test_masks_of_a_face_that_looks_left_are_mirrored():
    """Faces of one hair drawing, without flowers, that look either way: their masks are each other's mirror image."""
    source, table = faces("train"), has("train")
    same = (source._variants["hair"][source._chosen] == 7) & ~table["flowers"] & ~table["beard"]
    same &= source._variants["head"][source._chosen] == 0
    left, right = (np.flatnonzero(same & (table["facing_left"] == way))[0] for way in (True, False))
    one, other = source.part_masks([left, right])[:, HAIR]
    assert one.sum() > 200 and not np.array_equal(one, other)
    np.testing.assert_array_equal(one, other[:, ::-1])
    # Dark pixels of a black-haired face lie under its hair's mask, not under its mirror image.
    black = np.flatnonzero(~has()["light_hair"] & has()["facing_left"])
    dark = faces().images[black, ..., 0] < 20
    cover = lambda hair: (dark & hair).sum() / hair.sum()
    assert cover(masks(64)[black, HAIR]) > 0.85 > cover(masks(64)[black, HAIR, :, ::-1]) + 0.1


def test_masks_of_some_faces_are_theirs():
    np.testing.assert_array_equal(faces().part_masks([5, 2]), masks(64)[[5, 2]])
