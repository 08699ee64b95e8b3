"""A folder of images, flat or with one folder for each class."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from gan_jax.data.fingerprints import fingerprint_of_files
from gan_jax.data.images.decoding import BrokenImage, decode, size_of
from gan_jax.data.source import Element

ENDINGS = (".png", ".jpg", ".jpeg", ".webp")  # in either case

_REMEDY = "Replace or delete the file, or set skip_broken to leave such files out."


class Folder:
    """PNG, JPEG and WebP files, in the order of their names. Opening lists names; pixels are read when asked for.

    Images directly in `path` have no labels. Images in folders of `path`, at any depth, have the first folder's place
    among its sorted siblings as label. Names that begin with a dot are not looked at.

    Args:
        path: the folder.
        split: reads path/<split>. Unset: path/train where that exists, else path itself.
        skip_broken: decodes every file once, on opening, and leaves out those that fail; `skipped` names them.

    Raises:
        FileNotFoundError: no such folder, no such split, or no images there.
        ValueError: images beside class folders, or a class folder without images.
        BrokenImage: a file that does not decode; on opening never, on reading unless `skip_broken`.
    """

    def __init__(self, path: str, split: str | None = None, skip_broken: bool = False):
        self._path = _split_folder(os.path.expanduser(path), split)
        self._name = f"Folder({path!r}, split={split!r}, skip_broken={skip_broken})"
        images, folders = _listing(self._path)
        by_class = {name: _images_below(os.path.join(self._path, name), name) for name in folders}
        if not images and not any(by_class.values()):
            raise FileNotFoundError(
                f"folder: no images in {os.path.abspath(self._path)} or its folders. Known endings: {' '.join(ENDINGS)}."
            )
        if images and any(by_class.values()):
            raise ValueError(
                f"folder: {self._path} holds images ({images[0]}, ...) beside folders of images ({', '.join(folders)})."
                " Keep either only images (no labels) or only one folder for each class."
            )
        if not images and not all(by_class.values()):
            empty = [name for name in folders if not by_class[name]]
            raise ValueError(f"folder: no images in the class folders {', '.join(empty)} of {self._path}. Remove them.")
        self.classes = () if images else tuple(folders)
        self.keys = ("image",) if images else ("image", "label")
        self._files = images or [file for name in folders for file in by_class[name]]
        counts = [len(by_class[name]) for name in self.classes]
        self._labels = None if images else np.repeat(np.arange(len(counts), dtype=np.int32), counts)
        self.skipped: tuple[str, ...] = ()
        if skip_broken:
            self._leave_out_broken()

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int) -> Element:
        file = os.path.join(self._path, self._files[index])
        with open(file, "rb") as opened:
            image = decode(opened.read(), file, _REMEDY)
        return {"image": image} if self._labels is None else {"image": image, "label": int(self._labels[index])}

    def __repr__(self) -> str:
        return self._name

    def sizes_of(self, index: int) -> dict[str, tuple[int, ...]]:
        file = os.path.join(self._path, self._files[index])
        return {"image": size_of(file, file, _REMEDY)}

    def labels(self) -> np.ndarray | None:
        return self._labels

    def fingerprint(self) -> dict[str, Any]:
        """See `data.fingerprints`."""
        at = lambda file: os.path.join(self._path, file)
        facts = lambda file: (os.stat(at(file)).st_size, os.stat(at(file)).st_mtime)
        return fingerprint_of_files(self._files, facts, lambda file: Path(at(file)).read_bytes())

    def _leave_out_broken(self) -> None:
        from tqdm import tqdm

        def is_sound(index: int) -> bool:
            try:
                self[index]
            except BrokenImage:
                return False
            return True

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            sound = list(tqdm(pool.map(is_sound, range(len(self))), "checking images", len(self), leave=False))
        kept = np.flatnonzero(sound)
        if not len(kept):
            raise BrokenImage(f"folder: none of the {len(self)} images in {self._path} can be decoded.")
        self.skipped = tuple(file for file, good in zip(self._files, sound, strict=True) if not good)
        self._files = [self._files[index] for index in kept]
        self._labels = None if self._labels is None else self._labels[kept]


def _split_folder(path: str, split: str | None) -> str:
    if not os.path.isdir(path):
        raise FileNotFoundError(
            f"folder: there is no folder {os.path.abspath(path)}. Set `path` to a folder of images."
        )
    if split is None:
        train = os.path.join(path, "train")
        return train if os.path.isdir(train) else path
    if not os.path.isdir(os.path.join(path, split)):
        folders = ", ".join(_listing(path)[1]) or "none"
        raise FileNotFoundError(f"folder: {os.path.abspath(path)} has no split {split!r}. Folders there: {folders}.")
    return os.path.join(path, split)


def _listing(path: str) -> tuple[list[str], list[str]]:
    """Names of the images and of the folders directly in a folder, sorted."""
    with os.scandir(path) as entries:
        seen = [(entry.name, entry.is_dir()) for entry in entries if not entry.name.startswith(".")]
    images = sorted(name for name, is_folder in seen if not is_folder and name.lower().endswith(ENDINGS))
    return images, sorted(name for name, is_folder in seen if is_folder)


def _images_below(path: str, name: str) -> list[str]:
    """Images at any depth, their paths beginning with `name`, sorted within each folder."""
    images, folders = _listing(path)
    found = [os.path.join(name, image) for image in images]
    for folder in folders:
        found += _images_below(os.path.join(path, folder), os.path.join(name, folder))
    return found
