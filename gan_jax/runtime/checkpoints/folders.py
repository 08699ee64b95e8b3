"""The folders of a run's checkpoints, one a step: which are whole, which may go, and which are not what they are called.

Only process 0 comes here, but for `of` and `complete`.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

from etils import epath

from gan_jax.runtime.checkpoints.manifest import NAME, damage, is_complete, read_label, write_manifest

LEAVES = "leaves.json"
# Of `newest_sound`, instead of a step: nothing was ever completed; what was is damaged; one is not in its place.
NONE, DAMAGED, MISPLACED = -1, -2, -3


class Folders:
    """Folders <directory>/<step>. run: the name of the run that they must be of; None: anybody's.

    misplaced: what `newest_sound` found to be of another step or run, in a sentence.
    """

    def __init__(self, directory: str | os.PathLike, run: str | None = None):
        self.directory = self._place(directory)
        self.misplaced: str | None = None
        self._run = run
        self._damaged: set[int] = set()  # complete, and passed over

    def of(self, step: int) -> Any:
        """The folder of a step."""
        return self.directory / str(step)

    def writing(self, step: int) -> epath.Path:
        """Where Orbax writes a step's arrays, once `prepare` was called."""
        return self.of(step) / "state"

    @contextlib.contextmanager
    def reading(self, step: int) -> Iterator[epath.Path]:
        """A folder with the files of a complete step, on each process."""
        yield self.of(step)

    def complete(self) -> list[int]:
        """The steps whose folder is complete, oldest first."""
        return [step for step in self._all() if is_complete(self.of(step))]

    def prepare(self, step: int, leaves: Mapping[str, str]) -> None:
        """An empty folder for a step but for leaves.json. Raises OSError, also where the folder that they are in is gone."""
        self._clear(step)
        self.directory.mkdir(exist_ok=True)
        self.of(step).mkdir()
        self._write_leaves(self.of(step), leaves)

    def seal(self, step: int) -> None:
        """Makes a step's folder complete: all its files are written."""
        write_manifest(self.of(step), step, self._run)

    def remove_old(self, saved: int, keep: int, keep_every: int | None) -> None:
        """Removes all but the newest `keep` up to the step that was saved, and every one that keep_every divides."""
        complete = [step for step in self.complete() if step <= saved]
        kept = {*complete[-keep:], *(step for step in complete if keep_every and step % keep_every == 0)}
        for step in self._all():
            if step not in kept:
                self._remove(step)

    def clear_failed(self, step: int, seconds: float = 5.0, between: float = 0.2) -> None:
        """Removes what a failed save has left. Its other writers may be at work yet, and make their files anew."""
        deadline, looks = time.monotonic() + seconds, 0
        while not is_complete(self.of(step)) and time.monotonic() < deadline and looks < 3:  # not there, three times
            there = self.of(step).exists()
            looks = 0 if there else looks + 1
            if there:
                with contextlib.suppress(OSError):
                    self._delete(step)
            time.sleep(between)

    def remove_empty(self) -> None:
        """Removes the folders that a save's writers made anew at a place that was moved away; not what holds anything."""
        with contextlib.suppress(OSError):
            os.rmdir(self.directory)
            os.rmdir(self.directory.parent)

    def newest_sound(self, step: int | None) -> int:
        """The newest step, or this one, whose folder is complete and undamaged; NONE, DAMAGED or MISPLACED.

        What is passed over is named on stderr.
        """
        found, complete = self._all(), self.complete()
        if step is not None and step not in complete:
            _say(f"there is no complete checkpoint of step {step} in {self.directory}")
            return DAMAGED
        candidates = [step] if step is not None else found[::-1]
        for candidate, before in itertools.zip_longest(candidates, candidates[1:]):
            if (what := self._misplacement(candidate)) is not None:
                self.misplaced = what
                return MISPLACED
            if (what := self._damage(candidate)) is None:
                return candidate
            if candidate in complete:
                self._damaged.add(candidate)
            then = "none is left" if before is None else f"trying step {before}"
            _say(f"checkpoint {self.of(candidate)} is passed over, {then}: {what}")
        # One that was cut short may be a run's first; several are complete ones whose manifests somebody removed.
        return DAMAGED if complete or len(found) > 1 else NONE

    def _clear(self, step: int) -> None:
        """Removes what there is of a step, and of starts that never completed one."""
        if not self.complete():
            for cut_short in self._all():
                self._remove(cut_short)
        self._remove(step)

    def _write_leaves(self, folder: epath.Path, leaves: Mapping[str, str]) -> None:
        (folder / LEAVES).write_text(json.dumps(leaves, indent=1))

    def _place(self, directory: str | os.PathLike) -> Any:
        return epath.Path(os.path.abspath(os.fspath(directory)))

    def _damage(self, step: int) -> str | None:
        return damage(self.of(step))

    def _all(self) -> list[int]:
        if not self.directory.is_dir():
            return []
        names = (path.name for path in self.directory.iterdir() if path.is_dir())
        return sorted(int(name) for name in names if name.isdecimal() and name == str(int(name)))

    def _remove(self, step: int) -> None:
        """Deletes a step's folder, or sets it aside where it may be a checkpoint that could not be read."""
        if step in self._damaged or self._has_lost_its_manifest(step):
            self._set_aside(step)
        self._delete(step)

    def _delete(self, step: int) -> None:
        for name in (NAME, LEAVES):  # first: a half-deleted checkpoint is one that was cut short
            (self.of(step) / name).unlink(missing_ok=True)
        if self.of(step).exists():
            self.of(step).rmtree()

    def _has_lost_its_manifest(self, step: int) -> bool:
        """Whether all else of a checkpoint is there. Orbax gives the arrays their name when all of them are written."""
        folder = self.of(step)
        return not is_complete(folder) and (folder / LEAVES).exists() and (folder / "state").exists()

    def _set_aside(self, step: int) -> None:
        """What could not be read is not thrown away: it may be the disk's fault, and pass."""
        names = (self.directory / f"{step}.damaged{number or ''}" for number in itertools.count())
        aside = next(name for name in names if not name.exists())
        self.of(step).rename(aside)
        _say(f"checkpoint {self.of(step)}, which could not be read, is set aside as {aside.name}")
        self._damaged.discard(step)

    def _misplacement(self, step: int) -> str | None:
        """Which step or run a folder holds, and what to do, where it is not what its place says."""
        folder = self.of(step)
        holds, run = read_label(folder)
        if holds is not None and holds != step:
            return (
                f"{folder} holds the checkpoint of step {holds}: it was renamed or copied. Nothing was changed. Call it "
                f"{holds} again, or move it away; to go on from an earlier step, move the later ones away"
            )
        if run is not None and self._run is not None and run != self._run:
            return (
                f"{folder} is of another run ({run}) than this folder ({self._run}): it was copied here. Nothing was "
                "changed. Move it away; to go on with a run elsewhere, copy its whole work folder"
            )
        return None


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
