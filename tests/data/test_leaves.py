"""Elements of several leaves: pairs, volumes, images of volumes."""

import numpy as np
import pytest

from gan_jax.data import Batches, EightBit, Preprocessing, in_order, inspect_source, open_source
from gan_jax.data.in_memory import InMemory

RNG = np.random.default_rng(0)
A = RNG.integers(0, 200, (9, 7, 11, 3), np.uint8)  # no symmetry: nine images of 7 x 11
PAIRS = InMemory({"a": A, "b": A + np.uint8(50)}, None, (), "Pairs()")
VOXELS = RNG.random((5, 4, 6, 8, 1)) < 0.5


def levels(images):
    return np.round((images + 1) * 127.5)


@pytest.mark.parametrize(
    "settings",
    [
        {"shape": (5, 4, 3), "resize": "none", "crop": "random"},
        {"shape": (7, 11, 3), "crop": "center"},
        {"shape": (6, 4, 3), "crop": "distorted", "filter": "nearest"},
        {"shape": (5, 4, 3), "crop": "random", "oversize": 1.3, "filter": "nearest"},
    ],
)
def test_a_pair_is_cropped_and_flipped_by_one_draw(settings):
    batches = Batches.constant(PAIRS, Preprocessing(**settings, flip=True), 36)
    batch = batches.at(0)
    assert batch.keys() == {"a", "b"} and batch["a"].shape == (1, 36, *settings["shape"])
    np.testing.assert_array_equal(levels(batch["b"]) - levels(batch["a"]), 50)
    assert len({image.tobytes() for image in batch["a"][0]}) > 9  # the draws differ from time to time


def test_noise_differs_from_leaf_to_leaf():
    same = InMemory({"a": A, "b": A}, None, (), "Same()")
    batch = Batches.constant(same, Preprocessing((7, 11, 3), dequantize=True), 9).at(0)
    apart = np.abs(batch["a"] - batch["b"])
    assert 0 < apart.max() < 1 / 128 and apart.mean() > 1 / 128 / 4


def test_the_first_leaf_is_as_it_is_alone():
    preprocessing = Preprocessing((5, 4, 3), resize="none", crop="random", flip=True, dequantize=True)
    alone = InMemory({"a": A}, None, (), "Alone()")
    pair, one = (Batches.constant(source, preprocessing, 1).at(7)["a"] for source in (PAIRS, alone))
    np.testing.assert_array_equal(pair, one)


def test_channels_of_a_leaf_may_differ():
    preprocessing = Preprocessing((7, 11, 3), shapes={"b": (7, 11, 1)})
    batch = Batches.constant(PAIRS, preprocessing, 3).at(0)
    assert batch["a"].shape == (1, 3, 7, 11, 3) and batch["b"].shape == (1, 3, 7, 11, 1)
    assert preprocessing == Preprocessing((7, 11, 3), shapes=preprocessing.shapes) and hash(preprocessing)
    assert preprocessing.without_randomness().shape_of("b") == (7, 11, 1)
    (batch,) = in_order(PAIRS, preprocessing, 9)
    assert batch["b"].shape == (9, 7, 11, 1)
    np.testing.assert_array_equal(levels(batch["a"]), A)


def test_images_of_a_pair_that_do_not_lie_upon_each_other():
    source = InMemory({"a": A, "b": A[:, :, :9]}, None, (), "Odd()")
    with pytest.raises(ValueError, match=r"a: 7 x 11 x 3 \(9\); b: 7 x 9 x 3 \(9\). Store them at one size"):
        Batches.constant(source, Preprocessing((4, 4, 3), crop="random"), 3)
    Batches.constant(source, Preprocessing((4, 4, 3), resize="exact"), 3).at(0)
    with pytest.raises(ValueError, match="differ in size"):
        Preprocessing((4, 4, 3))({"a": A[0], "b": A[0, :, :8]})


def test_volumes_pass_through():
    for stored in (VOXELS, VOXELS.astype(np.uint8)):
        source = InMemory({"voxels": stored}, [0, 1, -1, 0, 1], ("chair", "table"), "Volumes()")
        (batch,) = in_order(source, Preprocessing((4, 6, 8, 1)), 5)
        np.testing.assert_array_equal(batch["voxels"], VOXELS)
        assert batch["voxels"].dtype == np.float32 and batch["label"].tolist() == [0, 1, -1, 0, 1]
        cached, read = (Batches.constant(source, Preprocessing((4, 6, 8, 1)), 5, cache_mib=m).at(0) for m in (1, 0))
        np.testing.assert_array_equal(cached["voxels"], read["voxels"])
        assert cached["label"].tolist() == read["label"].tolist() and -1 in cached["label"]


def test_images_beside_their_volumes():
    source = open_source("fake", size=(10, 8, 3), length=6, leaves=("image", "voxels"), voxels=(4, 4, 4, 1))
    preprocessing = Preprocessing((4, 4, 4, 1), shapes={"image": (8, 8, 3)})
    batch = Batches.constant(source, preprocessing, 6).at(0)
    assert batch["image"].shape == (1, 6, 8, 8, 3) and batch["voxels"].shape == (1, 6, 4, 4, 4, 1)
    batch = Batches.constant(source, Preprocessing((8, 8, 3), shapes={"voxels": (4, 4, 4, 1)}), 6).at(0)
    assert batch["image"].shape == (1, 6, 8, 8, 3) and batch["voxels"].shape == (1, 6, 4, 4, 4, 1)


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"shape": (8, 8, 8, 1), "flip": True}, "voxels cannot be"),
        ({"shape": (8, 8, 8, 1), "crop": "random"}, "voxels cannot be"),
        ({"shape": (8, 8, 3), "shapes": {"voxels": (8, 8, 8, 1)}, "flip": True}, "voxels cannot be"),
        ({"shape": (8, 8, 8, 2)}, "shape must be"),
        ({"shape": (8, 8, 3), "shapes": {"b": (8, 8)}}, r"shapes\['b'\] must be \(height"),
        ({"shape": (8, 8, 3), "shapes": {"voxels": (8, 8, 1)}}, r"shapes\['voxels'\] must be \(depth"),
        ({"shape": (8, 8, 3), "shapes": {"b": (4, 8, 1)}}, "one height and width.* 4 x 8 and 8 x 8"),
        ({"shape": (8, 8, 3), "shapes": {"label": (8, 8, 1)}}, "not 'label'"),
        ({"shape": (2,), "shapes": {"b": (8, 8, 1)}}, "points"),
    ],
)
def test_settings_that_do_not_go_together(settings, message):
    with pytest.raises(ValueError, match=message):
        Preprocessing(**settings)


def test_leaves_that_do_not_go_with_the_shape():
    volumes = inspect_source(InMemory({"voxels": VOXELS}, None, (), "Volumes()")).leaves
    with pytest.raises(ValueError, match=r"holds voxels.*set `shape` to \(4, 6, 8, 1\), or shapes to"):
        Preprocessing((8, 8, 3)).check(volumes)
    with pytest.raises(ValueError, match=r"\(4, 6, 8, 1\) are not \(8, 8, 8, 1\), and volumes are not resized"):
        Preprocessing((8, 8, 8, 1)).check(volumes)
    with pytest.raises(ValueError, match=r"holds images \(a, .*Set shapes to {'a': \(height"):
        Preprocessing((8, 8, 8, 1)).check({"a": {(8, 8, 3): 1}})
    with pytest.raises(ValueError, match="0 .empty. or 1 .full., and this volume holds a 7"):
        Preprocessing((2, 2, 2, 1))({"voxels": np.full((2, 2, 2, 1), 7, np.uint8)})


def test_scores_take_one_leaf():
    a, b = (EightBit(PAIRS, Preprocessing((7, 11, 3), flip=True), key=key) for key in ("a", "b"))
    np.testing.assert_array_equal(b.images(np.arange(9)), A + 50)
    np.testing.assert_array_equal(a.images([4]), A[4:5])
    assert a.name != b.name and b.name.endswith(", b") and b.shape == (7, 11, 3) and b.labels() is None
    grey = EightBit(PAIRS, Preprocessing((7, 11, 3), shapes={"b": (7, 11, 1)}), key="b")
    assert grey.shape == (7, 11, 1) and grey.images([0]).shape == (1, 7, 11, 1)
    with pytest.raises(ValueError, match="Pairs.. has no 'image'; it has a, b"):
        EightBit(PAIRS, Preprocessing((7, 11, 3)))
    with pytest.raises(ValueError, match="scores are of images"):
        EightBit(InMemory({"voxels": VOXELS}, None, (), "V()"), Preprocessing((4, 6, 8, 1)), key="voxels")
