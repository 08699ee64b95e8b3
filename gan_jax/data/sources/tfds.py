"""Any prepared data set of TensorFlow Datasets, ARRAY_RECORD or TFRECORD, without TensorFlow."""

from __future__ import annotations

import io
import os
import socket
from collections.abc import Mapping
from typing import Any

import numpy as np

from gan_jax.data.images.decoding import decode, size_of
from gan_jax.data.images.depth import check_bits
from gan_jax.data.source import Element
from gan_jax.data.tfrecord import Records
from gan_jax.names import nearest, one_of


class Tfds:
    """Images of a TFDS data set that lies prepared on disk. They stay encoded until asked for.

    Names to try: cifar10, stl10 (split "unlabelled"), celeb_a_hq/128, imagenet2012, lsun/bedroom.

    Args:
        name: the data set, with its config and version where it has them: "celeb_a_hq/128", "cifar10:3.0.2". May be
            left out where `data_dir` is the folder that holds `dataset_info.json`.
        split: "train", "test", or a slice such as "train[:90%]".
        data_dir: where TFDS keeps its data sets; unset, TFDS_DATA_DIR or ~/tensorflow_datasets. May begin with gs://.
        image_key: the feature to take; unset, the one image.
        images: in place of image_key, where elements hold several images, as pairs do: leaves and their features,
            {"a": "image_left", "b": "segmentation_label"}.
        label_key: the feature to take; unset, the one class label, if there is just one.
        bits: how many of a 16-bit grey image's bits are used; unset: 16.

    Raises:
        FileNotFoundError: not prepared, or not there; says where it looked and how to prepare it.
        ConnectionError: `data_dir` is on gs:// and Google Cloud Storage does not answer.
        ValueError: unknown data set, split or key.
    """

    def __init__(
        self,
        name: str | None = None,
        split: str = "train",
        data_dir: str | None = None,
        image_key: str | None = None,
        label_key: str | None = None,
        bits: int | None = None,
        images: Mapping[str, str] | None = None,
    ):
        check_bits(bits, "tfds")
        if images is not None and (image_key is not None or not images):
            raise ValueError(
                "tfds: give image_key, or images={'a': FEATURE, 'b': FEATURE}, which names the features of all."
            )
        self._bits = bits
        told = f"image={image_key!r}" if images is None else f"images={dict(images)}"
        self._name = f"Tfds({name!r}, split={split!r}, data_dir={data_dir!r}, {told}, label={label_key!r})"
        builder = _open_builder(name, data_dir)
        features = builder.info.features
        self._where = f"{builder.info.full_name}, split {split}"
        found, labels = _keys_of(features, "Image"), _keys_of(features, "ClassLabel")
        chosen = {"image": image_key} if images is None else images
        self._images = {
            leaf: _chosen(key, found, sorted(features), "image", builder.info.full_name) for leaf, key in chosen.items()
        }
        if label_key is not None or len(labels) == 1:
            self._label = _chosen(label_key, labels, sorted(features), "label", builder.info.full_name)
            self.classes = tuple(features[self._label].names)
        else:
            self._label, self.classes = None, ()
        self.keys = (*self._images, *(() if self._label is None else ("label",)))
        self._elements = _open_elements(builder, split, data_dir, found)

    def __len__(self) -> int:
        return len(self._elements)

    def __getitem__(self, index: int) -> Element:
        element = self._elements[index]
        images: Element = {leaf: self._decoded(element[key], index) for leaf, key in self._images.items()}
        return images if self._label is None else {**images, "label": int(element[self._label])}

    def __repr__(self) -> str:
        return self._name

    def sizes_of(self, index: int) -> dict[str, tuple[int, ...]]:
        element = self._elements[index]
        of = lambda x: tuple(size_of(io.BytesIO(x), self._told(index)) if isinstance(x, bytes) else x.shape)
        return {leaf: of(element[key]) for leaf, key in self._images.items()}

    def _decoded(self, image: Any, index: int) -> np.ndarray:
        return decode(image, self._told(index), bits=self._bits) if isinstance(image, bytes) else image

    def labels(self) -> np.ndarray | None:
        return None  # each would cost the reading of its record

    def label_of(self, index: int) -> int:
        """An element's label, without decoding its image."""
        return int(self._elements[index][self._label])

    def _told(self, index: int) -> str:
        return f"image {index} of {self._where}"


class _Parsed:
    """Elements from the records of TFRECORD files."""

    def __init__(self, records: Records, features: Any, decoders: dict):
        self._records, self._features, self._decoders = records, features, decoders

    def __len__(self) -> int:
        return len(self._records)

    def __getitem__(self, index: int) -> dict:
        return self._features.deserialize_example_np(self._records[index], decoders=self._decoders)


def _open_builder(name: str | None, data_dir: str | None) -> Any:
    import tensorflow_datasets as tfds  # slow to import

    if data_dir is not None and data_dir.startswith("gs://"):
        _reach("storage.googleapis.com", data_dir)
    elif data_dir is not None:
        data_dir = os.path.expanduser(data_dir)
        if os.path.isfile(os.path.join(data_dir, "dataset_info.json")):
            return tfds.builder_from_directory(data_dir)
    if name is None:
        raise ValueError("tfds: set `name` (e.g. cifar10), or `data_dir` to a folder that holds dataset_info.json.")
    try:
        return tfds.builder(name, data_dir=data_dir)
    except tfds.core.DatasetNotFoundError as error:
        looked = data_dir or _default_data_dir()
        near = nearest(name.split("/")[0].split(":")[0], tfds.list_builders(with_community_datasets=False))
        raise ValueError(
            f"tfds: TFDS knows no data set {name!r}, and none is prepared in {looked}{near}. {_there(looked)}"
        ) from error


def _open_elements(builder: Any, split: str, data_dir: str | None, images: list[str]) -> Any:
    import tensorflow_datasets as tfds

    decoders = {key: tfds.decode.SkipDecoding() for key in images}
    if builder.info.splits and split.split("[")[0].split("+")[0] not in builder.info.splits:
        one_of(split, builder.info.splits, f"tfds: split of {builder.info.full_name}")
    if builder.info.file_format == tfds.core.FileFormat.TFRECORD and builder.is_prepared():
        return _Parsed(_records(builder, split), builder.info.features, decoders)
    try:
        return builder.as_data_source(split, decoders=decoders)
    except Exception as error:
        if builder.is_prepared():
            raise
        raise FileNotFoundError(_how_to_prepare(builder, data_dir or _default_data_dir())) from error


def _default_data_dir() -> str:
    return os.path.expanduser(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets")


def _records(builder: Any, split: str) -> Records:
    instructions = builder.info.splits[split].file_instructions
    stretches = [(str(one.filename), one.skip, one.take, one.examples_in_shard) for one in instructions]
    for path, *_ in stretches:
        if path.startswith("gs://"):
            folder = path.rpartition("/")[0]
            raise ValueError(
                f"tfds: TFRECORD files are read at random places, from a disk only, and {folder} is not on one."
                f" Copy it first: gcloud storage cp -r {folder} ~/tensorflow_datasets/..., or mount it with gcsfuse."
            )
        if not os.path.isfile(path):
            raise FileNotFoundError(f"tfds: {builder.info.full_name} lacks the file {path}. Copy or prepare it again.")
    return Records(stretches)


def _how_to_prepare(builder: Any, root: str) -> str:
    name, manual = builder.info.full_name.rsplit("/", 1)[0], builder.MANUAL_DOWNLOAD_INSTRUCTIONS
    script = f"tfds.builder('{name}', data_dir='{root}').download_and_prepare(file_format='array_record')"
    lines = [
        f"tfds: {name} is not prepared: there is no dataset_info.json in {builder.data_path}.",
        _there(root),
        "If it is elsewhere, set data_dir (or TFDS_DATA_DIR) to the folder that holds its name. To prepare it:",
        '  pip install ".[prepare]"',
        f'  python -c "import tensorflow_datasets as tfds; {script}"',
    ]
    if manual:
        lines.append(f"It needs files fetched by hand: {' '.join(manual.split())}")
    return "\n".join(lines)


def _there(root: str) -> str:
    if root.startswith("gs://"):
        return f"Looked in {root}."
    try:
        found = sorted(entry.name for entry in os.scandir(root) if entry.is_dir())
    except OSError:
        return f"{root} does not exist."
    return f"Folders in {root}: {', '.join(found[:10]) or 'none'}{' ...' if len(found) > 10 else ''}."


def _keys_of(features: Any, kind: str) -> list[str]:
    return sorted(key for key, feature in features.items() if type(feature).__name__ == kind)


def _chosen(key: str | None, found: list[str], known: list[str], what: str, name: str) -> str:
    if key is not None:
        one_of(key, known, f"tfds: {what}_key of {name}")
        if key not in found:
            raise ValueError(f"tfds: feature {key!r} of {name} is no {what}. Those are: {', '.join(found) or 'none'}.")
        return key
    if len(found) != 1:
        raise ValueError(
            f"tfds: {name} has {len(found)} {what} features ({', '.join(found) or 'none'}); set {what}_key to one of its"
            f" features: {', '.join(known)}."
        )
    return found[0]


def _reach(host: str, data_dir: str, timeout: float = 5.0) -> None:
    """Raises ConnectionError unless a host takes connections within `timeout` seconds."""
    try:
        socket.create_connection((host, 443), timeout).close()
    except OSError as error:
        raise ConnectionError(
            f"tfds: data_dir is {data_dir}, but {host} does not answer within {timeout:g} s ({error})."
            " Check the network, or copy the data set to a disk and set data_dir to that."
        ) from error
