"""Images a second that come out of the input pipeline, for each kind of source, and out of tf.data where it is installed.

    JAX_PLATFORMS=cpu python benchmarks/input_pipeline.py --seconds=5 --turns=7

Files are made for the occasion: photographs are smooth noise, JPEGs of 500 x 375 pixels, brought to 128 x 128 by resizing
the short side and cutting out the centre, with random flips; and PNGs of 32 x 32. The same JPEGs also lie in a prepared
TFDS data set, which tf.data reads as TFRecords. Both pipelines read them shuffled and repeated, on all cores, and make
batches of float32 in [-1, 1]; they take turns.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gan_jax.data import Batches, Preprocessing, open_source

JPEG = (375, 500)
BATCH = 64


def photographs(rng: np.random.Generator, n: int) -> Iterator[np.ndarray]:
    """uint8 [375, 500, 3]: noise at several scales, with about as many bytes as JPEG as photographs have."""
    for _ in range(n):
        total = np.zeros((*JPEG, 3))
        for scale in (4, 16, 64, 256):
            small = rng.uniform(0, 255, (JPEG[0] // (512 // scale) + 2, JPEG[1] // (512 // scale) + 2, 3))
            large = Image.fromarray(small.astype(np.uint8)).resize(JPEG[::-1], Image.Resampling.BICUBIC)
            total += np.asarray(large) / scale**0.5
        yield (255 * (total - total.min()) / np.ptp(total)).astype(np.uint8)


def make_files(folder: Path, photos: int, small: int) -> dict[str, Any]:
    """name -> settings of a source."""
    rng = np.random.default_rng(0)
    for name in ("jpeg", "png"):
        (folder / name).mkdir()
    for i, image in enumerate(photographs(rng, photos)):
        Image.fromarray(image).save(folder / "jpeg" / f"{i:05}.jpg", quality=90)
    prepare_tfds(folder / "tfds", [file.read_bytes() for file in sorted((folder / "jpeg").iterdir())])
    images = rng.integers(0, 256, (small, 32, 32, 3), np.uint8)
    for i, image in enumerate(images):
        Image.fromarray(image).save(folder / "png" / f"{i:05}.png")
    np.savez(folder / "images.npz", image=images)
    return {
        "JPEG 500 x 375 to 128": ("folder", folder / "jpeg", (128, 128, 3), "*.jpg"),
        "the same in TFDS": ("tfds", folder / "tfds", (128, 128, 3), "*.tfrecord"),
        "PNG 32": ("folder", folder / "png", (32, 32, 3), "*.png"),
        "arrays 32": ("arrays", folder / "images.npz", (32, 32, 3), None),
    }


def prepare_tfds(folder: Path, jpegs: list[bytes]) -> None:
    """Writes them as TFDS does, as ARRAY_RECORD; and as TFRecord for tf.data, where TensorFlow is installed."""
    import tensorflow_datasets as tfds
    from array_record.python import array_record_module
    from tensorflow_datasets.proto import tf_example_pb2

    folder.mkdir()
    tfds.features.FeaturesDict({"image": tfds.features.Image(shape=(None, None, 3))}).save_config(str(folder))
    split = {"name": "train", "shardLengths": [str(len(jpegs))], "numBytes": str(sum(map(len, jpegs)))}
    split["filepathTemplate"] = "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}"
    info = {"name": "photos", "version": "1.0.0", "fileFormat": "array_record", "splits": [split], "description": "-"}
    (folder / "dataset_info.json").write_text(json.dumps(info))
    examples = []
    for jpeg in jpegs:
        example = tf_example_pb2.Example()
        example.features.feature["image"].bytes_list.value.append(jpeg)
        examples.append(example.SerializeToString())
    writer = array_record_module.ArrayRecordWriter(
        str(folder / "photos-train.array_record-00000-of-00001"), "group_size:1"
    )
    for example in examples:
        writer.write(example)
    writer.close()
    try:
        import tensorflow as tf  # pyright: ignore[reportMissingImports]
    except ImportError:
        return
    with tf.io.TFRecordWriter(str(folder / "photos.tfrecord")) as writer:
        for example in examples:
            writer.write(example)


def ours(kind: str, path: Path, shape: tuple[int, int, int]) -> Callable[[], Any]:
    preprocessing = Preprocessing(shape, flip=True)
    cache = 256 if kind == "arrays" else 0  # a folder's images are to be decoded each time
    source = open_source(kind, **({"data_dir": str(path)} if kind == "tfds" else {"path": str(path)}))
    return iter(Batches.constant(source, preprocessing, BATCH, cache_mib=cache).iterate()).__next__


def tf_data(path: Path, pattern: str, shape: tuple[int, int, int], antialias: bool) -> Callable[[], Any]:
    """The usual pipeline. antialias: Lanczos as in gan_jax; else tf.data's usual bilinear interpolation, which is cheaper."""
    import tensorflow as tf  # pyright: ignore[reportMissingImports]

    in_records = pattern == "*.tfrecord"

    def load(data: Any) -> Any:
        if in_records:
            data = tf.io.parse_single_example(data, {"image": tf.io.FixedLenFeature([], tf.string)})["image"]
        else:
            data = tf.io.read_file(data)
        image = tf.cast(tf.io.decode_image(data, 3, expand_animations=False), tf.float32)
        if shape[:2] != (32, 32):
            scale = shape[0] / min(JPEG)
            size = [max(shape[0], round(scale * side)) for side in JPEG]
            method = "lanczos3" if antialias else "bilinear"
            image = tf.image.resize(tf.reshape(image, (*JPEG, 3)), size, method, antialias=antialias)
            image = tf.image.resize_with_crop_or_pad(image, *shape[:2])
        return tf.image.random_flip_left_right(tf.reshape(image, shape)) / 127.5 - 1

    if in_records:
        encoded = tf.data.TFRecordDataset(str(next(path.glob(pattern)))).shuffle(1000).repeat()
    else:
        encoded = tf.data.Dataset.list_files(str(path / pattern), shuffle=True).repeat()
    data = encoded.map(load, num_parallel_calls=tf.data.AUTOTUNE, deterministic=False).batch(BATCH)
    return iter(data.prefetch(tf.data.AUTOTUNE).as_numpy_iterator()).__next__


def rate(take: Callable[[], Any], seconds: float) -> float:
    began = time.perf_counter()
    while time.perf_counter() - began < seconds / 4:
        take()  # what was made ahead while another took its turn, while that one now fills its own buffers
    began, images = time.perf_counter(), 0
    while (passed := time.perf_counter() - began) < seconds:
        batch = take()
        images += np.prod(np.shape(batch["image"] if isinstance(batch, dict) else batch)[:-3])
    return float(images / passed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5, help="of a turn")
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--photos", type=int, default=600)
    parser.add_argument("--small", type=int, default=4000, help="how many images of 32 x 32")
    options = parser.parse_args()
    try:
        import tensorflow  # noqa: F401  # pyright: ignore[reportMissingImports]

        compared = True
    except ImportError:
        compared = False
        print('tf.data is left out: pip install ".[prepare]"')
    with tempfile.TemporaryDirectory() as folder:
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
        for name, (kind, path, shape, pattern) in make_files(Path(folder), options.photos, options.small).items():
            pipelines = {"gan_jax": ours(kind, path, shape)}
            if compared and pattern:
                pipelines["tf.data, Lanczos"] = tf_data(path, pattern, shape, antialias=True)
                if shape[0] == 128:
                    pipelines["tf.data, bilinear"] = tf_data(path, pattern, shape, antialias=False)
            rates: dict[str, list[float]] = {each: [] for each in pipelines}
            for turn in range(options.turns):
                for each in list(pipelines)[:: 1 if turn % 2 else -1]:
                    rates[each].append(rate(pipelines[each], options.seconds))
            for each, values in rates.items():
                ratio = np.percentile(np.divide(rates["gan_jax"], values), [50, 25, 75])
                print(f"{name:24}{each:20}{np.median(values):8.0f} images/s", end="")
                print(
                    "" if each == "gan_jax" else "   gan_jax is {:.2f} times as fast ({:.2f} to {:.2f})".format(*ratio)
                )


if __name__ == "__main__":
    main()
