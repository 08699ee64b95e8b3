"""Images from a NumPy .npz file."""

from __future__ import annotations

import os
import zipfile

import numpy as np

from gan_jax.data.in_memory import InMemory


class Arrays(InMemory):
    """The arrays of one .npz file, read into memory.

    The file holds `image`: uint8 [N, H, W, C] or [N, H, W], or float32 in [-1, 1], which is rounded to 256 levels;
    `label`: integers [N] from 0, if there are labels; `classes`: their names, if they have any; `attributes`: the names
    of K yes/no attributes, if there are any; `attribute`: bool [N, K], which image has which.

    Args:
        path: the .npz file.
        split: reads `image_<split>`, `label_<split>` and `attribute_<split>` instead; unset, those without a split, or
            those of "train" where `image` is absent.
    """

    def __init__(self, path: str, split: str | None = None):
        path = os.path.expanduser(path)
        if not os.path.isfile(path):
            raise FileNotFoundError(f"arrays: there is no file {os.path.abspath(path)}. Set `path` to an .npz file.")
        if not zipfile.is_zipfile(path):
            raise ValueError(f"arrays: {path} is not an .npz file. Save one with np.savez(path, image=...).")
        with np.load(path, allow_pickle=False) as file:
            if split is None and "image" not in file and "image_train" in file:
                split = "train"
            suffix = "" if split is None else f"_{split}"
            if f"image{suffix}" not in file:
                raise ValueError(f"arrays: {path} has no array 'image{suffix}'. It holds: {', '.join(file.files)}.")
            images = _as_images(file[f"image{suffix}"], f"{path}: image{suffix}")
            labels = file.get(f"label{suffix}", None)
            names = file.get("classes", None)
            table, asked = file.get(f"attribute{suffix}", None), file.get("attributes", None)
        if labels is not None:
            labels, names = _as_labels(labels, names, len(images), f"{path}: label{suffix}")
        attributes = {} if table is None else _as_attributes(table, asked, len(images), f"{path}: attribute{suffix}")
        name = f"Arrays({path!r}, split={split!r})"
        super().__init__(images, labels, () if labels is None else names, name, attributes)


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


def _as_labels(labels: np.ndarray, names: np.ndarray | None, count: int, where: str) -> tuple[np.ndarray, list[str]]:
    """Labels that fit the images, and a name for each class."""
    if labels.shape != (count,) or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"arrays: {where} is {labels.dtype} of shape {labels.shape}. It must hold integers, one for each of"
            f" {count} images."
        )
    classes = [str(label) for label in range(labels.max() + 1)] if names is None else [str(name) for name in names]
    if labels.min() < 0 or labels.max() >= len(classes):
        raise ValueError(
            f"arrays: {where} runs from {labels.min()} to {labels.max()}; {len(classes)} classes are numbered from 0."
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
