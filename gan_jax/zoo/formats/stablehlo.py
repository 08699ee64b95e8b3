"""A sampler as a StableHLO program by `jax.export`: one file that JAX alone runs, for any number of elements."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax import export

from gan_jax.names import nearest
from gan_jax.runtime.writers.atomic import write_atomically
from gan_jax.zoo.files import ModelError, require_format
from gan_jax.zoo.formats.checking import Example
from gan_jax.zoo.formats.program import ExportError, Program, described

PROGRAM, ABOUT = "model.stablehlo", "model.stablehlo.json"
PLATFORMS = ("cpu", "cuda", "tpu")
FORMAT = 1  # of the JSON; a reader refuses what is newer


def require_platforms(platforms: Sequence[str]) -> None:
    """Raises ValueError for platforms that there are not, and where this machine's, on which it is checked, is missing."""
    for name in platforms:
        if name not in PLATFORMS:
            hint = " (an NVIDIA GPU is cuda)" if name == "gpu" else nearest(name, PLATFORMS)
            raise ValueError(f"there is no platform {name!r}{hint}; a program is for some of {', '.join(PLATFORMS)}")
    own = export.default_export_platform()
    if own not in platforms:
        raise ValueError(
            f"a program is run here before it is kept, and this machine's {own} is not among the platforms: name it too"
        )


def write_stablehlo(
    folder: str | Path,
    program: Program,
    example: Example,
    about: Mapping[str, Any],
    platforms: Sequence[str] = PLATFORMS,
) -> dict[str, Any]:
    """Writes the program and, beside it, a JSON of what goes in and what comes out. -> that.

    about: plain data of the model, such as its name. Raises ExportError where the program cannot be traced for a free
    number of elements, and where it does not draw what the example says.
    """
    require_platforms(platforms)
    content = serialized(program, platforms)
    found = example.check(PROGRAM, jax.jit(export.deserialize(bytearray(content)).call))
    checked = {"platform": export.default_export_platform(), **found}
    facts = {"format": FORMAT, **about, "container": "jax.export", "platforms": list(platforms)}
    told = described(program, PROGRAM, content, checked, **facts)
    folder = Path(folder)
    write_atomically(folder / PROGRAM, content)
    write_atomically(folder / ABOUT, (json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode())
    return told


def serialized(program: Program, platforms: Sequence[str]) -> bytes:
    """The program, traced for a batch of any size, as `jax.export` writes it. Raises ExportError where it cannot be."""
    (n,) = export.symbolic_shape("n")
    shapes = {port.name: jax.ShapeDtypeStruct((n, *port.shape), np.dtype(port.dtype)) for port in program.inputs}
    try:
        return bytes(export.export(jax.jit(program.call), platforms=tuple(platforms))(**shapes).serialize())
    except (ValueError, TypeError, NotImplementedError, jax.errors.InconclusiveDimensionOperation) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise ExportError(
            "this model is no program for any number of elements, because a network or its sampler asks for that number"
            f" ({reason}); its weights can be exported: --formats=safetensors"
        ) from error


def read_stablehlo(folder: str | Path) -> tuple[dict[str, Any], Callable[..., Any]]:
    """(what its JSON says, a function of the inputs by name) of a program that was written.

    Raises FileNotFoundError where a file is missing, ModelError where one is damaged or of a later version.
    """
    folder = Path(folder)
    try:
        about = json.loads((folder / ABOUT).read_bytes())
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{folder / ABOUT} is no JSON: {error}") from error
    require_format(folder / ABOUT, about, ("format", "sha256", "inputs", "outputs"), FORMAT)
    content = (folder / PROGRAM).read_bytes()
    if hashlib.sha256(content).hexdigest() != about["sha256"]:
        raise ModelError(
            f"{folder / PROGRAM} is not the file that {ABOUT} was written with, or is damaged: copy both again"
        )
    return about, jax.jit(export.deserialize(bytearray(content)).call)
