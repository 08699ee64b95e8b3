"""A folder or zip archive of images, flat or with one folder for each class."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from gan_jax.data.files.layout import layout_of
from gan_jax.data.files.tree import Unreadable, open_tree, readable
from gan_jax.data.fingerprints import fingerprint_of_files
from gan_jax.data.images.decoding import BrokenImage, broken, decode, size_of
from gan_jax.data.images.depth import check_bits
from gan_jax.data.source import Element

_REMEDY = "Replace or delete the file, or set skip_broken to leave such files out."


class Folder:
    """PNG, JPEG, WebP, BMP, GIF and TIFF files, in the order of their names. Opening lists names; pixels are read when
    asked for.

    Images directly in `path` have no labels. Images in folders of `path`, at any depth, have the first folder's place
    among its sorted siblings as label. Where a dataset.json of the StyleGAN tools lies in `path`, its labels hold, and
    folders mean nothing. Names that begin with a dot are not looked at. docs/data.md has all of it.

    Attributes:
        files: the images' paths below `path`, in the order of the elements.
        skipped: the files that `skip_broken` left out.
        notes: sentences on what was left out.

    Args:
        path: the folder, or a zip archive, which is read where it lies.
        split: reads path/<split>. Unset: path/train where the folders are splits, else path itself.
        skip_broken: decodes every file once, on opening, and leaves out those that fail.
        splits: whether the folders of `path` are splits (True) or classes (False). Unset: splits, if all that hold
            images have the names of splits, such as train and test.
        bits: how many of a 16-bit grey file's bits are used, 12 for 0 .. 4095. Unset: 16, and files that seem to have
            fewer are refused.

    Raises:
        FileNotFoundError: no such folder or archive, no such split, or no images there.
        ValueError: images beside class folders, a class folder without images, folders of which only some have the
            names of splits, a dataset.json that is another program's.
        BrokenImage: a file that does not decode; on opening never, on reading unless `skip_broken`.
    """

    def __init__(
        self,
        path: str,
        split: str | None = None,
        skip_broken: bool = False,
        splits: bool | None = None,
        bits: int | None = None,
    ):
        check_bits(bits, "folder")
        if splits not in (None, True, False):
            raise ValueError(f"folder: splits is True or False, not {splits!r}; the split to read is named by `split`.")
        told = "".join(f", {name}={value}" for name, value in (("splits", splits), ("bits", bits)) if value is not None)
        self._name = f"Folder({path!r}, split={split!r}, skip_broken={skip_broken}{told})"
        self._place, self._bits = os.path.expanduser(path), bits
        if not os.path.exists(self._place):
            raise FileNotFoundError(
                f"folder: there is no folder {readable(os.path.abspath(self._place))}. Set `path` to a folder or a zip"
                " archive of images."
            )
        try:
            self._tree = open_tree(self._place)
            layout = layout_of(self._tree, split, splits)
        except (FileNotFoundError, ValueError) as error:
            kind = FileNotFoundError if isinstance(error, FileNotFoundError) else ValueError
            raise kind(f"folder: {error}") from error
        self.classes, self.notes, self.skipped = layout.classes, layout.notes, ()
        self.files, self._labels = layout.files, layout.labels
        self.keys = ("image",) if self._labels is None else ("image", "label")
        if skip_broken:
            self._leave_out_broken()

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Element:
        image = self._decoded(index)
        return {"image": image} if self._labels is None else {"image": image, "label": int(self._labels[index])}

    def __repr__(self) -> str:
        return self._name

    def sizes_of(self, index: int) -> dict[str, tuple[int, ...]]:
        try:
            with self._tree.open(self.files[index]) as opened:
                return {"image": size_of(opened, self._told(index), _REMEDY)}
        except Unreadable as error:
            raise broken(self._told(index), error, _REMEDY) from error

    def labels(self) -> np.ndarray | None:
        return self._labels

    def _decoded(self, index: int) -> np.ndarray:
        try:
            data = self._tree.read(self.files[index])
        except Unreadable as error:
            raise broken(self._told(index), error, _REMEDY) from error
        return decode(data, self._told(index), _REMEDY, self._bits)

    def _told(self, index: int) -> str:
        return f"{self._place}/{self.files[index]}"

    def fingerprint(self) -> dict[str, Any]:
        """See `data.fingerprints`."""
        return fingerprint_of_files(self.files, self._tree.facts, self._tree.read)

    def _leave_out_broken(self) -> None:
        from tqdm import tqdm

        def reason(index: int) -> str:
            try:
                self._decoded(index)
            except BrokenImage as error:
                return str(error).removesuffix(f" {_REMEDY}")
            return ""

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            reasons = list(tqdm(pool.map(reason, range(len(self))), "checking images", len(self), leave=False))
        kept = [index for index, why in enumerate(reasons) if not why]
        if not kept:
            raise BrokenImage(
                f"folder: none of the {len(self)} images in {self._tree.place} can be decoded. The first: {reasons[0]}"
            )
        if len(kept) == len(self):
            return
        self.skipped = tuple(readable(file) for file, why in zip(self.files, reasons, strict=True) if why)
        first = next(why for why in reasons if why)
        more = f", {', '.join(self.skipped[1:4])}" if len(self.skipped) > 1 else ""
        more += ", ..." if len(self.skipped) > 4 else ""
        self.notes += (f"left out {len(self.skipped):,} images that do not decode: {first}{more}",)
        self.files = [self.files[index] for index in kept]
        if self._labels is not None:
            before = set(self._labels[self._labels >= 0].tolist())
            self._labels = self._labels[kept]
            if lost := [self.classes[label] for label in sorted(before - set(self._labels.tolist()))]:
                raise BrokenImage(
                    f"folder: no image of the classes {', '.join(lost)} in {self._tree.place} can be decoded. {first}"
                    " Replace their files, or remove the class."
                )
