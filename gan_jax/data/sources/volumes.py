"""A folder or zip archive of shapes: meshes, which are turned into voxels, and files of voxels."""

from __future__ import annotations

import io
import os
from typing import Any

import numpy as np

from gan_jax import ranges
from gan_jax.data.files.tree import Unreadable, open_tree, readable
from gan_jax.data.fingerprints import fingerprint_of_files
from gan_jax.data.in_memory import InMemory
from gan_jax.data.volumes import meshes
from gan_jax.data.volumes.axes import from_xyz
from gan_jax.data.volumes.binvox import read_binvox
from gan_jax.data.volumes.listing import Listing, list_shapes
from gan_jax.names import one_of

ENDINGS = (*meshes.ENDINGS, ".binvox", ".npz")


class Volumes(InMemory):
    """OFF, OBJ, STL, PLY and GLB meshes (with the extra `meshes`), .binvox files and .npz files with an array voxels.

    Shapes directly in `path` have no labels; in folders of it the first folder is the class. A folder train or test, above
    or below the classes (as in ModelNet), is a split. All shapes are read on opening. A mesh becomes what its surface passes
    through and the cavities that it closes: of a mesh that is not watertight much may stay hollow, and `notes` counts those.
    docs/shapes.md has all of it.

    Attributes:
        skipped: the files that `skip_broken` left out.
        notes: sentences on what was left out, and how many meshes are not watertight.

    Args:
        path: the folder, or a zip archive.
        split: the split to read. Unset: train, where there are splits.
        size: voxels along each side. Files of voxels must have it.
        span: how many voxels the longest side of a mesh takes; unset: 7/8 of the size.
        up: the axis that points up in the meshes and .binvox files: "y", or "z", as in ModelNet.
        skip_broken: leaves out files that cannot be read, or are empty or flat, instead of an error.

    Raises:
        FileNotFoundError: no such folder or split, or no shapes there.
        ValueError: a file that cannot be used, unless `skip_broken`; shapes beside class folders.
        ImportError: meshes, and no trimesh.
    """

    def __init__(
        self,
        path: str,
        split: str | None = None,
        size: int = 32,
        span: float | None = None,
        up: str = "y",
        skip_broken: bool = False,
    ):
        ranges.whole("volumes: size", size, 2, 256)
        span = size * 7 / 8 if span is None else span
        ranges.within("volumes: span", span, 1, size)
        one_of(up, meshes.UPS, "volumes: up")
        place = os.path.expanduser(path)
        if not os.path.exists(place):
            raise FileNotFoundError(
                f"volumes: there is no folder {readable(os.path.abspath(place))}. Set `path` to one."
            )
        self._tree = open_tree(place)
        listing = list_shapes(self._tree, split, ENDINGS)
        read = _Reader(self._tree, size, span, up)
        kept, voxels = _read_all(listing, read, skip_broken)
        self._files = [listing.files[index] for index in kept]
        self.skipped = tuple(readable(listing.files[i]) for i in sorted(set(range(len(listing.files))) - set(kept)))
        self.notes = (*listing.notes, *read.notes(), *_told(self.skipped, read.reasons))
        labels = None if listing.labels is None else listing.labels[kept]
        if labels is not None and (lost := set(range(len(listing.classes))) - set(labels.tolist())):
            names = ", ".join(listing.classes[label] for label in sorted(lost))
            raise ValueError(f"volumes: no shape of the classes {names} in {self._tree.place} can be used")
        told = f", size={size}, span={span:g}, up={up!r}, skip_broken={skip_broken}"
        super().__init__({"voxels": voxels}, labels, listing.classes, f"Volumes({path!r}, split={split!r}{told})")

    def fingerprint(self) -> dict[str, Any]:
        """See `data.fingerprints`."""
        return fingerprint_of_files(self._files, self._tree.facts, self._tree.read)


class _Reader:
    """Reads one file after the other, and counts what was not watertight."""

    def __init__(self, tree: Any, size: int, span: float, up: str):
        self._tree, self._size, self._span, self._up = tree, size, span, up
        self.meshes, self.open, self.reasons = 0, [], {}

    def __call__(self, file: str) -> np.ndarray:
        """bool [D, H, W, 1]. Raises ValueError, without the file's name, for what cannot be used."""
        ending = os.path.splitext(file)[1].lower()
        data = self._tree.read(file)
        if ending in meshes.ENDINGS:
            found = meshes.voxelised(data, ending, self._size, self._span, self._up)
            self.meshes += 1
            self.open += [] if found.watertight else [readable(file)]
            voxels = from_xyz(found.voxels)
        elif ending == ".binvox":
            voxels = read_binvox(data)
            voxels = from_xyz(voxels.transpose(0, 2, 1)[:, :, ::-1] if self._up == "z" else voxels)
        else:
            voxels = _from_npz(data)
        if voxels.shape != (wanted := (self._size,) * 3):
            raise ValueError(
                f"it holds {' x '.join(map(str, voxels.shape))} voxels, and size asks for {wanted[0]} a side"
            )
        if not voxels.any():
            raise ValueError("it is empty: no voxel is full")
        return np.ascontiguousarray(voxels)[..., None]

    def notes(self) -> tuple[str, ...]:
        if not self.open:
            return ()
        some = ", ".join(self.open[:3]) + (", ..." if len(self.open) > 3 else "")
        return (
            f"{len(self.open):,} of {self.meshes:,} meshes are not watertight, so what they leave open stays hollow: {some}",
        )


def _read_all(listing: Listing, read: _Reader, skip_broken: bool) -> tuple[list[int], np.ndarray]:
    """Which files were read, and bool [N, D, H, W, 1]."""
    from tqdm import tqdm

    kept, voxels = [], []
    for index, file in enumerate(tqdm(listing.files, "reading shapes", leave=False, disable=len(listing.files) < 50)):
        try:
            voxels.append(read(file))
            kept.append(index)
        except (ValueError, Unreadable) as error:
            if not skip_broken:
                remedy = "Mend or delete the file, or set skip_broken to leave such files out."
                raise ValueError(f"volumes: {readable(file)}: {error}. {remedy}") from error
            read.reasons[readable(file)] = str(error)
    if not voxels:
        first, why = next(iter(read.reasons.items()))
        raise ValueError(f"volumes: none of the {len(listing.files)} shapes can be used. The first, {first}: {why}")
    return kept, np.stack(voxels)


def _from_npz(data: bytes) -> np.ndarray:
    """bool [D, H, W] of an array voxels."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            found = arrays["voxels"] if "voxels" in arrays else None
    except Exception as error:  # what zip files and pickles raise
        raise ValueError(f"it is no .npz file that can be read ({error})") from error
    if found is None:
        raise ValueError("it has no array voxels")
    found = found[..., 0] if found.ndim == 4 and found.shape[-1] == 1 else found
    if found.ndim != 3 or (found.dtype != bool and (found.dtype != np.uint8 or found.max(initial=0) > 1)):
        raise ValueError(
            f"its array voxels is {found.dtype} {found.shape}: it must be bool, or uint8 of 0 and 1, [D, H, W] or [D, H, W, 1]"
        )
    return found.astype(bool)


def _told(skipped: tuple[str, ...], reasons: dict[str, str]) -> tuple[str, ...]:
    if not skipped:
        return ()
    more = ", ..." if len(skipped) > 3 else ""
    some = "; ".join(f"{name}: {reasons[name]}" for name in skipped[:3])
    return (f"left out {len(skipped):,} shapes that cannot be used: {some}{more}",)
