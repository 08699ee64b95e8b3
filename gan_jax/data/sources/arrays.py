"""Images, pairs and volumes from a NumPy .npz file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import numpy as np

from gan_jax.data.files.npz import Npz
from gan_jax.data.in_memory import InMemory
from gan_jax.data.labels import MOST_CLASSES, numbered
from gan_jax.data.levels import check_range, eight_bits
from gan_jax.names import nearest

_LEAVES = ("image", "a", "b", "voxels")
_OTHERS = ("label", "classes", "attribute", "attributes")


class Arrays(InMemory):
    """The arrays of one .npz file, read into memory.

    The file holds one or more of `image`, or `a` and `b` of pairs: uint8 [N, H, W, C] or [N, H, W], or floats, which are
    rounded to 256 levels; `voxels`: bool or uint8 of 0 and 1, [N, D, H, W] or [N, D, H, W, 1]; `label`: integers [N], -1
    where unlabelled, if there are labels; `classes`: their names, from label 0 on, if they have any (without, the numbers
    that occur are the classes); `attributes`: the names of K yes/no attributes, if there are any; `attribute`: bool
    [N, K], which element has which.

    Attributes:
        notes: sentences on what was left out.

    Args:
        path: the .npz file.
        split: reads `image_<split>` and so on instead; unset, `image`, or `image_train` where there is none without a
            split.
        pixel_range: (black, white), their values in float images. Unset: (-1, 1), and images without a
            negative value are refused, as they may be in (0, 1).
        by_number: labels without names stay the file's numbers, also those that do not occur.

    Raises:
        FileNotFoundError: no such file.
        ValueError: arrays of other kinds, lengths or ranges than these; one whose name is nearly that of one that is
            read; damaged ones, and those that claim more than the file holds or than fits in memory.
    """

    def __init__(
        self,
        path: str,
        split: str | None = None,
        pixel_range: Sequence[float] | None = None,
        by_number: bool = False,
    ):
        path, pixel_range = os.path.expanduser(path), check_range(pixel_range, "arrays")
        try:
            with Npz(path) as file:
                if split is None and not _found(file, "") and _found(file, "_train"):
                    split = "train"
                suffix = "" if split is None else f"_{split}"
                arrays, others = _read(file, suffix)
                self.notes = _notes(file, suffix)
        except (FileNotFoundError, ValueError) as error:
            kind = FileNotFoundError if isinstance(error, FileNotFoundError) else ValueError
            raise kind(f"arrays: {error}") from error
        told = lambda key: f"arrays: {path}: {key}{suffix}"
        leaves = {key: arrays[key] for key in _LEAVES if key in arrays}
        if pixel_range is not None and not any(np.issubdtype(leaf.dtype, np.floating) for leaf in leaves.values()):
            raise ValueError(f"arrays: pixel_range is {pixel_range}, and {path} holds no float images. Leave it out.")
        leaves = {
            key: _as_voxels(leaf, told(key)) if key == "voxels" else _as_images(leaf, told(key), pixel_range)
            for key, leaf in leaves.items()
        }
        count, classes, labels = _common_length(leaves, path), (), arrays.get("label")
        if labels is not None:
            names = None if arrays["classes"] is None else _as_names(arrays["classes"], f"arrays: {path}: classes")
            labels, classes = _as_labels(labels, names, count, told("label"), others, by_number)
        table = arrays.get("attribute")
        attributes = {} if table is None else _as_attributes(table, arrays["attributes"], count, told("attribute"))
        shown = "" if pixel_range is None else f", pixel_range={pixel_range}"
        super().__init__(leaves, labels, classes, f"Arrays({path!r}, split={split!r}{shown})", attributes)


def _found(file: Npz, suffix: str) -> list[str]:
    return [key for key in _LEAVES if key + suffix in file.names]


def _read(file: Npz, suffix: str) -> tuple[dict[str, np.ndarray | None], list[np.ndarray]]:
    """The arrays of a split by their names without it (None: not there), and the labels of all other splits."""
    if not _found(file, suffix):
        raise ValueError(
            f"{file.place} has no array 'image{suffix}'. It holds: {', '.join(file.names)}. What is read, with a split"
            f" behind an underscore: {', '.join(_LEAVES)}, label, attribute; and without: classes, attributes."
        )
    for name in file.names:
        stem = name.removesuffix(suffix)
        known = {*_LEAVES, *_OTHERS} - {each.removesuffix(suffix) for each in file.names}
        if not _is_known(name) and (meant := nearest(stem, known)):
            raise ValueError(
                f"{file.place} holds an array {name!r}, which is not read{meant}. Rename it, or leave it out."
            )
    inside = {key: key + suffix for key in (*_LEAVES, "label", "attribute") if key + suffix in file.names}
    inside |= {key: key for key in ("classes", "attributes") if key in file.names}
    other_labels = [name for name in file.names if name.split("_")[0] == "label" and name != f"label{suffix}"]
    file.require_room([*inside.values(), *other_labels])
    arrays: dict[str, np.ndarray | None] = {"classes": None, "attributes": None}
    arrays |= {key: file.read(name) for key, name in inside.items()}
    others = [file.read(name) for name in other_labels]
    return arrays, [other for other in others if other.ndim == 1 and np.issubdtype(other.dtype, np.integer)]


def _notes(file: Npz, suffix: str) -> tuple[str, ...]:
    unread = [name for name in file.names if not _is_known(name)]
    return (f"arrays that are not read: {', '.join(unread)}",) if unread else ()


def _is_known(name: str) -> bool:
    return name in ("classes", "attributes") or name.split("_")[0] in (*_LEAVES, "label", "attribute")


def _common_length(leaves: Mapping[str, np.ndarray], path: str) -> int:
    if len({len(leaf) for leaf in leaves.values()}) > 1:
        told = ", ".join(f"{key} {len(leaf)}" for key, leaf in leaves.items())
        raise ValueError(
            f"arrays: the arrays of {path} differ in length ({told}), and element i is made of all of them. Save one"
            " row for each element; unpaired images go into a file for each domain (source 'domains')."
        )
    return len(next(iter(leaves.values())))


def _as_images(images: np.ndarray, where: str, pixel_range: tuple[float, float] | None) -> np.ndarray:
    """uint8 [N, H, W, C] from what a file may hold."""
    if images.ndim == 3:
        images = images[..., None]
    if images.ndim != 4 or not 1 <= images.shape[-1] <= 4 or not images.size:
        raise ValueError(
            f"{where} has shape {images.shape}. It must be [N, H, W] or [N, H, W, C], C from 1 to 4, and not empty."
        )
    if np.issubdtype(images.dtype, np.floating):
        return eight_bits(images, pixel_range, where)
    if images.dtype != np.uint8:
        raise ValueError(f"{where} is {images.dtype}. It must be uint8 (0 to 255), or float32 in [-1, 1].")
    return images


def _as_voxels(voxels: np.ndarray, where: str) -> np.ndarray:
    """bool or uint8 [N, D, H, W, 1] from what a file may hold."""
    if voxels.ndim == 4:
        voxels = voxels[..., None]
    if voxels.ndim != 5 or voxels.shape[-1] != 1 or not voxels.size:
        raise ValueError(
            f"{where} has shape {voxels.shape}. It must be [N, D, H, W] or [N, D, H, W, 1], and not empty."
        )
    if voxels.dtype != bool and (voxels.dtype != np.uint8 or voxels.max() > 1):
        raise ValueError(f"{where} is {voxels.dtype}. It must be bool, or uint8 of 0 (empty) and 1 (full).")
    return voxels


def _as_names(names: np.ndarray, where: str) -> list[str]:
    """The names of classes or attributes."""
    if names.ndim != 1 or names.dtype.kind not in "US":
        raise ValueError(f"{where} is {names.dtype} of shape {names.shape}. It must hold one text for each, [K].")
    return [name.decode("utf-8", "backslashreplace") if isinstance(name, bytes) else name for name in names.tolist()]


def _as_labels(
    labels: np.ndarray, names: list[str] | None, count: int, where: str, others: Sequence[np.ndarray], by_number: bool
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels that fit the elements, and a name for each class."""
    if labels.shape != (count,) or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"{where} is {labels.dtype} of shape {labels.shape}. It must hold integers, one for each of {count} images."
        )
    if names is not None and len(set(names)) < len(names):
        raise ValueError(f"{where}: two classes of the array 'classes' have one name, and classes are told by it.")
    if names is None and by_number:
        names = [str(label) for label in np.arange(int(min(labels.max(), MOST_CLASSES)) + 1)]
    return numbered(labels, names, where, others)


def _as_attributes(table: np.ndarray, names: np.ndarray | None, count: int, where: str) -> dict[str, np.ndarray]:
    """The columns of a table of attributes by their names."""
    asked = [] if names is None else [str(name) for name in names]
    if table.dtype != bool or table.shape != (count, len(asked)) or len(set(asked)) < len(asked):
        raise ValueError(
            f"{where} is {table.dtype} of shape {table.shape}. It must be bool [{count}, K], a row for each image"
            f" and a column for each of the {len(asked)} different names in the array 'attributes'."
        )
    return dict(zip(asked, table.T, strict=True))
