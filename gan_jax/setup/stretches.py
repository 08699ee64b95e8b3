"""The stretches of a run, from its config."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

from gan_jax import ranges
from gan_jax.game import Phase, Stretch
from gan_jax.names import nearest
from gan_jax.setup.construct import ConfigError, call

_REPEATED = ("rounds", "d_steps", "g_steps")
_KEYS = ("rounds", "kimg", "shape", "batch_size", "d_steps", "g_steps", "fade", "reset")


def stretches_of(config: Mapping[str, Any]) -> tuple[Stretch, ...]:
    """The config's stretches, one after the other; each has the top level's sizes but where it says otherwise.

    The last may be {"repeat": (block, ...)}: those blocks again and again, until the config's steps are played.

    Raises ConfigError for keys that are unknown, and where their rounds do not come to the config's steps.
    """
    sizes = {"shape": config["data"]["shape"], "batch_size": config["batch_size"]}
    sizes |= {key: config.get(key, 1) for key in ("d_steps", "g_steps")}
    blocks, steps = config.get("stretches") or ({},), config["steps"]
    if not isinstance(blocks, tuple):
        raise ConfigError(f"stretches is a tuple of dicts, not {blocks!r}")
    if isinstance(blocks[-1], Mapping) and "repeat" in blocks[-1]:
        blocks = _unrolled(blocks, steps)
    start, found = 0, []
    for i, block in enumerate(blocks):
        where = f"stretches[{i}]"
        _check_keys(block, where)
        phase = call(Phase, {key: block.get(key, size) for key, size in sizes.items()}, where)
        rounds = _rounds(block, phase, where, steps - start, steps, last=i == len(blocks) - 1)
        reset, fade = block.get("reset", ()), block.get("fade", False)
        reset = (reset,) if isinstance(reset, str) else reset
        if not isinstance(reset, tuple) or not all(isinstance(name, str) for name in reset):
            raise ConfigError(f"{where}.reset is a tuple of networks' names, not {reset!r}")
        if not isinstance(fade, bool):
            raise ConfigError(f"{where}.fade is True or False, not {fade!r}")
        if reset and not start:
            raise ConfigError(f"{where}.reset: the optimisers are new at round 0 anyway: remove it")
        if fade and not {"rounds", "kimg"} & block.keys():
            raise ConfigError(f"{where} fades, so it needs rounds or kimg: a longer run would change the rounds played")
        found.append(Stretch(phase, start, start + rounds, fade, reset))
        start += rounds
    if start != steps:
        raise ConfigError(
            f"the stretches play {start:,} rounds and steps is {steps:,}: set steps to {start}, or leave out the last "
            "stretch's rounds"
        )
    return tuple(found)


def _unrolled(blocks: tuple, steps: int) -> tuple:
    """Blocks whose last one repeats others, without it: as many as there are steps, and the last of them cut there."""
    *first, last = blocks
    where, again = f"stretches[{len(first)}]", last["repeat"]
    if len(last) > 1 or not isinstance(again, tuple) or not again:
        raise ConfigError(f"{where} is {{'repeat': (dict, ...)}} and nothing else, not {last!r}")
    for block in again:
        if not isinstance(block, Mapping) or "rounds" not in block or not block.keys() <= set(_REPEATED):
            raise ConfigError(f"{where}.repeat holds dicts of rounds and perhaps d_steps and g_steps, not {block!r}")
        _require(ranges.whole, f"{where}.repeat.rounds", block["rounds"])
    for i, block in enumerate(first):
        if not isinstance(block, Mapping) or "rounds" not in block:
            raise ConfigError(f"stretches[{i}] needs rounds: others are repeated after it")
        _require(ranges.whole, f"stretches[{i}].rounds", block["rounds"])
    left, found, coming = steps, [], itertools.chain(first, itertools.cycle(again))
    while left > 0:
        block = next(coming)
        found.append({**block, "rounds": min(block["rounds"], left)})
        left -= block["rounds"]
    return tuple(found)


def _check_keys(block: Any, where: str) -> None:
    if not isinstance(block, Mapping):
        raise ConfigError(f"{where} is a dict with some of {', '.join(_KEYS)}, not {block!r}")
    for key in block:
        if key not in _KEYS:
            raise ConfigError(f"unknown config key {where}.{key}{nearest(key, _KEYS)}; it takes {', '.join(_KEYS)}")


def _rounds(block: Mapping[str, Any], phase: Phase, where: str, left: int, steps: int, last: bool) -> int:
    if "rounds" in block and "kimg" in block:
        raise ConfigError(f"{where} takes rounds or kimg, not both")
    if "kimg" in block:
        kimg = block["kimg"]
        _require(ranges.positive, f"{where}.kimg", kimg)
        rounds = round(1000 * kimg / phase.images_a_round)
        if not rounds:
            raise ConfigError(f"{where}.kimg = {kimg} is less than a round of {phase.images_a_round} images")
    elif "rounds" in block:
        rounds = block["rounds"]
    elif last:
        rounds = left
        if left < 1:
            raise ConfigError(
                f"the stretches before {where} play {steps - left:,} rounds, and steps is {steps:,}: raise steps"
            )
    else:
        raise ConfigError(f"{where} needs rounds, or kimg: only the last stretch may leave its length out")
    _require(ranges.whole, f"{where}.rounds", rounds)
    return rounds


def _require(fits: Callable[[str, Any], None], name: str, value: Any) -> None:
    try:
        fits(name, value)
    except ValueError as error:
        raise ConfigError(str(error)) from error
