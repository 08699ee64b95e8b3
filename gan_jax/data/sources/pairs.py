"""Pairs of images from two folders, matched by name, or from one folder of images side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gan_jax.data.fingerprints import fingerprint
from gan_jax.data.images.decoding import BrokenImage
from gan_jax.data.matching import matched
from gan_jax.data.source import Element
from gan_jax.data.sources.folder import Folder

_BOTH = "a={'path': 'photos'} and b={'path': 'labels'}"


class Pairs:
    """Elements {"a", "b"}, one for each name, in the order of the names.

    Attributes:
        notes: sentences on what was left out.

    Args:
        path: a folder or zip archive of images whose left half is `a` and whose right half is `b`, as the data sets of
            pix2pix come.
        a, b: in place of `path`, the settings of source `folder` for each side: {"path": "photos"}. An image of one goes
            with that of the other that has its name, whatever the ending.
        split: of every folder whose settings name none.
        skip_broken: leave out files that do not decode. Of two folders, their partners must be missing too.

    Raises:
        FileNotFoundError: no such folder.
        ValueError: names of one folder that the other lacks, which are listed; a name twice in one; `path` beside `a` and
            `b`; on reading, an image of an odd width that should hold two.
    """

    classes: tuple[str, ...] = ()
    keys = ("a", "b")

    def __init__(
        self, path: str | None = None, split: str | None = None, skip_broken: bool = False, **sides: Mapping[str, Any]
    ):
        if unknown := sides.keys() - {"a", "b"}:
            raise ValueError(f"pairs: there is no setting {min(unknown)!r}; give path, or {_BOTH}.")
        if bool(path) == bool(sides) or len(sides) == 1:
            raise ValueError(f"pairs: give either path, a folder of images side by side, or two folders: {_BOTH}.")
        shared: dict[str, Any] = {"split": split, "skip_broken": skip_broken}
        if path:
            self._sides = {"": Folder(path, **shared)}
            self._rows = [(index,) for index in range(len(self._sides[""]))]
        else:
            self._sides = {}
            for key in ("a", "b"):
                if not isinstance(sides[key], Mapping) or "path" not in sides[key]:
                    raise ValueError(f"pairs: {key} must be settings such as {{'path': 'photos'}}, got {sides[key]!r}.")
                try:
                    self._sides[key] = Folder(**{**shared, **sides[key]})
                except TypeError as error:
                    raise ValueError(f"pairs: {key}: source folder takes no such setting ({error}).") from error
            names = tuple(f"{key} ({sides[key]['path']})" for key in ("a", "b"))
            try:
                self._rows = matched(self._sides["a"].files, self._sides["b"].files, names)
            except ValueError as error:
                raise ValueError(f"pairs: {error}") from error
        self.notes = tuple(
            f"{key}: {note}" if key else note for key, side in self._sides.items() for note in side.notes
        )

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Element:
        images = [side[row]["image"] for side, row in zip(self._sides.values(), self._rows[index], strict=True)]
        if len(images) == 2:
            return dict(zip(self.keys, images, strict=True))
        half = self._half(images[0].shape, index)
        return {"a": images[0][:, :half], "b": images[0][:, half:]}

    def __repr__(self) -> str:
        told = ", ".join(f"{key}={side!r}" if key else repr(side) for key, side in self._sides.items())
        return f"Pairs({told})"

    def sizes_of(self, index: int) -> dict[str, tuple[int, ...]]:
        sizes = [side.sizes_of(row)["image"] for side, row in zip(self._sides.values(), self._rows[index], strict=True)]
        if len(sizes) == 2:
            return dict(zip(self.keys, sizes, strict=True))
        height, _, channels = sizes[0]
        return dict.fromkeys(self.keys, (height, self._half(sizes[0], index), channels))

    def labels(self) -> np.ndarray | None:
        return None

    def fingerprint(self) -> dict[str, Any]:
        """See `data.fingerprints`: of one folder its own, of two one for each."""
        found = {key: fingerprint(side) for key, side in self._sides.items()}
        return found[""] if "" in found else found

    def _half(self, shape: tuple[int, ...], index: int) -> int:
        if shape[1] % 2:
            file = self._sides[""].files[self._rows[index][0]]
            raise BrokenImage(
                f"pairs: {file} is {shape[1]} pixels wide, an odd number: it does not hold two images side by side. Remove"
                " it, or give the two sides as folders of their own."
            )
        return shape[1] // 2
