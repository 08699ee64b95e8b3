"""A run as a config describes it: the one place where a config is read. Below it there are objects.

Building one checks all of the config, touches no data and allocates nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import jax.numpy as jnp

from gan_jax import ranges
from gan_jax.data import (
    Batches,
    Preprocessing,
    check_selection,
    of_classes,
    open_source,
    require_enough,
    require_keys,
    require_labels,
    with_labels_hidden,
)
from gan_jax.data.sources import known_sources
from gan_jax.game import LARGEST_SEED, Method, Stretch
from gan_jax.names import nearest
from gan_jax.optim import Ema
from gan_jax.setup.blocks import Evaluation, Log, Mesh, Saving
from gan_jax.setup.config import MOVED, resolve
from gan_jax.setup.construct import ConfigError, arguments_of, call, construct, find
from gan_jax.setup.stretches import stretches_of

_PREPROCESSING = ("shape", "shapes", "resize", "filter", "crop", "oversize", "flip", "dequantize")
_OF_LABELS = ("classes", "labelled", "labelled_seed")
_READING = {"threads": 0, "prefetch": 1}  # and the least of each
_ALWAYS = "seed steps batch_size precision data method optim mesh log checkpoint".split()
_SOMETIMES = "evaluate rounds_a_dispatch d_steps g_steps stretches".split()
_PARTS = ("loss", "latents", "regularizers", "ema")  # blocks that a method takes, or does not
_PRECISIONS = {"float32": None, "bfloat16": jnp.bfloat16}


@dataclasses.dataclass(frozen=True)
class Setup:
    """A run. config: the config behind it, resolved: plain data, for the work folder and for other versions of the run."""

    config: Mapping[str, Any]
    seed: int
    method: Method
    mesh: Mesh
    log: Log
    checkpoint: Saving
    evaluate: Evaluation
    rounds_a_dispatch: int
    preprocessing: Preprocessing
    prefetch: int

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Self:
        """From a ConfigDict or nested dicts, see configs/base.py. Raises ConfigError, with what to change."""
        config = resolve(config)
        made = find("methods", config.get("method", {}), "method")
        _check_blocks(config, made)
        if "source" not in config["data"]:
            raise ConfigError(f"data.source is missing: set it to one of {', '.join(known_sources())}")
        if "shape" not in config["data"]:
            raise ConfigError("data.shape is missing: set it to the images' height, width and channels, (32, 32, 3)")
        _check_counts(config)
        block = lambda kind, name: call(kind, config.get(name, {}), name)
        return cls(
            config,
            config["seed"],
            _method(config, made),
            block(Mesh, "mesh"),
            block(Log, "log"),
            block(Saving, "checkpoint"),
            block(Evaluation, "evaluate"),
            config.get("rounds_a_dispatch", 1),
            _preprocessing(config),
            config["data"].get("prefetch", 2),
        )

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        return self.method.stretches

    @property
    def steps(self) -> int:
        """Rounds of the whole run."""
        return self.stretches[-1].stop

    @property
    def averages(self) -> bool:
        """Whether an average of the weights is kept."""
        return bool({"decay", "half_life_kimg"} & self.config.get("ema", {}).keys())

    def changed(self, **blocks: Any) -> Setup:
        """The same with other top-level blocks of the config."""
        return Setup.of({**self.config, **blocks})

    # --- data

    def source(self, split: str = "train") -> Any:
        """Opens the data set: the run's own, or with evaluate.test's settings, "test". -> a Source, or one by domain.

        Raises ValueError where it lacks what the game takes, or labels that it needs.
        """
        data = self.config["data"]
        if split == "test":
            if not self.evaluate.test:
                raise ConfigError("this config names no test split: set evaluate.test, such as {'split': 'test'}")
            data = {**data, **self.evaluate.test}
        name = data["source"]
        apart = (*_PREPROCESSING, *_READING, *_OF_LABELS, "source", *known_sources())
        settings = {key: value for key, value in data.items() if key not in apart}
        # A block of a source's name holds what is meant for that source alone.
        opened = open_source(name, **{**data.get(name, {}), **settings})
        opened = _relabelled(opened, data, split)
        require_keys(opened, (key for key in self.method.batch(self.stretches[0].phase) if key != "label"))
        if classes := getattr(self.method, "num_classes", 0):
            require_labels(opened, classes, every_class=split == "train")
        return opened

    @property
    def inputs(self) -> list[str]:
        """Files and folders that the run's data are read from."""
        return list(_paths(self.config["data"]))

    def batches(
        self, source: Any, process_index: int = 0, process_count: int = 1, stretches: Sequence[Stretch] | None = None
    ) -> Batches:
        """The run's batches, this process's part of them. Raises ValueError where the data are fewer than a batch."""
        reading = {key: self.config["data"][key] for key in _READING if key in self.config["data"]}
        stretches, split = stretches or self.stretches, {"process_index": process_index, "process_count": process_count}
        made = Batches(source, self.preprocessing, stretches, seed=self.seed, **split, **reading)
        require_enough(source, max(each.phase.batch_size for each in stretches))  # after what is wrong with the images
        return made


def _relabelled(source: Any, data: Mapping[str, Any], split: str) -> Any:
    """A source of the classes that `data` picks; of the training split, with the labels hidden that it hides."""
    if "classes" in data:
        source = of_classes(source, data["classes"])
    if "labelled" in data and split == "train":
        source = with_labels_hidden(source, data["labelled"], data.get("labelled_seed", 0))
    return source


def _paths(block: Mapping[str, Any]) -> Iterator[str]:
    for key, value in block.items():
        if isinstance(value, Mapping):
            yield from _paths(value)
        elif key == "path" and value is not None:
            yield str(value)


def _check_blocks(config: Mapping[str, Any], method: Any) -> None:
    """Raises ConfigError for blocks that are unknown, missing, or none of this method's."""
    for key, now in MOVED.items():
        if key.removeprefix("method.") in config["method"]:
            raise ConfigError(f"config key {key} is called {now} now")
    parameters = getattr(method, "__dataclass_fields__", {})
    taken = [name for name in _PARTS if name in parameters]
    known = [*_ALWAYS, *method.networks, *taken, *_SOMETIMES]
    for key in config:
        if key in _PARTS and key not in taken:
            raise ConfigError(f"{config['method']['type']} takes no block {key!r}: remove it (del config.{key})")
        if key not in known:
            raise ConfigError(f"unknown config key {key!r}{nearest(key, known)}; known: {', '.join(known)}")
    needed = [*_ALWAYS, *method.networks, *(name for name in taken if name != "ema")]
    if missing := [key for key in needed if key not in config]:
        raise ConfigError(f"the config lacks {', '.join(missing)}: begin it with configs/base.py's get_config()")
    trained = [name for name in method.networks if name not in method.frozen]
    if extra := config["optim"].keys() - set(trained):
        raise ConfigError(f"optim has no player {min(extra)!r}; it has {' and '.join(trained)}")
    if missing := [name for name in trained if name not in config["optim"]]:
        raise ConfigError(f"optim lacks {' and '.join(missing)}")


def _check_counts(config: Mapping[str, Any]) -> None:
    """Raises ConfigError for a number at the top level, or of the reading and labels of the data, that is out of its range."""
    try:
        for key in ("steps", "batch_size", "rounds_a_dispatch", "d_steps", "g_steps"):
            ranges.whole(key, config.get(key, 1))
        ranges.whole("seed", config["seed"], 0, LARGEST_SEED)
        ranges.whole("ema.start", config.get("ema", {}).get("start", 0), 0)  # where no average is kept too
        check_selection(**{key: config["data"][key] for key in _OF_LABELS if key in config["data"]})
        for key in _READING:
            ranges.whole(f"data.{key}", config["data"].get(key, 1), _READING[key])
    except ValueError as error:
        raise ConfigError(str(error)) from error


def _method(config: Mapping[str, Any], made: Any) -> Method:
    if config["precision"] not in _PRECISIONS:
        raise ConfigError(f"precision is one of {', '.join(_PRECISIONS)}, not {config['precision']!r}")
    fits = {"image_shape": config["data"]["shape"], "dtype": _PRECISIONS[config["precision"]]}
    classes = {"num_classes": config["method"].get("num_classes", 0)}  # of the game; a network may have its own
    room = lambda name: "features" if name in made.frozen else "architectures"  # what looks, and what is trained
    parts = {name: construct(room(name), config[name], name, fits, classes) for name in made.networks}
    parts["optimizers"] = {name: construct("optim", block, f"optim.{name}") for name, block in config["optim"].items()}
    for name, package in (("loss", "losses"), ("latents", "latents")):
        if name in config:
            parts[name] = construct(package, config[name], name)
    of_game = {"latents": parts["latents"]} if "latents" in parts else {}
    if "regularizers" in config:
        parts["regularizers"] = {
            name: construct("regularizers", settings, f"regularizers.{name}", of_game, classes)
            for name, settings in config["regularizers"].items()
        }
    if {"decay", "half_life_kimg"} & config.get("ema", {}).keys():
        parts["ema"] = call(Ema, {"decay": None, **arguments_of("optim", config["ema"], "ema")}, "ema")
    parts["stretches"] = stretches_of(config)
    parts["shapes"] = config["data"].get("shapes") or {}
    return call(made, arguments_of("methods", config["method"], "method"), "method", parts)


def _preprocessing(config: Mapping[str, Any]) -> Preprocessing:
    settings = {key: config["data"][key] for key in _PREPROCESSING if key in config["data"]}
    return call(Preprocessing, settings, "data")
