"""Files that PyTorch wrote, read without executing anything in them."""

from __future__ import annotations

import argparse
import os
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np


def load_torch(path: str | os.PathLike) -> Any:
    """What the file holds; PyTorch is told to load nothing but tensors and plain containers.

    Raises ImportError without PyTorch, ValueError for anything else in the file.
    """
    try:
        import torch  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise ImportError(f"PyTorch is needed to read {path}: pip install torch") from error
    mapped = zipfile.is_zipfile(path)  # files older than PyTorch 1.6 are no archives, and cannot be mapped
    try:
        with torch.serialization.safe_globals([argparse.Namespace]):  # a plain container, of a script's arguments
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except Exception as error:  # of pickle, zipfile or torch: whatever the bytes provoke
        raise ValueError(f"{path} cannot be read as PyTorch weights: {str(error).splitlines()[0]}") from error


def tensors_by_name(state: Any, path: str | os.PathLike, otherwise: str = " and nothing else") -> dict[str, np.ndarray]:
    """A state dict as float32 arrays. Raises ValueError, ending in `otherwise`, where it holds anything but tensors."""
    import torch  # pyright: ignore[reportMissingImports]

    if not isinstance(state, Mapping) or not all(isinstance(tensor, torch.Tensor) for tensor in state.values()):
        raise ValueError(f"{path} is no state dict: it must hold tensors by name{otherwise}")
    return {name: tensor.detach().float().numpy() for name, tensor in state.items()}
