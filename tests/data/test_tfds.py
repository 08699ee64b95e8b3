import io
import json
import socket
import tempfile

import numpy as np
import pytest
import tensorflow_datasets as tfds
from array_record.python import array_record_module
from PIL import Image
from tensorflow_datasets.proto import tf_example_pb2

from gan_jax.data import Batches, Preprocessing, inspect_source, leaves_of, open_source, require_labels
from gan_jax.data.tfrecord import DamagedRecord

PIXELS = np.random.default_rng(0).integers(0, 256, (7, 6, 5, 3), np.uint8)
LABELS = [0, 1, 2, 0, 1, 2, 0]
SHARDS = (4, 3)
FEATURES = {
    "image": tfds.features.Image(shape=(None, None, 3), encoding_format="png"),
    "label": tfds.features.ClassLabel(names=["ant", "bee", "cow"]),
    "id": tfds.features.Text(),
}


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png")
    return file.getvalue()


def example(pixels, label):
    made = tf_example_pb2.Example()
    made.features.feature["image"].bytes_list.value.append(png(pixels))
    made.features.feature["label"].int64_list.value.append(label)
    made.features.feature["id"].bytes_list.value.append(b"x")
    return made.SerializeToString()


def prepare(root, file_format, framed, features=FEATURES):
    """Writes what `download_and_prepare` would have written."""
    folder = root / "animals" / "1.0.0"
    folder.mkdir(parents=True)
    features = tfds.features.FeaturesDict(features)
    features.save_config(str(folder))
    records = [example(pixels, label) for pixels, label in zip(PIXELS, LABELS, strict=True)]
    for shard, first in enumerate((0, SHARDS[0])):
        path = folder / f"animals-train.{file_format}-{shard:05}-of-{len(SHARDS):05}"
        held = records[first : first + SHARDS[shard]]
        if file_format == "tfrecord":
            path.write_bytes(framed(held))
        else:
            writer = array_record_module.ArrayRecordWriter(str(path), "group_size:1")
            for record in held:
                writer.write(record)
            writer.close()
    split = {
        "name": "train",
        "shardLengths": [str(length) for length in SHARDS],
        "numBytes": "1",
        "filepathTemplate": "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}",
    }
    info = {"name": "animals", "version": "1.0.0", "fileFormat": file_format, "splits": [split], "description": "-"}
    (folder / "dataset_info.json").write_text(json.dumps(info))
    return folder


@pytest.fixture(autouse=True)
def tfds_leaves_nothing_behind(tmp_path_factory, monkeypatch):
    """TFDS makes a temporary folder for each builder of an unprepared data set."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("temporary")))


@pytest.fixture(params=["tfrecord", "array_record"])
def root(request, tmp_path, framed):
    prepare(tmp_path, request.param, framed)
    return tmp_path


def test_both_formats_read_back_exactly(root):
    source = open_source("tfds", name="animals", data_dir=str(root))
    assert len(source) == 7 and source.classes == ("ant", "bee", "cow") and source.labels() is None
    for index in (6, 0, 3, 4, 1, 2, 5):
        element = source[index]
        np.testing.assert_array_equal(element["image"], PIXELS[index])
        assert element["label"] == LABELS[index] and type(element["label"]) is int
        assert source.sizes_of(index) == {"image": (6, 5, 3)}
    require_labels(source, 3)
    assert repr(source) == repr(open_source("tfds", name="animals", data_dir=str(root)))


def test_slices_of_splits(root):
    source = open_source("tfds", name="animals", data_dir=str(root), split="train[3:6]")
    assert len(source) == 3
    np.testing.assert_array_equal([source[index]["label"] for index in range(3)], LABELS[3:6])
    np.testing.assert_array_equal(source[1]["image"], PIXELS[4])


def test_the_folder_itself_needs_no_name(root):
    assert len(open_source("tfds", data_dir=str(root / "animals" / "1.0.0"))) == 7


def test_threads_read_the_same(root):
    source = open_source("tfds", name="animals", data_dir=str(root))
    batches = Batches.constant(source, Preprocessing((6, 5, 3), flip=True), batch_size=6, threads=4, cache_mib=0)
    with batches.iterate() as rounds:
        for t in range(5):
            np.testing.assert_array_equal(next(rounds)["image"], batches.at(t)["image"])
    assert inspect_source(source).sizes == {(6, 5, 3): 7}


def test_a_flipped_byte_is_detected(tmp_path, framed):
    folder = prepare(tmp_path, "tfrecord", framed)
    path = folder / "animals-train.tfrecord-00001-of-00002"
    data = bytearray(path.read_bytes())
    data[-40] ^= 1
    path.write_bytes(data)
    source = open_source("tfds", name="animals", data_dir=str(tmp_path))
    np.testing.assert_array_equal(source[5]["image"], PIXELS[5])
    with pytest.raises(DamagedRecord, match="animals-train.tfrecord-00001-of-00002"):
        source[6]


def test_a_missing_file_is_named(tmp_path, framed):
    folder = prepare(tmp_path, "tfrecord", framed)
    (folder / "animals-train.tfrecord-00001-of-00002").unlink()
    with pytest.raises(FileNotFoundError, match="lacks the file .*00001-of-00002"):
        open_source("tfds", name="animals", data_dir=str(tmp_path))


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"split": "trian"}, "'trian'.*did you mean 'train'"),
        ({"split": "test[:10]"}, "split.*Known: train"),
        ({"image_key": "img"}, "image_key .*'img'.*Known: id, image, label"),
        ({"image_key": "label"}, "'label' .* is no image. Those are: image"),
        ({"label_key": "id"}, "'id' .* is no label. Those are: label"),
    ],
)
def test_unknown_splits_and_keys(root, settings, message):
    with pytest.raises(ValueError, match=message):
        open_source("tfds", name="animals", data_dir=str(root), **settings)


def test_several_images_must_be_chosen_from(tmp_path, framed):
    more = {
        **FEATURES,
        "other": tfds.features.Image(shape=(None, None, 3)),
        "kind": tfds.features.ClassLabel(num_classes=2),
    }
    prepare(tmp_path, "tfrecord", framed, more)
    with pytest.raises(ValueError, match=r"2 image features \(image, other\); set image_key"):
        open_source("tfds", name="animals", data_dir=str(tmp_path))
    source = open_source("tfds", name="animals", data_dir=str(tmp_path), image_key="image")
    assert source.classes == ()  # two class labels: neither is the one


def test_a_data_set_that_is_not_prepared(tmp_path):
    (tmp_path / "mnist").mkdir()
    with pytest.raises(FileNotFoundError) as caught:
        open_source("tfds", name="cifar10", data_dir=str(tmp_path))
    told = str(caught.value)
    assert f"{tmp_path}/cifar10" in told and f"Folders in {tmp_path}: mnist" in told
    assert 'pip install ".[prepare]"' in told and f"tfds.builder('cifar10', data_dir='{tmp_path}')" in told
    with pytest.raises(FileNotFoundError) as caught:
        open_source("tfds", name="celeb_a_hq/128", data_dir=str(tmp_path))
    assert "tfds.builder('celeb_a_hq/128'" in str(caught.value) and "by hand" in str(caught.value)
    with pytest.raises(FileNotFoundError, match="nowhere does not exist"):
        open_source("tfds", name="cifar10", data_dir=str(tmp_path / "nowhere"))


def test_a_data_set_that_nobody_knows(tmp_path):
    with pytest.raises(ValueError, match="knows no data set 'cifar11'.*did you mean 'cifar10"):
        open_source("tfds", name="cifar11", data_dir=str(tmp_path))
    with pytest.raises(ValueError, match="set `name`"):
        open_source("tfds", data_dir=str(tmp_path))


def test_the_cloud_is_tried_before_it_can_block(monkeypatch):
    def refuse(address, timeout):
        assert address == ("storage.googleapis.com", 443) and timeout <= 10
        raise TimeoutError("timed out")

    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(ConnectionError, match="gs://bucket/data.*does not answer"):
        open_source("tfds", name="cifar10", data_dir="gs://bucket/data")


@pytest.mark.parametrize(
    "name, classes, channels",
    [
        ("cifar10", 10, 3),
        ("stl10", 10, 3),
        ("celeb_a_hq/128", 0, 3),
        ("imagenet2012", 1000, 3),
        ("lsun/bedroom", 0, 3),
        ("mnist", 10, 1),
    ],
)
def test_keys_of_well_known_data_sets(name, classes, channels):
    def elements(builder, split, decoders):
        rng = np.random.default_rng(0)
        features = builder.info.features
        sizes = [features["image"].shape[:2], (1, 1), (3, 70), (40, 2)]
        made = []
        for h, w in sizes:
            pixels = rng.integers(0, 256, (h or 50, w or 30, channels), np.uint8)
            made.append({"image": png(pixels[..., 0] if channels == 1 else pixels), "label": np.int64(1)})
        return made

    with tfds.testing.mock_data(as_data_source_fn=elements):
        source = open_source("tfds", name=name)
        assert len(source.classes) == classes and len(source) == 4
        batch = Batches.constant(source, Preprocessing((16, 16, 3), crop="random"), batch_size=8).at(0)
        assert batch["image"].shape == (1, 8, 16, 16, 3) and ("label" in batch) == bool(classes)


def test_bits_of_deep_images():
    deep = np.arange(16, dtype=np.uint16).reshape(4, 4) * 273  # 12 bits

    def elements(builder, split, decoders):
        return [{"image": png(deep), "label": np.int64(1)}] * 4

    with tfds.testing.mock_data(as_data_source_fn=elements):
        with pytest.raises(ValueError, match="image 0 of mnist.*set bits"):
            open_source("tfds", name="mnist")[0]
        image = open_source("tfds", name="mnist", bits=12)[0]["image"]
        np.testing.assert_array_equal(image[..., 0], np.arange(16).reshape(4, 4) * 17)
        with pytest.raises(ValueError, match="tfds: bits"):
            open_source("tfds", name="mnist", bits=0)


def test_pairs_of_elements_that_hold_two_images():
    def elements(builder, split, decoders):
        assert set(decoders) == {"image_left", "segmentation_label"}
        shade = lambda value: png(np.full((6, 8, 3), value, np.uint8))
        return [{"image_left": shade(i), "segmentation_label": shade(100 + i), "image_id": "x"} for i in range(4)]

    with tfds.testing.mock_data(as_data_source_fn=elements):
        sides = {"a": "image_left", "b": "segmentation_label"}
        source = open_source("tfds", name="cityscapes/semantic_segmentation", images=sides)
        assert leaves_of(source) == ("a", "b") and source.sizes_of(1) == {"a": (6, 8, 3), "b": (6, 8, 3)}
        assert [int(source[3][key].mean()) for key in "ab"] == [3, 103] and "segmentation_label" in repr(source)
        batch = Batches.constant(source, Preprocessing((4, 4, 3), crop="random"), batch_size=2).at(0)
        assert batch["a"].shape == batch["b"].shape == (1, 2, 4, 4, 3)
        np.testing.assert_allclose((batch["b"] - batch["a"]) * 127.5, 100, atol=1e-3)  # pairs stay pairs
        for wrong, says in (
            ({"images": {}}, "give image_key, or"),
            ({"images": sides, "image_key": "x"}, "give image_key"),
        ):
            with pytest.raises(ValueError, match=says):
                open_source("tfds", name="cityscapes/semantic_segmentation", **wrong)
        with pytest.raises(ValueError, match="image_key of cityscapes.*'left'"):
            open_source("tfds", name="cityscapes/semantic_segmentation", images={"a": "left", "b": "image_left"})


def test_unpaired_sides_are_splits_of_one_data_set():
    def elements(builder, split, decoders):
        value, n = {"trainA": (10, 3), "trainB": (200, 5)}[split]
        return [{"image": png(np.full((8, 8, 3), value, np.uint8)), "label": np.int64(0)}] * n

    with tfds.testing.mock_data(as_data_source_fn=elements):
        of = lambda split: open_source("tfds", name="cycle_gan/horse2zebra", split=split)
        source = {"a": of("trainA"), "b": of("trainB")}
        batch = Batches.constant(source, Preprocessing((8, 8, 3)), batch_size=2).at(0)
        assert {key: round(float((batch[key][0, 0, 0, 0, 0] + 1) * 127.5)) for key in "ab"} == {"a": 10, "b": 200}
