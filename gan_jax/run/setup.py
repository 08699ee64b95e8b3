"""From a config to the objects it names. The only file that turns names into objects."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import optax
from ml_collections import ConfigDict

from gan_jax.data import Batches, Preprocessing, Source, open_source, require_labels
from gan_jax.data.sources import known_sources
from gan_jax.names import nearest
from gan_jax.optim import Ema
from gan_jax.run.config_files import ConfigError
from gan_jax.run.config_files import load_config as load_config
from gan_jax.types import Method, Phase

Settings = Mapping[str, Any]
_PREPROCESSING = ("shape", "resize", "filter", "crop", "oversize", "flip", "dequantize")
_READING = ("threads", "prefetch")
_BLOCKS = (
    "seed steps batch_size precision data method generator discriminator loss regularizers optim ema mesh log checkpoint"
).split()
_OPTIONAL = ("evaluate", "rounds_a_dispatch")
_EVALUATE = ("recipes", "every", "during", "test", "batch_size")
_PRECISIONS = {"float32": None, "bfloat16": jnp.bfloat16}


def resolve(config: Settings) -> dict[str, Any]:
    """The config as plain nested dicts with tuples, its unset keys left out.

    Raises ConfigError for a block that is unknown or missing.
    """
    plain = config.to_dict() if isinstance(config, ConfigDict) else config
    resolved = _plain(plain)
    for key in resolved:
        if key not in (known := [*_BLOCKS, *_OPTIONAL]):
            raise ConfigError(f"unknown config key {key!r}{nearest(key, known)}; known: {', '.join(known)}")
    if missing := [key for key in _BLOCKS if key not in resolved]:
        raise ConfigError(f"the config lacks {', '.join(missing)}: begin it with configs/base.py's get_config()")
    for key in resolved.get("evaluate", {}):
        if key not in _EVALUATE:
            raise ConfigError(
                f"unknown config key evaluate.{key}{nearest(key, _EVALUATE)}; it takes {', '.join(_EVALUATE)}"
            )
    for key, lowest in (("steps", 1), ("batch_size", 1), ("seed", 0), ("rounds_a_dispatch", 1)):
        value = resolved.get(key, lowest)
        if not isinstance(value, int) or value < lowest:
            raise ConfigError(f"{key} must be a whole number from {lowest} on, got {value!r}")
    return resolved


def method(config: Settings) -> Method:
    """The game that a config describes. It touches no data and allocates nothing."""
    config = resolve(config)
    shape = config["data"]["shape"]
    if config["precision"] not in _PRECISIONS:
        raise ConfigError(f"precision is one of {', '.join(_PRECISIONS)}, not {config['precision']!r}")
    network = {
        "image_shape": shape,
        "num_classes": config["method"].get("num_classes", 0),
        "dtype": _PRECISIONS[config["precision"]],
    }
    players = ("generator", "discriminator")
    if extra := config["optim"].keys() - set(players):
        raise ConfigError(f"optim has no player {sorted(extra)[0]!r}; it has {' and '.join(players)}")
    parts = {name: _construct("architectures", config[name], name, network) for name in players}
    parts["loss"] = _construct("losses", config["loss"], "loss")
    parts["optimizers"] = {name: _construct("optim", config["optim"][name], f"optim.{name}") for name in players}
    parts["regularizers"] = {
        name: _construct("regularizers", settings, f"regularizers.{name}")
        for name, settings in config["regularizers"].items()
    }
    parts["phases"] = (Phase(shape[:-1] if len(shape) == 3 else (), config["batch_size"], 0, config["steps"]),)
    parts["ema"] = _ema(config)
    return _construct("methods", config["method"], "method", parts)


def source(config: Settings) -> Source:
    """Opens the data set. Raises where labels are needed and missing."""
    config = resolve(config)
    data, name = config["data"], config["data"]["source"]
    apart = (*_PREPROCESSING, *_READING, "source", *known_sources())
    settings = {key: value for key, value in data.items() if key not in apart}
    # A block of a source's name holds what is meant for that source alone.
    opened = open_source(name, **{**data.get(name, {}), **settings})
    if config["method"].get("num_classes", 0):
        require_labels(opened, config["method"]["num_classes"])
    return opened


def evaluation_source(config: Settings, split: str) -> Source:
    """The data set that scores call "train" (the run's own), or "test" (the same with config.evaluate.test's settings)."""
    config = resolve(config)
    if split == "test":
        if not (test := config.get("evaluate", {}).get("test")):
            raise ConfigError("this config names no test split: set evaluate.test, such as {'split': 'test'}")
        config = {**config, "data": {**config["data"], **test}}
    return source(config)


def preprocessing(config: Settings) -> Preprocessing:
    """What is done to each image."""
    data = resolve(config)["data"]
    return Preprocessing(**{key: data[key] for key in _PREPROCESSING if key in data})


def batches(config: Settings, source: Source, process_index: int = 0, process_count: int = 1) -> Batches:
    """The run's batches, this process's part of them."""
    config = resolve(config)
    return Batches(
        source,
        preprocessing(config),
        batch_size=config["batch_size"],
        d_steps=config["method"].get("d_steps", 1),
        seed=config["seed"],
        process_index=process_index,
        process_count=process_count,
        **{key: config["data"][key] for key in _READING if key in config["data"]},
    )


def _ema(config: Settings) -> Ema | None:
    settings = config["ema"]
    if "decay" not in settings and "half_life_kimg" not in settings:
        return None
    images = config["batch_size"] * config["method"].get("d_steps", 1)
    return _call(Ema, {"decay": None, **settings}, "ema", {"images_a_round": images})


def _construct(package: str, settings: Settings, where: str, given: Settings | None = None) -> Any:
    """The object that settings["type"], a dotted name below gan_jax.<package>, makes of the other settings."""
    if not isinstance(settings, Mapping) or "type" not in settings:
        raise ConfigError(f"{where} needs a 'type', a dotted name below gan_jax.{package}; got {settings!r}")
    made = _find(package, settings["type"], where)
    arguments = {
        key: _value(package, value, f"{where}.{key}", given) for key, value in settings.items() if key != "type"
    }
    return _call(made, arguments, where, given or {})


def _value(package: str, value: Any, where: str, given: Settings | None = None) -> Any:
    if isinstance(value, Mapping) and "type" in value:
        return _construct(package, value, where, given)  # networks in networks fit the same data
    if isinstance(value, Mapping) and "schedule" in value:
        arguments = {key: entry for key, entry in value.items() if key != "schedule"}
        if value["schedule"] not in (known := _schedules()):
            raise ConfigError(
                f"{where}: optax has no schedule {value['schedule']!r}{nearest(value['schedule'], known)}; "
                f"it has {', '.join(known)}"
            )
        return _call(known[value["schedule"]], arguments, where, {})
    return value


def _schedules() -> dict[str, Callable[..., Any]]:
    """Optax's schedules, by their names without "_schedule"."""
    named = {name: made for name, made in vars(optax.schedules).items() if callable(made)}
    found = {name.removesuffix("_schedule"): made for name, made in named.items() if name.endswith("_schedule")}
    return {**found, "exponential_decay": optax.schedules.exponential_decay}


def _find(package: str, name: str, where: str) -> Callable[..., Any]:
    module_name, _, attribute = f"gan_jax.{package}.{name}".rpartition(".")
    try:
        module = importlib.import_module(module_name)
        return getattr(module, attribute)
    except (ModuleNotFoundError, AttributeError):
        known = _known(package)
        raise ConfigError(f"{where}: unknown type {name!r}{nearest(name, known)}; known: {', '.join(known)}") from None


def _known(package: str) -> list[str]:
    """All dotted names below a package that can be built."""
    root = importlib.import_module(f"gan_jax.{package}")
    if not hasattr(root, "__path__"):
        return sorted(_public(root))
    names = []
    for file in sorted(Path(root.__path__[0]).glob("[a-z]*.py")):
        module = importlib.import_module(f"{root.__name__}.{file.stem}")
        names += [f"{file.stem}.{name}" for name in _public(module)]
    return names


def _public(module: Any) -> list[str]:
    mine = lambda value: callable(value) and getattr(value, "__module__", None) == module.__name__
    return [name for name, value in vars(module).items() if mine(value) and not name.startswith("_")]


def _call(made: Callable[..., Any], arguments: Settings, where: str, given: Settings) -> Any:
    """made(**arguments), and of `given`, which the rest of the config settles, what it takes."""
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
    try:
        return made(**arguments, **{key: value for key, value in given.items() if key in taken})
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{where}: {error}") from error


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items() if entry is not None}
    return tuple(map(_plain, value)) if isinstance(value, list | tuple) else value
