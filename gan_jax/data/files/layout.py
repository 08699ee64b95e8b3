"""What the names of a tree's files tell: which are images, of which split, and of which class."""

from __future__ import annotations

import collections
import dataclasses

import numpy as np

from gan_jax.data.files.dataset_json import DATASET_JSON, labels_in
from gan_jax.data.files.tree import Tree, Unreadable, joined, readable
from gan_jax.data.labels import MOST_CLASSES

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")  # in either case

_TRAIN = ("train", "training")
SPLITS = (*_TRAIN, "test", "testing", "val", "valid", "validation", "dev", "eval", "unlabeled", "unlabelled")


@dataclasses.dataclass(frozen=True)
class Layout:
    """The images of one split: their paths, labels (int32 [N], or None), classes, and sentences on what was left out."""

    files: list[str]
    labels: np.ndarray | None
    classes: tuple[str, ...]
    notes: tuple[str, ...]


def layout_of(tree: Tree, split: str | None, splits: bool | None) -> Layout:
    """Images directly in the split have no labels; images in folders of it have the first folder as their class.

    Where there is a dataset.json, as the StyleGAN tools write it, folders mean nothing and labels are those it holds.

    Args:
        split: the folder that is read.
        splits: whether the tree's folders are splits, of which train is read by default, or classes. None: splits,
            where all that hold images have the names of splits.

    Raises:
        FileNotFoundError: no such split, or no images.
        ValueError: folders of which some have the names of splits, where `splits` is None; images beside class folders;
            a class folder without images; a dataset.json of another kind.
    """
    root = _split_folder(tree, split, splits)
    found = _Walk(tree)
    if root and split is None:
        found.beside(tree.listing("")[0])
    files, folders = tree.listing(root)
    images, by_class = found.images_of(root, files), {}
    for name in folders:
        by_class[name] = found.below(joined(root, name))
    everything = images + [file for name in folders for file in by_class[name]]
    where = readable(joined(tree.place, root))
    if not everything:
        raise FileNotFoundError(
            f"no images in {where} or its folders. Known endings: {' '.join(ENDINGS)}.{found.told()}"
        )
    if DATASET_JSON in files:
        listed = [file[len(root) + 1 if root else 0 :] for file in everything]
        try:
            text = tree.read(joined(root, DATASET_JSON))
        except Unreadable as error:
            raise ValueError(f"{DATASET_JSON} in {where} cannot be read: {error}.") from error
        labels, classes, notes = labels_in(text, listed, where)
        return Layout(everything, labels, classes, (*notes, *found.notes()))
    if images and len(everything) > len(images):
        beside = ", ".join(readable(name) for name in folders if by_class[name])
        raise ValueError(
            f"{where} holds images ({readable(images[0])}, ...) beside folders of images ({beside})."
            " Keep either only images (no labels) or only one folder for each class."
        )
    if images:
        return Layout(images, None, (), found.notes())
    if empty := [readable(name) for name in folders if not by_class[name]]:
        raise ValueError(f"no images in the class folders {', '.join(empty)} of {where}. Remove them.{found.told()}")
    if len(folders) > MOST_CLASSES:
        raise ValueError(f"{where} has {len(folders):,} folders, and {MOST_CLASSES:,} classes are the most.")
    labels = np.repeat(np.arange(len(folders), dtype=np.int32), [len(by_class[name]) for name in folders])
    return Layout(everything, labels, tuple(map(readable, folders)), found.notes())


def _split_folder(tree: Tree, split: str | None, splits: bool | None) -> str:
    files, folders = tree.listing("")
    if split is not None:
        if splits is False:
            raise ValueError(f"split is {split!r}, and splits=False says that the folders of {tree.place} are classes.")
        if split not in folders:
            told = ", ".join(map(readable, folders)) or "none"
            raise FileNotFoundError(f"{tree.place} has no split {split!r}. Folders there: {told}.")
        return split
    named = [name for name in folders if name.lower() in SPLITS]
    if splits is False or splits is None and (not named or DATASET_JSON in files):
        return ""
    told = ", ".join(map(readable, named)) or "none"
    if splits is None:
        others = [readable(name) for name in folders if name not in named and _holds_images(tree, name)]
        if others:
            some = ", ".join(others[:5]) + (", ..." if len(others) > 5 else "")
            raise ValueError(
                f"{tree.place} has folders with the names of splits ({told}) beside others ({some}). Set splits=False"
                " where all of them are classes, splits=True where the data are split, or give the split's own folder as path."
            )
    train = [name for name in named if name.lower() in _TRAIN]
    if len(train) != 1:
        raise FileNotFoundError(
            f"{tree.place} has {'no' if not train else 'more than one'} folder train among its splits ({told}). Set"
            " split to the one to read, or splits=False where its folders are classes."
        )
    return train[0]


def _holds_images(tree: Tree, folder: str) -> bool:
    files, folders = tree.listing(folder)
    return any(file.lower().endswith(ENDINGS) for file in files) or any(
        _holds_images(tree, joined(folder, name)) for name in folders
    )


class _Walk:
    """Finds images, and counts what else is there."""

    def __init__(self, tree: Tree):
        self._tree = tree
        self._endings: collections.Counter[str] = collections.Counter()
        self._examples: list[str] = []
        self._beside: list[str] = []

    def beside(self, files: list[str]) -> None:
        """Notes the images among the files that lie beside splits."""
        self._beside = [readable(name) for name in files if name.lower().endswith(ENDINGS)]

    def images_of(self, folder: str, files: list[str]) -> list[str]:
        """The paths of the images among a folder's files."""
        images = []
        for name in files:
            if name.lower().endswith(ENDINGS):
                images.append(joined(folder, name))
            elif name != DATASET_JSON:
                dot = name.rfind(".")
                self._endings[readable(name[dot:].lower()) if dot > 0 else "no ending"] += 1
                if len(self._examples) < 3:
                    self._examples.append(readable(joined(folder, name)))
        return images

    def below(self, folder: str) -> list[str]:
        """Images at any depth, sorted within each folder, those of its own folders behind its files."""
        files, folders = self._tree.listing(folder)
        found = self.images_of(folder, files)
        for name in folders:
            found += self.below(joined(folder, name))
        return found

    def notes(self) -> tuple[str, ...]:
        others = (f"left out {self._counted()}",) if self._endings else ()
        if not self._beside:
            return others
        more = ", ..." if len(self._beside) > 3 else ""
        return (
            f"left out {len(self._beside):,} images beside the splits, {', '.join(self._beside[:3])}{more}",
            *others,
        )

    def told(self) -> str:
        """The same as the end of an error."""
        return f" There are {self._counted()}." if self._endings else ""

    def _counted(self) -> str:
        total = sum(self._endings.values())
        kinds = [f"{ending}: {count:,}" for ending, count in self._endings.most_common(8)]
        kinds += ["..."] if len(self._endings) > 8 else []
        more = ", ..." if total > len(self._examples) else ""
        return f"{total:,} files of other kinds ({', '.join(kinds)}), {', '.join(self._examples)}{more}"
