"""A config as plain data: read from a file, and brought to the form of this version."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from gan_jax.run.construct import ConfigError

# Keys of version 0.1, and what they are called today.
MOVED = {"method.d_steps": "d_steps", "method.latent_dim": "latents.dim", "method.latent": "latents.type"}


def load_config(path: str) -> ConfigDict:
    """The config of a file such as "configs/ssgan_digits.py"."""
    file = Path(path)
    if not file.is_file():
        raise ConfigError(f"there is no config file {file.absolute()}")
    if (root := os.fspath(file.absolute().parent.parent)) not in sys.path:
        sys.path.insert(0, root)  # so that it can import its neighbours: from configs import base
    spec = importlib.util.spec_from_file_location(file.stem, file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.get_config()


def resolve(config: Mapping[str, Any]) -> dict[str, Any]:
    """The config as plain nested dicts with tuples, its unset keys left out."""
    return _plain(config.to_dict() if isinstance(config, ConfigDict) else config)


def upgraded(config: dict[str, Any]) -> dict[str, Any]:
    """The config of a work folder of version 0.1 in today's form; others as they are.

    There `method` held the latents and d_steps, and D's schedules counted its own updates, d_steps a round.
    """
    method = dict(config.get("method", {}))
    if not MOVED.keys() & {f"method.{key}" for key in method}:
        return config
    d_steps = method.pop("d_steps", 1)
    latents = {"type": method.pop("latent", "normal"), "dim": method.pop("latent_dim", 128)}
    now = {**config, "method": method, "d_steps": d_steps, "g_steps": 1, "latents": latents}
    rate = config.get("optim", {}).get("discriminator", {}).get("learning_rate")
    if d_steps > 1 and isinstance(rate, Mapping):
        slower = {key: value / d_steps if key.endswith("_steps") else value for key, value in rate.items()}
        discriminator = {**config["optim"]["discriminator"], "learning_rate": slower}
        now["optim"] = {**config["optim"], "discriminator": discriminator}
    return now


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items() if entry is not None}
    return tuple(map(_plain, value)) if isinstance(value, list | tuple) else value
