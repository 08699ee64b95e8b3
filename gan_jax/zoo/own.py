"""A generator of one's own, from a Python file that its user names: "my_file.py:generate". The file is run."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from gan_jax.game import Sampler
from gan_jax.names import nearest

_OWN = re.compile(r"(?P<file>.+\.py)(:(?P<name>\w+))?")


def is_own(name: str | Path) -> bool:
    """Whether this names a Python file, with or without an object in it."""
    return _OWN.fullmatch(str(name)) is not None


def load_own(name: str | Path) -> tuple[str, Sampler]:
    """("my_file.py:generate", its sampler). Without a name behind the file, the only sampler in it.

    Raises FileNotFoundError where there is no such file, ValueError where it cannot be run, with its line, and where it has
    no sampler of this name.
    """
    found = _OWN.fullmatch(str(name))
    if found is None:
        raise ValueError(f"a generator of one's own is my_file.py:generate, not {name}")
    file, called = Path(found["file"]).expanduser(), found["name"]
    module = run_file(file)
    samplers = [each for each, value in vars(module).items() if _is_sampler(value) and not each.startswith("_")]
    if called is None:
        if len(samplers) != 1:
            has = f"it has {', '.join(samplers)}" if samplers else f"it has none; {_HOW}"
            raise ValueError(f"{file} is a file: say which sampler in it, such as {file.name}:generate; {has}")
        called = samplers[0]
    if not hasattr(module, called):
        has = f"; its samplers: {', '.join(samplers)}" if samplers else f", and no sampler; {_HOW}"
        raise ValueError(f"{file} has no {called!r}{nearest(called, samplers)}{has}")
    sampler = getattr(module, called)
    if not _is_sampler(sampler):
        kind = "a plain function" if callable(sampler) else f"a {type(sampler).__name__}"
        raise ValueError(f"{called} of {file} is {kind} and no sampler: {_HOW}")
    return f"{file.name}:{called}", sampler


_HOW = (
    "end the file with a line such as `generator = gan_jax.own_generator(generate, latents=64, pixel_range=(-1, 1))`, which "
    "says how many numbers a latent has and what black and white are, and name that"
)


def _is_sampler(value: Any) -> bool:
    needed = ("starts", "map", "synthesize", "num_classes", "given", "target")
    return not isinstance(value, type | ModuleType) and all(hasattr(value, each) for each in needed)


def run_file(file: Path) -> ModuleType:
    """What a user's file defines. Raises FileNotFoundError, and ValueError with the line that cannot be run."""
    if not file.is_file():
        raise FileNotFoundError(f"there is no file {file.absolute()}")
    folder = os.fspath(file.absolute().parent)
    if folder not in sys.path:  # so that it can import its neighbours
        sys.path.append(folder)
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise ValueError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ValueError(f"{_place(file, error)}: {type(error).__name__}: {error}") from error
    return module


def _place(file: Path, error: Exception) -> str:
    """The file and, where it is known, the line in it that an error came from."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}, line {error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == file]
    return f"{file}, line {lines[-1]}" if lines else str(file)
