"""A config as plain data, brought to the form of this version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_collections import ConfigDict

# Keys of version 0.1, and what they are called today.
MOVED = {"method.d_steps": "d_steps", "method.latent_dim": "latents.dim", "method.latent": "latents.type"}


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
