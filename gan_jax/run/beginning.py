"""How a run begins: one run in a folder, all its processes in agreement, and nothing overwritten that it could not read."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gan_jax.run.state import Blueprint
from gan_jax.run.work_folder import (
    OF_A_HOST,
    compared,
    facts,
    has_run,
    is_saved,
    mark_saved,
    read_config,
    require_alike,
    require_there,
    write,
)
from gan_jax.runtime.checkpoints.checkpoints import CheckpointError, Checkpoints
from gan_jax.runtime.lock import FolderLock, token_in
from gan_jax.runtime.processes.agreement import on_first_process, texts_of_all
from gan_jax.runtime.processes.processes import say
from gan_jax.runtime.workdir import BEGIN_ANEW
from gan_jax.runtime.writers.metrics_file import last_step
from gan_jax.setup.config import resolve
from gan_jax.setup.construct import ConfigError
from gan_jax.setup.extension import KEEP, effect, extended, followers
from gan_jax.setup.setup import Setup
from gan_jax.types import TrainState

_SEEN_WITHIN_SECONDS = 90.0  # file systems that several hosts share may show a new file late


def config_to_play(config: Any, workdir: str | Path, schedule: str | None) -> dict[str, Any]:
    """The config, resolved; in a folder with a run that has other `steps`, with its schedules as asked, see `extended`.

    Says what became of the schedules.
    """
    now = resolve(config)
    before = read_config(workdir) if has_run(workdir) else now
    if not {"steps"} <= before.keys() & now.keys():
        return now
    played = extended(before, now, schedule)
    if schedule is not None:
        say(effect(before, now, schedule))
    return played


def occupy(
    workdir: Path, config: Mapping[str, Any], patience_seconds: float = _SEEN_WITHIN_SECONDS
) -> FolderLock | None:
    """Makes the folder this run's alone, until the lock is released; None on all processes but the first.

    Raises ConfigError, on all processes, where they were given different configs or folders, and FolderInUse where
    another run plays there.
    """
    require_alike(config, "config", OF_A_HOST)
    lock = on_first_process(lambda: FolderLock(workdir))
    token = texts_of_all(lock.token if lock else "")[0]
    deadline = time.monotonic() + patience_seconds
    while not (seen := token_in(workdir) == token) and time.monotonic() < deadline:
        time.sleep(0.2)
    places = texts_of_all(str(workdir) if seen else f"!{workdir}")
    if strangers := [number for number, place in enumerate(places) if place.startswith("!")]:
        on_first_process(lambda: lock and lock.release())  # before any of them ends, and may be started again
        raise ConfigError(
            f"process {strangers[0]} of {len(places)} does not see the work folder of process 0: there it is {places[0]}, "
            f"here {places[strangers[0]][1:]}. Give all hosts the same --workdir, on a file system that they share"
        )
    return lock


def enter(
    workdir: Path, setup: Setup, source: Any, planned: Blueprint, accept_new_data: bool = False
) -> tuple[Checkpoints, int, TrainState]:
    """(checkpoints, step, state): where the run in this folder goes on, or round 0 of a new one. Writes config.json.

    Raises, having written nothing: ConfigError where the folder holds another config's run or the data changed;
    ValueError for a run that is further than its steps; OSError for a metrics.jsonl that is no file;
    CheckpointError where what is there cannot be read, or is gone.
    """
    checkpoints = workdir / "checkpoints"
    found = {**facts(source), **({"frozen": planned.frozen} if planned.frozen else {})}
    require_alike(_told(found), "data", ())

    def look() -> dict[str, Any]:
        if (newest := max(Checkpoints(checkpoints).steps(), default=0)) > setup.steps:
            raise ValueError(
                f"{workdir} holds a checkpoint of step {newest}, beyond the {setup.steps} steps of this run. Set steps to "
                f"{newest} or more to go on; an earlier checkpoint is sampled and scored with --step=N"
            )
        if newest == setup.steps and has_run(workdir) and followers(read_config(workdir), setup.config):
            raise ConfigError(
                f"the run in {workdir} has ended, and other schedules would play nothing: give more steps too, or "
                f"--schedule={KEEP}"
            )
        last_step(workdir / "metrics.jsonl")  # raises before anything is written where the file cannot be read
        _require_complete(workdir)
        return compared(workdir, setup.config, accept_new_data, **found)

    content = on_first_process(look)
    saving, run = setup.checkpoint, content and content["run"]["id"]
    told = {"sealed": lambda step: mark_saved(workdir), "require_there": lambda: require_there(workdir)}
    there = Checkpoints(checkpoints, saving.keep, saving.keep_every, run, **told)
    restored = planned.restore(there)

    def take() -> None:
        if restored is None:
            _require_new(workdir)
        if content is not None:
            write(workdir, content, saved=restored is not None)

    on_first_process(take)
    return there, *(restored or (0, planned.make()))


def _told(found: Mapping[str, Any]) -> dict[str, Any]:
    """Facts without times, which are a host's own."""
    apart = ("times", "oldest", "newest", "means")
    return {
        key: _told(value) if isinstance(value, Mapping) else value for key, value in found.items() if key not in apart
    }


def _require_complete(workdir: Path) -> None:
    """Raises CheckpointError for a folder that has lost its config.json."""
    if has_run(workdir):
        return
    if Checkpoints(workdir / "checkpoints").steps() or last_step(workdir / "metrics.jsonl"):
        raise CheckpointError(
            f"{workdir} holds what a run has written, and no config.json, without which it cannot go on. Nothing was "
            f"changed. Put config.json back; {BEGIN_ANEW}"
        )


def _require_new(workdir: Path) -> None:
    """Raises CheckpointError where no checkpoint is found, and there must have been one."""
    if not has_run(workdir):
        return
    reached, saved = last_step(workdir / "metrics.jsonl"), is_saved(workdir)
    if saved is None:  # of an earlier version: as far as its log tells
        saved = reached > 2 * read_config(workdir)["checkpoint"]["every"]
    if saved:
        raise CheckpointError(
            f"the run in {workdir} has written checkpoints, its metrics.jsonl goes to round {reached}, and no checkpoint is "
            f"there any more. Nothing was changed. Put the folder checkpoints back; {BEGIN_ANEW}"
        )
