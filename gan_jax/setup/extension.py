"""A run that is made longer: what becomes of the schedules that follow its length."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from gan_jax.setup.construct import ConfigError, arguments_of
from gan_jax.types import ByImages

KEEP, STRETCH = "keep", "stretch"
SCHEDULES = (KEEP, STRETCH)
Path = tuple[str, ...]


def extended(before: Mapping[str, Any], now: Mapping[str, Any], schedule: str | None) -> dict[str, Any]:
    """The config that a run goes on with: `now`, or with "keep" its schedules' lengths as they were before.

    before: that of its work folder; now: that of this start; both resolved. schedule: "keep": schedules that follow
    `steps` stay as they are in the folder; "stretch": they follow the new length; None: where that makes a difference,
    ConfigError, with both. A number of a schedule follows `steps` where it is `steps` now, or the same share of it as
    before. What differs for another reason is not looked at.
    """
    if schedule is not None and schedule not in SCHEDULES:
        raise ConfigError(f"schedule is {KEEP} or {STRETCH}, not {schedule!r}")
    paths = followers(before, now)
    if schedule == KEEP:
        return _with(now, paths, before)
    if schedule is None and paths:
        told = "\n  ".join(f"{'.'.join(path)}: {_at(before, path):,} there, {_at(now, path):,} here" for path in paths)
        raise ConfigError(
            f"the run in this folder has steps={before['steps']:,}, here it has {now['steps']:,}, and its schedules differ "
            f"with that:\n  {told}\nSay which: --schedule={KEEP} plays them to the end that they have there, and stays at "
            f"what they end with; --schedule={STRETCH} spreads them over the length that is given here."
        )
    return dict(now)


def aligned(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """`before` with the lengths of `now` in schedules that follow `steps`: what then differs, differs for another reason."""
    return _with(before, followers(before, now), now)


def effect(before: Mapping[str, Any], now: Mapping[str, Any], schedule: str) -> str:
    """What `extended` does with "keep" or "stretch", in a line. before, now: as there."""
    if not (paths := followers(before, now)):
        return f"--schedule={schedule} changes nothing: no schedule here has another length than in the work folder"
    verb = "stay as they were" if schedule == KEEP else "are spread over the new length"
    listed = ", ".join(
        f"{'.'.join(path)} {_at(before, path):,}" + ("" if schedule == KEEP else f" -> {_at(now, path):,}")
        for path in paths
    )
    return f"--schedule={schedule}: schedules {verb}: {listed}"


def at_rest(config: Mapping[str, Any], step: int, images: float) -> list[str]:
    """The players whose learning rate is exactly 0 for all that remains of a run from round `step` on.

    config: resolved. images: real ones a round, for schedules that count them.
    """
    steps = config["steps"]
    rounds = sorted({round(step + share * (steps - 1 - step) / 16) for share in range(17)}) if step < steps else []
    found = []
    for player, block in config["optim"].items():
        rate = arguments_of("optim", block, f"optim.{player}").get("learning_rate")
        if isinstance(rate, ByImages):
            values = (float(rate.schedule(each * images / 1000)) for each in rounds)
        elif callable(rate):
            values = (float(rate(each)) for each in rounds)
        else:
            continue
        if rounds and not any(values):  # ends with the first that is not 0
            found.append(player)
    return found


def followers(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Path]:
    """Where numbers of schedules stand that differ as the lengths of the two runs do."""
    numbers = dict(_schedule_numbers(before))
    return [
        path
        for path, value in _schedule_numbers(now)
        if path in numbers and numbers[path] != value and _is_share(numbers[path], before["steps"], value, now["steps"])
    ]


def _is_share(before: float, steps_before: int, now: float, steps_now: int) -> bool:
    if min(before, now) < 1 or now != int(now):
        return False  # a rate, not a number of rounds
    return now == steps_now or abs(before * steps_now / steps_before - now) < 1  # to a round


def _with(config: Mapping[str, Any], paths: list[Path], other: Mapping[str, Any]) -> dict[str, Any]:
    made = copy.deepcopy(dict(config))
    for path in paths:
        _at(made, path[:-1])[path[-1]] = _at(other, path)
    return made


def _schedule_numbers(tree: Any, path: Path = (), inside: bool = False) -> Iterator[tuple[Path, float]]:
    if isinstance(tree, Mapping):
        inside = inside or "schedule" in tree
        for key, value in tree.items():
            yield from _schedule_numbers(value, (*path, key), inside)
    elif inside and isinstance(tree, int | float) and not isinstance(tree, bool):
        yield path, tree


def _at(tree: Any, path: Path) -> Any:
    for key in path:
        tree = tree[key]
    return tree
