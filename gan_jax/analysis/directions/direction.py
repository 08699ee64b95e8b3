"""A direction in a generator's space, with a name, where it is from, and its file."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from gan_jax.game import Sampler
from gan_jax.names import nearest, one_of
from gan_jax.nn.noise import NOISE_SCALE
from gan_jax.runtime.checkpoints.digest import state_digest
from gan_jax.runtime.checkpoints.leaves import named_leaves
from gan_jax.runtime.storage import at
from gan_jax.runtime.writers.atomic import write_atomically

SPACES = ("z", "w")
FOLDER, FORMAT = "directions", 1  # below a work folder; of the file, and a reader refuses what is newer
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")


@dataclasses.dataclass(frozen=True, eq=False)
class Direction:
    """What is added to latents z or codes w: amount * vector.

    space: "z" or "w". vector: float32 [D], for z, or for every layer of w alike; [layers, D] for each layer its own.
    layers: (first, after) of w, those that are moved; None: all. tool, seed: what found it, of which sample; unit: in
    words, what an amount of 1 is. generator: `generator_hash` of the one it was found in.
    scores: by attribute, how far its logit moves for an amount of 1, as far as that is known.
    Raises ValueError for a name that no file can have, and for vectors and layers that are none.
    """

    name: str
    space: str
    vector: np.ndarray
    tool: str
    unit: str
    generator: str
    layers: tuple[int, int] | None = None
    seed: int | None = None
    scores: Mapping[str, float] = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise ValueError(
                f"a direction's name is of letters, digits and _ . + -, such as glasses; not {self.name!r}"
            )
        one_of(self.space, SPACES, "space")
        vector = np.array(self.vector, np.float32)
        if vector.ndim not in (1, 1 + (self.space == "w")) or not vector.size:
            shapes = "[D]" if self.space == "z" else "[D] or [layers, D]"
            raise ValueError(f"a direction in {self.space} is {shapes}, not {list(vector.shape)}")
        if not np.all(np.isfinite(vector)) or not np.any(vector):
            raise ValueError(f"the direction {self.name} leads nowhere: it is all 0, or not finite")
        vector.setflags(write=False)
        object.__setattr__(self, "vector", vector)
        object.__setattr__(self, "scores", MappingProxyType({name: float(at) for name, at in self.scores.items()}))
        if self.layers is not None:
            object.__setattr__(self, "layers", _layers(self.layers, self.space, vector))

    def named(self, name: str) -> Direction:
        """The same by another name."""
        return dataclasses.replace(self, name=name)

    def as_json(self) -> str:
        """Its file, see `read`. The shortest numbers that are read back to the bit."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        rows = np.vectorize(lambda x: float(str(x)), otypes=[object])(self.vector).tolist()
        return json.dumps({"format": FORMAT, **fields, "scores": dict(self.scores), "vector": rows}) + "\n"


def _layers(layers: Any, space: str, vector: np.ndarray) -> tuple[int, int]:
    if space == "z":
        raise ValueError("layers are of codes w: a direction in z moves them all")
    first, after = (int(each) for each in layers)
    if not 0 <= first < after or (vector.ndim == 2 and after > len(vector)):
        has = f" of {len(vector)}" if vector.ndim == 2 else ""
        raise ValueError(f"layers are the first and the one after the last, such as (0, 4); got {(first, after)}{has}")
    return first, after


def generator_hash(sampler: Sampler) -> str:
    """One string that two samplers share only if their generators' weights are equal to the bit.

    The same whatever wraps it: truncation, statistics, noise and label are no weights.
    """
    inner: Any = sampler
    while "sampler" in getattr(type(inner), "__dataclass_fields__", {}):
        inner = inner.sampler
    variables = getattr(inner, "variables", inner)
    weights = variables["params"] if isinstance(variables, Mapping) and "params" in variables else variables
    leaves = named_leaves(weights)
    return state_digest({name: leaf for name, leaf in leaves.items() if not name.endswith(NOISE_SCALE)})


def save(direction: Direction, workdir: str | Path) -> Path:
    """Writes <workdir>/directions/NAME.json. -> the file."""
    path = at(workdir) / FOLDER / f"{direction.name}.json"
    write_atomically(path, direction.as_json().encode())
    return path


def read(path: str | Path) -> Direction:
    """A direction from its file. Raises FileNotFoundError, and ValueError where it holds none or is of a later version."""
    path = at(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no direction {path}")
    try:
        fields = json.loads(path.read_bytes())
        if not isinstance(fields, dict) or "format" not in fields:
            raise ValueError('it has no "format"')
        if (version := fields.pop("format")) != FORMAT:
            raise ValueError(f"its format is {version}, and this gan_jax reads {FORMAT}")
        return Direction(**fields)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path} is no direction of gan_jax: {error}") from error


def find(name: str, folder: str | Path | None) -> Direction:
    """A direction by its name, of those in <folder>/directions, or by its path, which ends in .json.

    Raises FileNotFoundError, with the names that there are.
    """
    if name.endswith(".json"):
        return read(name)
    if folder is None:
        raise FileNotFoundError(f"name the file of the direction {name}, such as found/{FOLDER}/{name}.json")
    kept = at(folder) / FOLDER
    known = sorted(path.stem for path in kept.glob("*.json"))
    if name not in known:
        there = f"; there are {', '.join(known)}" if known else "; analyse --tool=directions finds some"
        raise FileNotFoundError(f"there is no direction {name!r} in {kept}{nearest(name, known)}{there}")
    return read(kept / f"{name}.json")
