"""Weights on disk: arrays by name in an .npz file, with facts about them as JSON. Nothing in it can be executed."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from flax import traverse_util

from gan_jax.types import PyTree

_FACTS = "facts.json"


class Weights(NamedTuple):
    """What `load_weights` found."""

    variables: PyTree  # nested dicts of numpy arrays
    facts: Mapping[str, Any]
    sha256: str  # of the arrays, see `weights_hash`


def weights_hash(variables: PyTree) -> str:
    """SHA-256, in hex, over names, types, shapes and values: the same on every machine, whatever file holds them."""
    total = hashlib.sha256()
    for name, array in sorted(_flat(variables).items()):
        total.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()


def save_weights(path: str | os.PathLike, variables: PyTree, facts: Mapping[str, Any]) -> str:
    """Writes variables (nested dicts of arrays) and JSON facts to an .npz file, whole or not at all. -> their hash."""
    flat = _flat(variables)
    if _FACTS in flat:
        raise ValueError(f"no array can be named {_FACTS}: the file keeps its facts there")
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez_compressed(file, **flat, **{_FACTS: np.array(json.dumps(dict(facts), sort_keys=True))})
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    return weights_hash(variables)


def load_weights(path: str | os.PathLike) -> Weights:
    """Reads what `save_weights` wrote. Raises FileNotFoundError, or ValueError where it is no such file."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no weights file {path.absolute()}")
    if not zipfile.is_zipfile(path):
        raise ValueError(f"{path} is no weights file: it must be an .npz that gan_jax wrote")
    with np.load(path, allow_pickle=False) as file:
        if _FACTS not in file:
            raise ValueError(f"{path} is no weights file: it has no {_FACTS}; it must be an .npz that gan_jax wrote")
        facts = json.loads(str(file[_FACTS]))
        flat = {name: file[name] for name in file.files if name != _FACTS}
    variables = traverse_util.unflatten_dict(flat, sep="/")
    return Weights(variables, facts, weights_hash(variables))


def _flat(variables: PyTree) -> dict[str, np.ndarray]:
    return {name: np.asarray(leaf) for name, leaf in traverse_util.flatten_dict(dict(variables), sep="/").items()}
