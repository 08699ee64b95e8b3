"""Labels in the dataset.json that the StyleGAN tools write beside their images."""

from __future__ import annotations

import collections
import json
from collections.abc import Sequence

import numpy as np

from gan_jax.data.files.tree import readable
from gan_jax.data.labels import numbered

DATASET_JSON = "dataset.json"


def labels_in(
    text: bytes, files: Sequence[str], place: str
) -> tuple[np.ndarray | None, tuple[str, ...], tuple[str, ...]]:
    """The labels of images by their paths: int32 [N], -1 of those that the file does not name; classes; notes.

    The file is {"labels": [["00000/img00000000.png", 6], ...]}, or {"labels": null}: then there are no labels (None, ()).
    A class is a number that occurs, and its name.

    Args:
        text: the file's bytes.
        files: the images' paths, from where the file lies.
        place: what to call the place in an error.

    Raises:
        ValueError: a file of another kind, labels that are no whole numbers, an image with two labels, or labels for none
            of the images.
    """
    where = f"{DATASET_JSON} in {place}"
    try:
        whole = json.loads(text, object_pairs_hook=lambda pairs: _once(pairs, where))
    except _Twice as error:
        raise ValueError(str(error)) from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{where} is no JSON ({error}). {_ADVICE}") from error
    if not isinstance(whole, dict) or "labels" not in whole:
        raise ValueError(f"{where} has no key 'labels', as that of the StyleGAN tools has. {_ADVICE}")
    rows = whole["labels"]
    if rows is None:
        return None, (), ()
    known: dict[str, int] = {}
    for row in rows if isinstance(rows, list) else [rows]:
        if not (isinstance(row, list) and len(row) == 2 and isinstance(row[0], str)):
            raise ValueError(f"{where} has a row {_short(row)}, where [path, label] is meant. {_ADVICE}")
        path, label = row
        if isinstance(label, bool) or not isinstance(label, int | None):
            raise ValueError(
                f"{where} has the label {_short(label)} for {readable(path)}. Labels are whole numbers: a vector, or a"
                " fraction, says no class."
            )
        if label is not None and not -1 <= label < 2**63:
            raise ValueError(
                f"{where} has the label {label} for {readable(path)}. Labels are from 0 (-1: not labelled)."
            )
        path, label = path.replace("\\", "/"), -1 if label is None else label
        if known.setdefault(path, label) != label:
            told = " and ".join("none" if each < 0 else str(each) for each in (known[path], label))
            raise ValueError(f"{where} names {readable(path)} twice, with the labels {told}. Leave one of them out.")
    labels = np.asarray([known.pop(file, -1) for file in files], np.int64)
    if (labels < 0).all():
        raise ValueError(
            f"{where} labels none of the {len(files):,} images there. Its paths begin at its own folder, such as"
            f" {readable(files[0])!r}. {_ADVICE}"
        )
    numbers, classes = numbered(labels, None, where)
    notes = []
    if without := int((labels < 0).sum()):
        notes.append(f"{without:,} images have no label in {DATASET_JSON}")
    if known:
        notes.append(
            f"{DATASET_JSON} labels {len(known):,} images that are not there, such as {readable(next(iter(known)))}"
        )
    return numbers, classes, tuple(notes)


_ADVICE = "Correct it, or rename it where it is meant for another program: folders are then taken for classes."


class _Twice(Exception):
    """A key stands twice in an object."""


def _once(pairs: Sequence[tuple[str, object]], where: str) -> dict[str, object]:
    """An object of JSON; of a key that stands twice, the decoder would keep the last in silence."""
    found = dict(pairs)
    if len(found) < len(pairs):
        (twice, _), *_ = collections.Counter(name for name, _ in pairs).most_common(1)
        raise _Twice(f"{where} has the key {_short(twice)} twice in one object. {_ADVICE}")
    return found


def _short(value: object) -> str:
    told = repr(value)
    return told if len(told) < 80 else told[:77] + "..."
