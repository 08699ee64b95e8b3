import numpy as np
import pytest

from gan_jax.data import open_source

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 5, 4, 3), np.uint8)
LABELS = np.array([0, 1, 2, 0, 1, 2])


@pytest.fixture
def save(tmp_path):
    def saved(**arrays):
        np.savez(tmp_path / "data.npz", **arrays)
        return str(tmp_path / "data.npz")

    return saved


def test_images_and_labels(save):
    source = open_source("arrays", path=save(image=IMAGES, label=LABELS))
    assert len(source) == 6 and source.classes == ("0", "1", "2") and source.sizes_of(0) == {"image": (5, 4, 3)}
    np.testing.assert_array_equal(source[3]["image"], IMAGES[3])
    assert source[5]["label"] == 2


def test_names_of_classes(save):
    assert open_source("arrays", path=save(image=IMAGES, label=LABELS, classes=["a", "b", "c"])).classes == (
        "a",
        "b",
        "c",
    )


def test_grey_images_without_a_channel_and_without_labels(save):
    source = open_source("arrays", path=save(image=IMAGES[..., 0]))
    assert source.sizes_of(0) == {"image": (5, 4, 1)} and source.classes == () and "label" not in source[0]
    assert source.labels() is None


def test_floats_are_rounded_to_levels(save):
    floats = (IMAGES / 127.5 - 1).astype(np.float32)
    np.testing.assert_array_equal(open_source("arrays", path=save(image=floats)).images, IMAGES)


def test_pairs_and_volumes(save):
    source = open_source("arrays", path=save(a=IMAGES, b=IMAGES[..., 0]))
    assert source.keys == ("a", "b") and source.sizes_of(0) == {"a": (5, 4, 3), "b": (5, 4, 1)}
    np.testing.assert_array_equal(source[2]["b"], IMAGES[2, ..., :1])
    solid = IMAGES[..., None] > 99
    source = open_source("arrays", path=save(image=IMAGES, voxels=solid, label=LABELS))
    assert source.keys == ("image", "voxels", "label") and source[1]["label"] == 1
    np.testing.assert_array_equal(source[1]["voxels"], solid[1])
    path = save(voxels_train=solid.astype(np.uint8)[..., 0], a_test=IMAGES, b_test=IMAGES)
    assert open_source("arrays", path=path).sizes_of(0) == {"voxels": (5, 4, 3, 1)}
    assert open_source("arrays", path=path, split="test").keys == ("a", "b")


def test_unlabelled_images_among_labelled_ones(save):
    source = open_source("arrays", path=save(image=IMAGES, label=LABELS - 1))
    assert source.classes == ("0", "1") and source.labels().tolist() == [-1, 0, 1, -1, 0, 1]
    assert source[0]["label"] == -1
    nothing = open_source("arrays", path=save(image=IMAGES, label=LABELS * 0 - 1, classes=["a", "b"]))
    assert nothing.classes == ("a", "b") and set(nothing.labels()) == {-1}


def test_splits(save):
    path = save(image_train=IMAGES[:4], label_train=LABELS[:4], image_test=IMAGES[4:])
    assert len(open_source("arrays", path=path)) == len(open_source("arrays", path=path, split="train")) == 4
    assert len(open_source("arrays", path=path, split="test")) == 2
    with pytest.raises(ValueError, match="'image_val'. It holds: image_train"):
        open_source("arrays", path=path, split="val")


def test_attributes(save):
    table = np.array([[True, False], [False, False], [True, True]] * 2)
    path = save(image_train=IMAGES, attribute_train=table, image=IMAGES, attributes=["round", "dark"])
    source = open_source("arrays", path=path, split="train")
    assert source.attribute_names == ("round", "dark") and source.classes == () and "label" not in source[0]
    np.testing.assert_array_equal(source.attribute_table(), table)
    assert open_source("arrays", path=path).attribute_names == ()


@pytest.mark.parametrize(
    "arrays, message",
    [
        ({"image": IMAGES, "attribute": np.ones((6, 2), bool)}, "different names in the array 'attributes'"),
        ({"image": IMAGES, "attribute": np.ones((6, 2), bool), "attributes": ["a", "a"]}, "different names"),
        ({"image": IMAGES, "attribute": np.ones((5, 1), bool), "attributes": ["a"]}, r"bool \[6, K\], a row for each"),
        ({"image": IMAGES, "attribute": np.ones((6, 1)), "attributes": ["a"]}, "is float64 of shape"),
        ({"images": IMAGES}, "no array 'image'. It holds: images"),
        ({"image": IMAGES.astype(np.int64)}, "is int64. It must be uint8"),
        ({"image": IMAGES.astype(np.float32)}, r"float32 in \[0, 255\].*must be in \[-1, 1\]"),
        ({"image": np.full((2, 4, 4, 3), np.nan, np.float32)}, "must be in"),
        ({"image": IMAGES[0, 0]}, r"shape \(4, 3\)"),
        ({"image": np.zeros((2, 4, 4, 7), np.uint8)}, "C from 1 to 4"),
        ({"image": IMAGES[:0]}, "not empty"),
        ({"image": IMAGES, "label": LABELS[:5]}, "one for each of 6 images"),
        ({"image": IMAGES, "label": LABELS.astype(float)}, "must hold integers"),
        ({"image": IMAGES, "label": LABELS - 2}, "runs from -2 to 0"),
        ({"image": IMAGES, "label": LABELS, "classes": ["a", "b"]}, "2 classes"),
        ({"image": IMAGES, "label": LABELS * 0 - 1}, "labels no element"),
        ({"a": IMAGES, "b": IMAGES[:5]}, r"differ in length \(a 6, b 5\).*'domains'"),
        ({"voxels": IMAGES}, "voxels is uint8. It must be bool"),
        ({"voxels": IMAGES[..., 0]}, r"shape \(6, 5, 4\). It must be \[N, D, H, W\]"),
        ({"label": LABELS}, "no array 'image'. It holds: label. What is read"),
    ],
)
def test_files_that_do_not_do(save, arrays, message):
    with pytest.raises(ValueError, match=message):
        open_source("arrays", path=save(**arrays))


def test_no_such_file_no_npz_and_no_pickles(tmp_path, save):
    with pytest.raises(FileNotFoundError, match="nowhere.npz"):
        open_source("arrays", path=str(tmp_path / "nowhere.npz"))
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(ValueError, match="not an .npz file"):
        open_source("arrays", path=str(tmp_path / "text.npz"))
    np.save(tmp_path / "one.npy", IMAGES)
    with pytest.raises(ValueError, match="not an .npz file"):
        open_source("arrays", path=str(tmp_path / "one.npy"))
    with pytest.raises(ValueError, match="pickle"):
        open_source("arrays", path=save(image=np.array([IMAGES, None], dtype=object)))
