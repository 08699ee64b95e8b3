import struct
import warnings
import zipfile

import numpy as np
import pytest

from gan_jax.data import describe, open_source, require_labels

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


def test_floats_without_a_negative_value_are_refused_unless_their_range_is_told(save):
    path = save(image=(IMAGES / 255).astype(np.float32))
    with pytest.raises(
        ValueError, match=r"image is float32 in \[0.*no pixel below 0.*pixel_range.*\(0, 1\) or \(-1, 1\)"
    ):
        open_source("arrays", path=path)
    np.testing.assert_array_equal(open_source("arrays", path=path, pixel_range=(0, 1)).images, IMAGES)
    assert "pixel_range=(0.0, 1.0)" in repr(open_source("arrays", path=path, pixel_range=[0, 1]))
    bright = save(image=(np.maximum(IMAGES, 128) / 127.5 - 1).astype(np.float32))
    assert open_source("arrays", path=bright, pixel_range=(-1, 1)).images.min() == 128


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_any_range_of_any_float(save, dtype):
    levels = np.arange(256).reshape(1, 16, 16, 1)
    for low, high in ((0, 1), (-1, 1), (0, 255), (-0.5, 0.5)):
        path = save(image=(levels / 255 * (high - low) + low).astype(dtype))
        read = open_source("arrays", path=path, pixel_range=(low, high)).images
        np.testing.assert_allclose(read, levels, atol=1 if dtype == np.float16 else 0)


@pytest.mark.parametrize(
    "pixel_range", [(1, 0), (0, 0), (0, float("nan")), (0, float("inf")), (0,), "ab", 3, (0, 1, 2)]
)
def test_ranges_that_are_none(save, pixel_range):
    with pytest.raises(ValueError, match="pixel_range is .black, white."):
        open_source("arrays", path=save(image=(IMAGES / 255).astype(np.float32)), pixel_range=pixel_range)


def test_a_range_where_there_are_no_floats(save):
    with pytest.raises(ValueError, match="holds no float images"):
        open_source("arrays", path=save(image=IMAGES), pixel_range=(0, 1))


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


@pytest.mark.parametrize(
    "labels, classes, expected",
    [
        ([1, 2, 3, 1, 2, 3], ("1", "2", "3"), [0, 1, 2, 0, 1, 2]),
        ([7, -1, 2, 7, 900, 2], ("2", "7", "900"), [1, -1, 0, 1, 2, 0]),
        ([0, 1_000_000_000] * 3, ("0", "1000000000"), [0, 1] * 3),
    ],
)
def test_labels_from_one_and_with_gaps_have_no_empty_class(save, labels, classes, expected):
    source = open_source("arrays", path=save(image=IMAGES, label=labels))
    assert source.classes == classes and source.labels().tolist() == expected
    require_labels(source, len(classes), every_class=True)


def test_all_splits_of_a_file_number_their_classes_alike(save):
    path = save(image_train=IMAGES, label_train=LABELS * 5, image_test=IMAGES[:2], label_test=np.array([10, 0]))
    train, test = (open_source("arrays", path=path, split=split) for split in ("train", "test"))
    assert train.classes == test.classes == ("0", "5", "10") and test.labels().tolist() == [2, 0]


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint64, np.int16])
def test_labels_of_every_width_to_their_end(save, dtype):
    most = min(np.iinfo(dtype).max, 299)
    labels = np.arange(most + 1).astype(dtype)
    source = open_source("arrays", path=save(image=np.zeros((len(labels), 2, 2), np.uint8), label=labels))
    assert len(source.classes) == most + 1 and source.labels().tolist() == list(range(most + 1))
    require_labels(source, most + 1, every_class=True)


def test_labels_by_number_stay_as_they_are(save):
    source = open_source("arrays", path=save(image=IMAGES, label=LABELS + 1), by_number=True)
    assert source.classes == ("0", "1", "2", "3") and source.labels().tolist() == (LABELS + 1).tolist()


def test_a_class_that_is_named_and_has_no_element(save):
    source = open_source("arrays", path=save(image=IMAGES, label=LABELS, classes=["a", "b", "c", "d"]))
    require_labels(source, 4)  # a test split may lack a class
    with pytest.raises(ValueError, match=r"no element of 1 of its 4 classes \(d\)"):
        require_labels(source, 4, every_class=True)


def test_arrays_that_are_not_read_are_named(save):
    path = save(image=IMAGES, y=LABELS, names=LABELS, ids=LABELS, image_test=IMAGES)
    assert open_source("arrays", path=path).notes == ("arrays that are not read: y, names, ids",)
    assert "not read: y" in describe(open_source("arrays", path=path))
    assert open_source("arrays", path=save(image=IMAGES)).notes == ()


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
        ({"image": IMAGES, "labels": LABELS}, "array 'labels', which is not read .did you mean 'label'"),
        (
            {"image": IMAGES, "label": LABELS, "class": ["a", "b", "c"]},
            "'class', which is not read .did you mean 'classes'",
        ),
        ({"image": IMAGES, "label": np.full(6, 2**63, np.uint64)}, "runs from 9223372036854775808"),
        ({"image": IMAGES, "label": LABELS, "classes": ["a", "b", "b"]}, "two classes .* have one name"),
        ({"image": IMAGES, "label": LABELS, "classes": [1, 2, 3]}, "classes is int64.*one text for each"),
        ({"image": IMAGES.astype(np.int64)}, "is int64. It must be uint8"),
        ({"image": IMAGES.astype(np.float32)}, r"float32 in \[0, 255\].*must be in \[-1, 1\]"),
        (
            {"image": np.full((2, 4, 4, 3), np.nan, np.float32)},
            "NaN or infinite numbers, the first of them in number 0",
        ),
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


def npy(shape, dtype="<u1", data=b"1234"):
    header = repr({"descr": dtype, "fortran_order": False, "shape": shape}).ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


@pytest.mark.parametrize(
    "arrays, message",
    [
        (
            {"image": npy((10**6, 1000, 1000))},
            r"image claims to be uint8 .*1,000,000,000,000 bytes, which are not in the file",
        ),
        ({"image": npy((2**62, 2**62, 4))}, "which are not in the file"),
        ({"image": npy((1, 2, 2)), "label": npy((10**12,))}, "label claims to be"),
        ({"image": npy((1, 2, 2)), "label_test": npy((10**12,))}, "label_test claims to be"),
        ({"image": npy((1, 2, 2))[:20]}, "image cannot be read"),
        ({"image": npy((1, 2, 2)).replace(b"descr", b"sdecr")}, "image cannot be read"),
        ({"image": b"no array"}, "image cannot be read"),
        ({"image": b"\x93NUMPY\x01\x00\x10\x00{garbage........." + bytes(64)}, "image cannot be read.*copy it again"),
        ({"image": b"\x93NUMPY\x01\x00\x0e\x00{'descr': '|u1" + bytes(64)}, "image cannot be read"),
    ],
)
def test_claims_are_compared_with_the_file_before_memory_is_taken(tmp_path, arrays, message):
    with zipfile.ZipFile(tmp_path / "data.npz", "w") as file:
        for name, data in arrays.items():
            file.writestr(f"{name}.npy", data)
    with pytest.raises(ValueError, match=message):
        open_source("arrays", path=str(tmp_path / "data.npz"))


def test_two_arrays_of_one_name_are_refused(tmp_path):
    for other in ("image.npy", "image"):
        with zipfile.ZipFile(tmp_path / "data.npz", "w") as file, warnings.catch_warnings(action="ignore"):
            file.writestr("image.npy", npy((1, 2, 2)))
            file.writestr(other, npy((1, 2, 2)))
        with pytest.raises(ValueError, match="data.npz holds two arrays of the name image.*one of each name"):
            open_source("arrays", path=str(tmp_path / "data.npz"))


def test_what_fits_in_no_memory_and_what_is_damaged(tmp_path, save, monkeypatch):
    path = save(image=IMAGES)
    data = bytearray((tmp_path / "data.npz").read_bytes())
    data[data.index(b"NUMPY") + 300] ^= 255
    (tmp_path / "bad.npz").write_bytes(bytes(data))
    with pytest.raises(ValueError, match="bad.npz: image cannot be read .*CRC"):
        open_source("arrays", path=str(tmp_path / "bad.npz"))
    monkeypatch.setattr("gan_jax.data.files.npz._memory", lambda: 100)
    with pytest.raises(ValueError, match="and this machine has .*source 'folder'"):
        open_source("arrays", path=path)


def test_too_many_classes(save, monkeypatch):
    monkeypatch.setattr("gan_jax.data.labels.MOST_CLASSES", 2)
    with pytest.raises(ValueError, match="has 3 classes, and 2 are the most"):
        open_source("arrays", path=save(image=IMAGES, label=LABELS))
