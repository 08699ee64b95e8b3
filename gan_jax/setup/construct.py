"""Objects from their description in a config: {"type": "sngan.Generator", "widths": (256, 256)}.

A type is the dotted name below a package of gan_jax, or "my_module:Name" of a module of one's own that Python finds; all
other keys are keyword arguments. Nothing is registered.
"""

from __future__ import annotations

import importlib
import inspect
import numbers
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax
import optax
from flax import linen as nn

from gan_jax import ranges
from gan_jax.names import nearest
from gan_jax.setup import schedules
from gan_jax.setup.config_files import ConfigError
from gan_jax.types import ByImages

Settings = Mapping[str, Any]
_COUNTS = ("rounds", "kimg")


def construct(
    package: str, settings: Settings, where: str, given: Settings | None = None, defaults: Settings | None = None
) -> Any:
    """The object that settings["type"], a dotted name below gan_jax.<package>, makes of the other settings.

    where: the block's name, for errors. given: arguments that follow from the rest of the config; the object takes
    those that it knows, and a block that sets one is an error. defaults: the same, but a block may set them otherwise.
    """
    return call(
        find(package, settings, where), arguments_of(package, settings, where, given, defaults), where, given, defaults
    )


def find(package: str, settings: Settings, where: str) -> Callable[..., Any]:
    """What a block's type names. Raises ConfigError, with the nearest name, where there is no such type."""
    if not isinstance(settings, Mapping) or "type" not in settings:
        raise ConfigError(f"{where} needs a 'type', a dotted name below gan_jax.{package}; got {settings!r}")
    name = settings["type"]
    module_name, _, attribute = f"gan_jax.{package}.{name}".rpartition(".")
    if ":" in name:
        module_name, _, attribute = name.partition(":")
    try:
        return getattr(importlib.import_module(module_name), attribute)
    except Exception as error:
        if ":" in name:  # a module of one's own may raise anything
            raise ConfigError(f"{where}: cannot load {name!r}: {type(error).__name__}: {error}") from error
        if not isinstance(error, ModuleNotFoundError | AttributeError):
            raise
        known = _known(package)
        raise ConfigError(f"{where}: unknown type {name!r}{nearest(name, known)}; known: {', '.join(known)}") from None


def arguments_of(
    package: str, settings: Settings, where: str, given: Settings | None = None, defaults: Settings | None = None
) -> dict[str, Any]:
    """A block's keyword arguments, with schedules and objects in place of their descriptions."""
    value = lambda key, entry: _value(package, entry, f"{where}.{key}", given, defaults)
    return {key: value(key, entry) for key, entry in settings.items() if key != "type"}


def call(
    made: Callable[..., Any],
    arguments: Settings,
    where: str,
    given: Settings | None = None,
    defaults: Settings | None = None,
) -> Any:
    """made(**arguments), with what it takes of `given` and `defaults`; see `construct`.

    Raises ConfigError for an argument that it does not take, and for values that it refuses.
    """
    given, defaults = given or {}, defaults or {}
    taken = [name for name in inspect.signature(made).parameters if name not in ("parent", "name")]
    for key in arguments:
        if key in given:
            raise ConfigError(f"{where}.{key} follows from the rest of the config: remove it")
        if key not in taken:
            known = [name for name in taken if name not in given]
            raise ConfigError(
                f"unknown config key {where}.{key}{nearest(key, known)}; "
                f"{where} ({made.__name__}) takes {', '.join(known) or 'none'}"
            )
    rest = {key: value for key, value in {**defaults, **given}.items() if key in taken and key not in arguments}
    try:
        return made(**arguments, **rest)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{where}: {error}") from error


def _value(package: str, value: Any, where: str, given: Settings | None, defaults: Settings | None) -> Any:
    if isinstance(value, Mapping) and "type" in value:
        return construct(package, value, where, given, defaults)  # networks in networks fit the same data
    if isinstance(value, Mapping) and "schedule" in value:
        return _schedule(value, where)
    return value


def _schedule(settings: Settings, where: str) -> Any:
    """One of optax's schedules, or of ours. counts: "rounds", or "kimg", thousands of real images shown."""
    known, counts = _schedules(), settings.get("counts", "rounds")
    name = settings["schedule"]
    if name not in known:
        raise ConfigError(f"{where}: there is no schedule {name!r}{nearest(name, known)}; known: {', '.join(known)}")
    if counts not in _COUNTS:
        raise ConfigError(f"{where}: a schedule counts {' or '.join(_COUNTS)}, not {counts!r}")
    arguments = {key: value for key, value in settings.items() if key not in ("schedule", "counts")}
    for key, value in arguments.items():
        _check_of_schedule(f"{where}.{key}", value)
    made = call(known[name], arguments, where)
    return ByImages(made) if counts == "kimg" else made


def _check_of_schedule(where: str, value: Any) -> None:
    """Raises ConfigError for a number that no schedule of rates, weights or shares can have."""
    key = where.rpartition(".")[2]
    try:
        if isinstance(value, Mapping):  # {"boundaries_and_scales": {round: factor}}
            for at, factor in value.items():
                ranges.not_negative(f"{where}[{at}]", factor)
        elif isinstance(value, str):
            if key != "interpolate_type":
                raise ConfigError(f"{where} is a number, not {value!r}")
        elif isinstance(value, numbers.Number) and not isinstance(value, bool):
            (ranges.positive if key in ("transition_steps", "decay_steps") else ranges.not_negative)(where, value)
    except ValueError as error:
        raise ConfigError(str(error)) from error


def _schedules() -> dict[str, Callable[..., Any]]:
    """Optax's schedules and ours, by their names without "_schedule"."""
    named = {name: made for name, made in (vars(optax.schedules) | vars(schedules)).items() if callable(made)}
    found = {name.removesuffix("_schedule"): made for name, made in named.items() if name.endswith("_schedule")}
    return {**found, "exponential_decay": optax.schedules.exponential_decay}


def _known(package: str) -> list[str]:
    """All dotted names below a package that can be built."""
    root = importlib.import_module(f"gan_jax.{package}")
    if hasattr(root, "__all__"):  # a room whose types go by their own names alone
        return sorted(root.__all__)
    if not hasattr(root, "__path__"):
        return sorted(_public(root, package))
    names = []
    for file in sorted(Path(root.__path__[0]).glob("[a-z]*.py")):
        module = importlib.import_module(f"{root.__name__}.{file.stem}")
        names += [f"{file.stem}.{name}" for name in _public(module, package)]
    return names


def _public(module: Any, package: str) -> list[str]:
    mine = lambda value: callable(value) and getattr(value, "__module__", None) == module.__name__
    return [
        name
        for name, value in vars(module).items()
        if mine(value) and not name.startswith("_") and _is_type(value, package)
    ]


def _is_type(value: Any, package: str) -> bool:
    """Whether a config may name it, and not only code: a game, a network, or what is made of no arrays."""
    if getattr(value, "_is_protocol", False):  # says what others are like, and cannot be built
        return False
    if package == "methods":
        return hasattr(value, "samplers")
    if package in ("architectures", "features"):
        return isinstance(value, type) and issubclass(value, nn.Module)
    if isinstance(value, type):
        return not issubclass(value, tuple | nn.Module)
    hints = map(str, getattr(value, "__annotations__", {}).values())
    return not any(hint in ("None", "jax.Array", "Array", str(jax.Array), str(None)) for hint in hints)
