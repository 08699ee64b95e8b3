"""Voxels from .binvox files (P. Min, www.patrickmin.com/binvox): a header of text, then runs of equal voxels."""

from __future__ import annotations

import numpy as np

_MOST_VOXELS = 512**3


def read_binvox(data: bytes) -> np.ndarray:
    """bool [x, y, z], y up. Runs are stored with y fastest, then z, then x. Raises ValueError for what is no such file."""
    head, _, runs = data.partition(b"\ndata\n")
    lines = head.decode("latin-1").splitlines()
    if not lines or not lines[0].startswith("#binvox"):
        raise ValueError("it does not begin with #binvox")
    dims = next((line.split()[1:] for line in lines if line.startswith("dim")), [])
    if len(dims) != 3 or not all(each.isdigit() and int(each) > 0 for each in dims):
        raise ValueError("its header has no line dim with three sizes")
    sizes = tuple(map(int, dims))
    if np.prod(sizes, dtype=np.int64) > _MOST_VOXELS:
        raise ValueError(f"it claims {' x '.join(dims)} voxels, and 512 x 512 x 512 are the most that are read")
    pairs = np.frombuffer(runs, np.uint8)
    if len(pairs) % 2 or (total := int(pairs[1::2].sum(dtype=np.int64))) != np.prod(sizes):
        told = "end within a run" if len(pairs) % 2 else f"give {total:,} voxels"
        raise ValueError(f"its runs {told}, and {' x '.join(dims)} were said")
    flat = np.repeat(pairs[::2] > 0, pairs[1::2])
    return flat.reshape(sizes[0], sizes[2], sizes[1]).transpose(0, 2, 1)  # [x, z, y] -> [x, y, z]
