"""The stretches of a run, from its config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_jax.game import Phase, Stretch
from gan_jax.names import nearest
from gan_jax.setup.construct import ConfigError, call, require_integer

_KEYS = ("rounds", "kimg", "shape", "batch_size", "d_steps", "g_steps", "fade", "reset")


def stretches_of(config: Mapping[str, Any]) -> tuple[Stretch, ...]:
    """The config's stretches, one after the other; each has the top level's sizes but where it says otherwise.

    Raises ConfigError for keys that are unknown, and where their rounds do not come to the config's steps.
    """
    sizes = {"shape": config["data"]["shape"], "batch_size": config["batch_size"]}
    sizes |= {key: config.get(key, 1) for key in ("d_steps", "g_steps")}
    blocks, steps = config.get("stretches") or ({},), config["steps"]
    start, found = 0, []
    for i, block in enumerate(blocks):
        where = f"stretches[{i}]"
        _check_keys(block, where)
        phase = call(Phase, {key: block.get(key, size) for key, size in sizes.items()}, where)
        rounds = _rounds(block, phase, where, steps - start, last=i == len(blocks) - 1)
        reset = block.get("reset", ())
        reset = (reset,) if isinstance(reset, str) else tuple(reset)
        found.append(Stretch(phase, start, start + rounds, bool(block.get("fade", False)), reset))
        start += rounds
    if start != steps:
        raise ConfigError(
            f"the stretches play {start:,} rounds and steps is {steps:,}: set steps to {start}, or leave out the last "
            "stretch's rounds"
        )
    return tuple(found)


def _check_keys(block: Any, where: str) -> None:
    if not isinstance(block, Mapping):
        raise ConfigError(f"{where} is a dict with some of {', '.join(_KEYS)}, not {block!r}")
    for key in block:
        if key not in _KEYS:
            raise ConfigError(f"unknown config key {where}.{key}{nearest(key, _KEYS)}; it takes {', '.join(_KEYS)}")


def _rounds(block: Mapping[str, Any], phase: Phase, where: str, left: int, last: bool) -> int:
    if "rounds" in block and "kimg" in block:
        raise ConfigError(f"{where} takes rounds or kimg, not both")
    if "kimg" in block:
        rounds = round(1000 * block["kimg"] / phase.images_a_round)
    elif "rounds" in block:
        rounds = block["rounds"]
    elif last:
        rounds = left
    else:
        raise ConfigError(f"{where} needs rounds, or kimg: only the last stretch may leave its length out")
    require_integer(f"{where}.rounds", rounds, 1)
    return rounds
