"""Weights in files of other projects, as arrays by name. Nothing in a file is executed."""

from __future__ import annotations

import json
import math
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gan_jax.features.torch_file import load_torch, tensors_by_name

StateDict = Mapping[str, np.ndarray]

_WITHIN = ("model_state_dict", "state_dict")  # where checkpoints keep the weights beside an optimiser's state
_AVERAGES = ("g_ema", "g_running", "generator_smooth", "shadow_generator", "G_ema")
PLAYERS: Mapping[str, tuple[str, ...]] = {  # what checkpoints of several networks call each
    "generator": ("g", "generator", "G", *_AVERAGES),  # published ones have the average alone
    "generator_ema": _AVERAGES,
    "discriminator": ("d", "discriminator", "D"),
}
_SAFETENSORS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "U8": "u1"}
_WRAPPED = "module."  # what PyTorch's DataParallel puts before every name


def read_state_dict(path: str | os.PathLike, player: str = "") -> dict[str, np.ndarray]:
    """The arrays of a file by name, float32 where they are of a floating type.

    .safetensors and .npz (without pickled objects) are read as they are; any other file by PyTorch, which is told to
    load nothing but tensors and plain containers. player: "generator", "generator_ema" or "discriminator", which one of
    a PyTorch checkpoint of several networks is meant. Raises FileNotFoundError, ImportError without PyTorch, and ValueError
    for a file that holds something else.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"there is no weights file {path.absolute()}")
    if path.suffix in _READ:
        state = _READ[path.suffix](path)
    else:
        state = _read_torch(path, PLAYERS.get(player, ()))
    if state and all(name.startswith(_WRAPPED) for name in state):
        state = {name.removeprefix(_WRAPPED): array for name, array in state.items()}
    return {name: array.astype(np.float32) if array.dtype.kind == "f" else array for name, array in state.items()}


def _read_torch(path: Path, players: tuple[str, ...]) -> dict[str, np.ndarray]:
    state = load_torch(path)
    for names in (("models",), players, *((name,) for name in _WITHIN)):
        holds = lambda name, state=state: isinstance(state, Mapping) and isinstance(state.get(name), Mapping)
        if found := next(filter(holds, names), None):
            state = state[found]
    return tensors_by_name(state, path, f", or have them as {' or '.join(map(repr, (*_WITHIN[:1], *players)))}")


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} cannot be read as arrays: {error}") from error


def _read_safetensors(path: Path) -> dict[str, np.ndarray]:
    """https://github.com/huggingface/safetensors: a header's length (u64), the header (JSON), the arrays' bytes."""
    data = path.read_bytes()
    try:
        length = int.from_bytes(data[:8], "little")
        header, body = json.loads(data[8 : 8 + length]), memoryview(data)[8 + length :]
        header.pop("__metadata__", None)
        return {name: _array(entry, body) for name, entry in header.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} cannot be read as safetensors: {error!r}") from error


_READ = {".safetensors": _read_safetensors, ".npz": _read_npz}


def _array(entry: Mapping[str, Any], body: memoryview) -> np.ndarray:
    shape, (first, end) = tuple(entry["shape"]), entry["data_offsets"]
    part = body[first:end]
    if entry["dtype"] == "BF16":  # the upper half of a float32
        array = (np.frombuffer(part, "<u2").astype(np.uint32) << 16).view(np.float32)
    else:
        array = np.frombuffer(part, _SAFETENSORS[entry["dtype"]])
    if array.size != math.prod(shape):
        raise ValueError(f"{array.size} numbers do not make the shape {shape}")
    return array.reshape(shape)
