"""A sampler as an ONNX program, converted by jax2onnx and checked by onnxruntime: both from an environment of their own."""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import importlib.util
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from gan_jax.runtime.writers.atomic import write_atomically
from gan_jax.zoo.formats.checking import Example
from gan_jax.zoo.formats.inlining import inlined
from gan_jax.zoo.formats.program import ExportError, Program, described

PROGRAM, ABOUT = "model.onnx", "model.onnx.json"
NEEDS = ("jax2onnx", "onnxruntime")
FORMAT = 1  # of the JSON


def require() -> None:
    """Raises ImportError where the converter, or the runtime that checks what it wrote, is missing."""
    if missing := [name for name in NEEDS if importlib.util.find_spec(name) is None]:
        raise ImportError(
            f"an ONNX program needs {' and '.join(missing)}, in an environment of their own: docs/exports.md says how it is made"
        )


def write_onnx(folder: str | Path, program: Program, example: Example, about: Mapping[str, Any]) -> dict[str, Any]:
    """Writes the program, for any number of elements, and a JSON of what goes in and what comes out. -> that.

    Raises ImportError without the converter, and ExportError where it cannot convert the program, or converts it wrongly.
    """
    require()
    content = converted(program)
    found = example.check(PROGRAM, loaded(content))
    versions = {name: importlib.metadata.version(name) for name in NEEDS}
    told = described(program, PROGRAM, content, found, format=FORMAT, **about, container="onnx", **versions)
    folder = Path(folder)
    write_atomically(folder / PROGRAM, content)
    write_atomically(folder / ABOUT, (json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode())
    return told


def converted(program: Program) -> bytes:
    """The program as an ONNX model. Raises ExportError for what the converter has no operation for."""
    if any(port.name == "noise" for port in program.inputs):
        raise ExportError(
            "layers of this model draw noise by a seed, and ONNX has no such operation; --formats=stablehlo has"
        )
    convert = importlib.import_module("jax2onnx").to_onnx
    names = [port.name for port in program.inputs]
    shapes = [jax.ShapeDtypeStruct(("n", *port.shape), np.dtype(port.dtype)) for port in program.inputs]
    settings = {"model_name": "gan_jax", "input_names": names, "output_names": [program.output.name]}
    call = inlined(lambda *leaves: program.call(**dict(zip(names, leaves, strict=True))))
    try:
        with _quiet():
            model = convert(call, shapes, **settings)
    except Exception as error:  # of whatever kind its plugins raise
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise ExportError(f"jax2onnx does not convert this model: {reason}; --formats=stablehlo does") from error
    return model.SerializeToString()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without a line for every shape that the converter leaves to whoever reads the model."""
    log = logging.getLogger("onnx_ir")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)


def loaded(content: bytes) -> Callable[..., np.ndarray]:
    """A function of the inputs by name, by onnxruntime on the processor."""
    session = importlib.import_module("onnxruntime").InferenceSession(content, providers=["CPUExecutionProvider"])
    return lambda **inputs: session.run(None, inputs)[0]
