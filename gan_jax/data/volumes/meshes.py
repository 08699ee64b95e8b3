"""Triangle meshes to voxels, by trimesh: all that the surface passes through, and the cavities that it closes."""

from __future__ import annotations

import io
from typing import NamedTuple

import numpy as np
from scipy import ndimage

ENDINGS = (".off", ".obj", ".stl", ".ply", ".glb")
UPS = ("y", "z")
_MOST_FACES = 5_000_000
_MARGIN = 1e-4  # of a voxel: a side that ends where a voxel does takes no part in the next


class Solid(NamedTuple):
    """voxels: bool [x, y, z], y up. watertight: whether the mesh encloses a volume; if not, what it left open is hollow."""

    voxels: np.ndarray
    watertight: bool


def voxelised(data: bytes, ending: str, size: int, span: float, up: str = "y") -> Solid:
    """A mesh file of one of `ENDINGS` as voxels [size, size, size].

    The box of the mesh is centred, its proportions kept; its longest side spans `span` voxels. up: the axis that
    points up in the file: "y" (x right, z towards the viewer) or "z" (x right, y away from the viewer).
    Raises ValueError for a file that cannot be read as a mesh, that is empty, flat or too large; ImportError without trimesh.
    """
    mesh = _read(data, ending)
    if not len(mesh.faces):
        raise ValueError("it has no faces: an empty mesh, or points alone")
    if len(mesh.faces) > _MOST_FACES:
        raise ValueError(f"it has {len(mesh.faces):,} faces, and {_MOST_FACES:,} are the most: simplify it first")
    points = np.asarray(mesh.vertices, np.float64)[np.unique(mesh.faces)]
    if not np.isfinite(points).all():
        raise ValueError("it has a corner at infinity or at NaN")
    low, high = points.min(0), points.max(0)
    extents = high - low
    if np.sort(extents)[0] <= 1e-6 * extents.max():
        raise ValueError(f"it is flat: its box is {' x '.join(f'{each:g}' for each in extents)}")
    watertight = bool(mesh.is_watertight)
    mesh.apply_translation(-(low + high) / 2)
    mesh.apply_scale((span - _MARGIN) / extents.max())
    mesh.apply_translation(np.full(3, size / 2 - 0.5))  # now voxel k is what lies nearest to k
    places = np.round(mesh.voxelized(1.0).points).astype(np.int64)
    grid = np.zeros((size, size, size), bool)
    grid[tuple(np.clip(places, 0, size - 1).T)] = True
    grid = ndimage.binary_fill_holes(grid)
    if up == "z":
        grid = grid.transpose(0, 2, 1)[:, :, ::-1]  # x, z, and y away becomes z towards
    return Solid(grid, watertight)


def _read(data: bytes, ending: str):
    try:
        import trimesh  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise ImportError("meshes are read by trimesh: pip install trimesh") from error
    if ending == ".off" and data[:3] == b"OFF" and data[3:4] not in (b"\n", b"\r", b" "):
        data = b"OFF\n" + data[3:]  # ModelNet's files that lack the line's end
    try:
        return trimesh.load_mesh(io.BytesIO(data), file_type=ending[1:])
    except Exception as error:  # readers of five formats raise what they like
        raise ValueError(f"it cannot be read as {ending[1:].upper()} ({type(error).__name__}: {error})") from error
