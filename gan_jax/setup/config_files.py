"""Config files: those that ship with the package, by name, and anybody's own, by path."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from gan_jax.names import nearest


class ConfigError(ValueError):
    """A config that cannot be built, and what to change in it."""


class Shipped(NamedTuple):
    """An experiment that ships with the package."""

    name: str
    path: Path
    about: str  # the first sentence of its docstring

    @property
    def method(self) -> str:
        """ "ss_lt_digits" -> "ss_lt"."""
        return self._parts[0]

    @property
    def data(self) -> str:
        """ "ss_lt_digits" -> "digits"."""
        return self._parts[1]

    @property
    def _parts(self) -> tuple[str, str]:
        if self.name.startswith("toy_"):  # of the toy laboratory: on every toy
            return self.name.removeprefix("toy_"), "toys"
        method, _, data = self.name.removesuffix("_one_device").rpartition("_")
        return method, data


def load_config(name: str | Path) -> ConfigDict:
    """The config of a name that ships with the package, "ssgan_digits", or of a file, "configs/ssgan_digits.py".

    What follows a colon is handed to the file's get_config: "my_images:32".
    Raises ConfigError where there is none, and for a file that cannot be read as a config, with its line.
    """
    name, argument = _argument(name)
    file = find_config(name)
    if (
        file.parent != configs_folder()
    ):  # so that a config of one's own can import its neighbours, and name types of theirs
        folder = file.absolute().parent
        sys.path += [each for each in map(os.fspath, (folder, folder.parent)) if each not in sys.path]
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{file} is no Python file: a config is one, with a function get_config()")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        if not callable(getattr(module, "get_config", None)):
            raise ConfigError(f"{file} has no function get_config(): a config's returns a ConfigDict, see ssgan_digits")
        _check_argument(file.stem, module.get_config, argument)
        config = module.get_config(*argument)
    except ConfigError:
        raise
    except Exception as error:
        raise ConfigError(f"{_place(file, error)}: {type(error).__name__}: {error}") from error
    if not isinstance(config, ConfigDict):
        made = type(config).__name__
        raise ConfigError(f"{file}: get_config() returned {made}, not a ConfigDict; does it end in `return config`?")
    return config


def _argument(name: str | Path) -> tuple[str | Path, tuple[str, ...]]:
    """ "my_images:32" -> "my_images", ("32",). A file may have a colon in its name."""
    place, colon, argument = str(name).rpartition(":")
    if not colon or Path(name).expanduser().exists() or argument.endswith(".py") or "/" in argument:
        return name, ()
    return place, (argument,)


def _check_argument(name: str, get_config: Callable[..., Any], argument: tuple[str, ...]) -> None:
    """Raises ConfigError for an argument where get_config takes none."""
    parameters = inspect.signature(get_config).parameters
    if argument and not parameters:
        raise ConfigError(f"{name} takes nothing behind a colon: --config={name}, without :{argument[0]}")


def find_config(name: str | Path) -> Path:
    """Where a config stands: the file of that path, else the one that ships under that name. Raises ConfigError."""
    path = Path(name).expanduser()
    if path.is_file():
        return path
    shipped = {file.stem: file for file in configs_folder().glob("[a-z]*.py")}
    bare = path.name == str(name) and path.suffix != ".py"
    if bare and path.name in shipped:
        return shipped[path.name]
    if bare:
        near = nearest(path.name, shipped)
        raise ConfigError(
            f"no config is called {path.name!r}{near}; gan_jax configs lists them, and your own go by their path"
        )
    near = (
        f"; {path.stem} ships with gan_jax: --config={path.stem}"
        if path.stem in shipped
        else nearest(path.stem, shipped)
    )
    raise ConfigError(f"there is no config file {path.absolute()}{near}")


def shipped_configs() -> list[Shipped]:
    """The experiments that ship with the package, by name."""
    files = sorted(configs_folder().glob("[a-z]*_*.py"))
    return [Shipped(file.stem, file, first_sentence(file)) for file in files]


def configs_folder() -> Path:
    """The folder of gan_jax.configs."""
    return Path(next(iter(importlib.import_module("gan_jax.configs").__path__)))


def first_sentence(file: Path) -> str:
    """What a config's docstring begins with, on one line, without its full stop."""
    text = " ".join((ast.get_docstring(ast.parse(file.read_text())) or "").partition("\n\n")[0].split())
    return text.partition(". ")[0].removesuffix(".")


def _place(file: Path, error: Exception) -> str:
    """The file and, where it is known, the line in it that an error came from."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}, line {error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == file]
    return f"{file}, line {lines[-1]}" if lines else str(file)
