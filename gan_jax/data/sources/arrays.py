"""Images, pairs and volumes from a NumPy .npz file."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping

import numpy as np

from gan_jax.data.in_memory import InMemory

_LEAVES = ("image", "a", "b", "voxels")


class Arrays(InMemory):
    """The arrays of one .npz file, read into memory.

    The file holds one or more of `image`, or `a` and `b` of pairs: uint8 [N, H, W, C] or [N, H, W], or float32 in [-1, 1],
    which is rounded to 256 levels; `voxels`: bool or uint8 of 0 and 1, [N, D, H, W] or [N, D, H, W, 1]; `label`: integers
    [N] from 0, -1 where unlabelled, if there are labels; `classes`: their names, if they have any; `attributes`: the names of K
    yes/no attributes, if there are any; `attribute`: bool [N, K], which element has which.

    Args:
        path: the .npz file.
        split: reads `image_<split>` and so on instead; unset, `image`, or `image_train` where there is none without a
            split.
    """

    def __init__(self, path: str, split: str | None = None):
        path = os.path.expanduser(path)
        if not os.path.isfile(path):
            raise FileNotFoundError(f"arrays: there is no file {os.path.abspath(path)}. Set `path` to an .npz file.")
        if not zipfile.is_zipfile(path):
            raise ValueError(f"arrays: {path} is not an .npz file. Save one with np.savez(path, image=...).")
        with np.load(path, allow_pickle=False) as file:
            if split is None and not _found(file, "") and _found(file, "_train"):
                split = "train"
            suffix = "" if split is None else f"_{split}"
            keys = _found(file, suffix)
            if not keys:
                raise ValueError(
                    f"arrays: {path} has no array 'image{suffix}'. It holds: {', '.join(file.files)}. What is read, with"
                    f" a split behind an underscore: {', '.join(_LEAVES)}, label, classes."
                )
            leaves = {
                key: (_as_voxels if key == "voxels" else _as_images)(file[key + suffix], f"{path}: {key}{suffix}")
                for key in keys
            }
            labels = file.get(f"label{suffix}", None)
            names = file.get("classes", None)
            table, asked = file.get(f"attribute{suffix}", None), file.get("attributes", None)
        count = _common_length(leaves, path)
        if labels is not None:
            labels, names = _as_labels(labels, names, count, f"{path}: label{suffix}")
        attributes = {} if table is None else _as_attributes(table, asked, count, f"{path}: attribute{suffix}")
        name = f"Arrays({path!r}, split={split!r})"
        super().__init__(leaves, labels, () if labels is None else names, name, attributes)


def _found(file: Mapping[str, np.ndarray], suffix: str) -> list[str]:
    return [key for key in _LEAVES if key + suffix in file]


def _common_length(leaves: Mapping[str, np.ndarray], path: str) -> int:
    if len({len(leaf) for leaf in leaves.values()}) > 1:
        told = ", ".join(f"{key} {len(leaf)}" for key, leaf in leaves.items())
        raise ValueError(
            f"arrays: the arrays of {path} differ in length ({told}), and element i is made of all of them. Save one"
            " row for each element; unpaired images go into a file for each domain (source 'domains')."
        )
    return len(next(iter(leaves.values())))


def _as_images(images: np.ndarray, where: str) -> np.ndarray:
    """uint8 [N, H, W, C] from what a file may hold."""
    if images.ndim == 3:
        images = images[..., None]
    if images.ndim != 4 or not 1 <= images.shape[-1] <= 4 or not images.size:
        raise ValueError(
            f"arrays: {where} has shape {images.shape}. It must be [N, H, W] or [N, H, W, C], C from 1 to 4, and not empty."
        )
    if images.dtype == np.float32:
        low, high = float(images.min()), float(images.max())
        if not (low >= -1 and high <= 1):  # also true for NaN
            raise ValueError(
                f"arrays: {where} is float32 in [{low:g}, {high:g}]. Float images must be in [-1, 1]; or save uint8."
            )
        images = np.round((images + 1) * 127.5).astype(np.uint8)
    if images.dtype != np.uint8:
        raise ValueError(f"arrays: {where} is {images.dtype}. It must be uint8 (0 to 255), or float32 in [-1, 1].")
    return images


def _as_voxels(voxels: np.ndarray, where: str) -> np.ndarray:
    """bool or uint8 [N, D, H, W, 1] from what a file may hold."""
    if voxels.ndim == 4:
        voxels = voxels[..., None]
    if voxels.ndim != 5 or voxels.shape[-1] != 1 or not voxels.size:
        raise ValueError(
            f"arrays: {where} has shape {voxels.shape}. It must be [N, D, H, W] or [N, D, H, W, 1], and not empty."
        )
    if voxels.dtype != bool and (voxels.dtype != np.uint8 or voxels.max() > 1):
        raise ValueError(f"arrays: {where} is {voxels.dtype}. It must be bool, or uint8 of 0 (empty) and 1 (full).")
    return voxels


def _as_labels(labels: np.ndarray, names: np.ndarray | None, count: int, where: str) -> tuple[np.ndarray, list[str]]:
    """Labels that fit the elements, and a name for each class."""
    if labels.shape != (count,) or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"arrays: {where} is {labels.dtype} of shape {labels.shape}. It must hold integers, one for each of"
            f" {count} images."
        )
    most = int(labels.max())
    if most < 0 and names is None:
        raise ValueError(f"arrays: {where} labels no element (-1: not labelled). Leave it out, or save `classes` too.")
    classes = [str(label) for label in range(most + 1)] if names is None else [str(name) for name in names]
    if labels.min() < -1 or most >= len(classes):
        raise ValueError(
            f"arrays: {where} runs from {labels.min()} to {most}; {len(classes)} classes are numbered from 0, and -1 says"
            " that an element is not labelled."
        )
    return labels, classes


def _as_attributes(table: np.ndarray, names: np.ndarray | None, count: int, where: str) -> dict[str, np.ndarray]:
    """The columns of a table of attributes by their names."""
    asked = [] if names is None else [str(name) for name in names]
    if table.dtype != bool or table.shape != (count, len(asked)) or len(set(asked)) < len(asked):
        raise ValueError(
            f"arrays: {where} is {table.dtype} of shape {table.shape}. It must be bool [{count}, K], a row for each image"
            f" and a column for each of the {len(asked)} different names in the array 'attributes'."
        )
    return dict(zip(asked, table.T, strict=True))
