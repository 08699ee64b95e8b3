"""No number of any config, and no numeric setting of anything a config can name, takes a senseless value."""

import inspect
import math
import re
from pathlib import Path

import pytest
from flax import linen

from gan_jax.optim import Ema
from gan_jax.setup import construct
from gan_jax.setup.config import resolve
from gan_jax.setup.config_files import load_config
from gan_jax.setup.construct import ConfigError
from gan_jax.setup.setup import Setup

FILES = sorted(Path(__file__).parents[2].joinpath("configs").glob("*_*.py"))
SENSELESS = (math.nan, math.inf, -1, 1e30)
ALLOWED = {  # a senseless value that means something there
    ("mesh.data", -1): "all devices that remain",
    ("mesh.fsdp", -1): "all devices that remain",
    ("latents.low", -1): "latents may be negative",
}


def numbers_in(config, *path):
    """(path, number) of every number in nested dicts and tuples."""
    entries = config.items() if isinstance(config, dict) else enumerate(config)
    for key, value in entries:
        if isinstance(value, dict | tuple | list):
            yield from numbers_in(value, *path, key)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield (*path, key), value


def with_number(config, path, value):
    """A copy of the config, tuples and all, with another number at the path."""
    if not path:
        return value
    key, *rest = path
    if isinstance(config, dict):
        return {**config, key: with_number(config[key], rest, value)}
    return tuple(with_number(entry, rest, value) if i == key else entry for i, entry in enumerate(config))


def _cases():
    """Each number of each config once: those of one key in blocks of one type are checked by the same code."""
    seen = set()
    for file in FILES:
        if file.stem.startswith("__"):
            continue
        config = resolve(load_config(str(file)))
        for path, _ in numbers_in(config):
            block, types = config, []
            for key in path[:-1]:
                block = block[key]
                if isinstance(block, dict):
                    types.append(block.get("type") or block.get("schedule"))
            if (mark := (path, *types)) not in seen:
                seen.add(mark)
                yield pytest.param(config, path, id=f"{file.stem}:{'.'.join(map(str, path))}")


@pytest.mark.parametrize("config, path", list(_cases()))
def test_no_number_of_a_config_takes_a_senseless_value(config, path):
    named = ".".join(map(str, path))
    key = [each for each in path if isinstance(each, str)][-1]
    for value in SENSELESS:
        if (named, value) in ALLOWED:
            continue
        with pytest.raises(ValueError, match=re.escape(key)):
            Setup.of(with_number(config, path, value)).source()


# --- what no config sets


PACKAGES = ("optim", "losses", "latents", "regularizers", "architectures")
GIVEN = {  # what some need besides the setting in question
    "image_shape": (32, 32, 3),
    "fraction": 0.5,
    "m": 2,
    "n": 2,
    "weight_g": 1.0,
    "sigma_eps": 0.5,
    "tap": "conv0",
    "loss": {"type": "hinge"},
    "regularizer": {"type": "gradient_penalty.r1"},
    "discriminator": {"type": "mlp.Discriminator", "image_shape": (32, 32, 3)},
}
BESIDE = {
    "half_life_kimg": {"decay": None, "half_life_kimg": 1.0},
    "pool_stride": {"pool_window": 2},
    "pool_padding": {"pool_window": 2},
}


def _is_type(package, made):
    """Whether a config's block may name it: an optimiser, a loss, latents, a regulariser or a network of images."""
    parameters = inspect.signature(made).parameters
    if package == "architectures":
        of_images = {"image_shape", "discriminator"} & parameters.keys()
        return inspect.isclass(made) and issubclass(made, linen.Module) and bool(of_images)
    if package == "optim":
        return "learning_rate" in parameters or made is Ema
    mark = {"losses": "right", "latents": "draw", "regularizers": "heads"}[package]
    return inspect.isclass(made) and hasattr(made, mark)


def _settings():
    """(package, type, a numeric setting of it), all of them by their annotations."""
    for package in PACKAGES:
        for name in construct._known(package):
            made = construct.find(package, {"type": name}, "x")
            if not _is_type(package, made):
                continue
            for key, parameter in inspect.signature(made).parameters.items():
                told = str(parameter.annotation)
                if re.search(r"\b(int|float|Weight)\b", told) and key != "image_shape":
                    yield pytest.param(package, made, key, "tuple" in told, id=f"{name}.{key}")


@pytest.mark.parametrize("package, made, key, several", list(_settings()))
def test_no_numeric_setting_takes_a_senseless_value(package, made, key, several):
    taken = inspect.signature(made).parameters
    given = {name: value for name, value in {**GIVEN, **BESIDE.get(key, {})}.items() if name in taken}
    build = lambda more: construct.call(made, construct.arguments_of(package, {**given, **more}, "block"), "block")
    build({})
    for value in SENSELESS:
        if (f"latents.{key}", value) in ALLOWED:
            continue
        with pytest.raises(ConfigError, match=re.escape(key)):
            build({key: (value,) if several else value})


UNSET = (
    *(
        "method.clip_weights",
        "ema.decay",
        "ema.half_life_kimg",
        "data.threads",
        "checkpoint.keep_every",
        "evaluate.every",
    ),
    *("loss.fraction", "stretches.rounds", "stretches.kimg", "stretches.batch_size", "stretches.d_steps"),
    *("optim.generator.clip_norm", "optim.generator.orthogonal"),
)


@pytest.mark.parametrize("named", UNSET)
def test_nor_does_what_no_config_sets(named):
    *blocks, key = named.split(".")
    for value in SENSELESS:
        config = resolve(load_config("configs/base.py"))
        if blocks == ["stretches"]:
            config["stretches"] = ({key: value}, {})
        else:
            block = config
            for name in blocks:
                block = block[name]
            block[key] = value
        if blocks == ["loss"]:
            config["loss"] = {"type": "top_k", "loss": {"type": "hinge"}, key: value}
        with pytest.raises(ConfigError, match=re.escape(key)):
            Setup.of(config)


@pytest.mark.parametrize(
    "schedule",
    [
        {"schedule": "linear", "init_value": 1.0, "end_value": 0.0, "transition_steps": 10},
        {"schedule": "cosine_decay", "init_value": 1.0, "decay_steps": 10, "alpha": 0.1},
        {"schedule": "warmup_cosine_decay", "init_value": 0.0, "peak_value": 1.0, "warmup_steps": 3, "decay_steps": 10},
        {"schedule": "piecewise_constant", "init_value": 1.0, "boundaries_and_scales": {10: 0.1}},
    ],
    ids=lambda schedule: schedule["schedule"],
)
def test_nor_does_a_schedule(schedule):
    config = resolve(load_config("configs/base.py"))
    for path, _ in numbers_in(schedule):
        for value in SENSELESS:
            config["optim"]["generator"]["learning_rate"] = with_number(schedule, path, value)
            with pytest.raises(ConfigError, match=f"optim.generator.learning_rate.{path[0]}"):
                Setup.of(config)
