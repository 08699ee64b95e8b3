"""Checkpoints of a run: saved in the background, complete or ignored, verified before they are loaded.

A folder a step:   <directory>/<step>/state           what Orbax writes (its v1 API): a flat table of named arrays
                   <directory>/<step>/leaves.json     each leaf's type and shape
                   <directory>/<step>/manifest.json   the step, the run, SHA-256 of every file above; written last
The structure (dataclasses, named tuples, empty tuples, keys' types) comes from the caller's template, so any Orbax can
read the arrays without this project: `ocp.load("<directory>/<step>/state")` gives {name: array}.
With several processes the directory must be one that all of them see; process 0 lists, verifies and deletes. A
directory in a bucket is written to by runs of one process, and read by any number.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from typing import Any, Self

import jax
from etils import epath
from orbax.checkpoint.experimental import v1 as ocp

from gan_jax.runtime.checkpoints.folders import DAMAGED, MISPLACED, NONE, Folders
from gan_jax.runtime.checkpoints.in_a_bucket import RemoteFolders
from gan_jax.runtime.checkpoints.leaves import (
    as_leaf,
    described,
    differences,
    load_target,
    named_leaves,
    storable,
    with_sharding,
)
from gan_jax.runtime.checkpoints.once import quiet_when_interrupted, tell_each_failure_once
from gan_jax.runtime.processes.processes import any_process, from_first_process, is_first
from gan_jax.runtime.storage import is_remote
from gan_jax.runtime.storage.checking import require_one_process
from gan_jax.runtime.workdir import BEGIN_ANEW

PyTree = Any


class CheckpointError(RuntimeError):
    """A checkpoint could not be written, or none of those there can be read."""


class CheckpointMismatch(CheckpointError):
    """A checkpoint is sound but belongs to another model: its leaves are not those of the template."""


class CheckpointMisplaced(CheckpointError):
    """A folder holds another step than its name says, or another run's: somebody renamed or copied it."""


class Checkpoints:
    """The checkpoints of one run. With several processes, each method but `steps` is called by all of them.

    directory: where, in a folder that exists; made at the first save. keep: how many of the newest stay; keep_every: so
    does every step that it divides. A save that follows a restore of an earlier step removes the later ones: they are
    another history's. What `restore` passed over as damaged, and what has all but its manifest, is kept, under a name
    that ends in ".damaged".
    run: the run's name for itself, on process 0: written into each checkpoint, and asked for when one is read; None: not
    asked for. A checkpoint without one is of an earlier version, and anybody's.
    sealed: called with the step once a checkpoint is complete, in the background, on process 0.
    require_there: called on process 0 before one is completed, and where a save failed. The OSError that it raises where
    the run's folder is gone is raised in place of a CheckpointError, and nothing is left at the old place.
    """

    def __init__(
        self,
        directory: str | os.PathLike,
        keep: int = 3,
        keep_every: int | None = None,
        run: str | None = None,
        sealed: Callable[[int], None] | None = None,
        require_there: Callable[[], None] | None = None,
    ):
        if keep < 1 or (keep_every is not None and keep_every < 1):
            raise ValueError(f"keep={keep}, keep_every={keep_every}: each must be at least 1 (keep_every may be None)")
        self._folders = RemoteFolders(directory, run) if is_remote(directory) else Folders(directory, run)
        self._keep, self._keep_every, self._sealed = keep, keep_every, sealed
        self._require_there = require_there or (lambda: None)
        self._thread: threading.Thread | None = None
        self._failure: tuple[int, BaseException] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    @property
    def directory(self) -> epath.Path:
        """Where they are."""
        return self._folders.directory

    def steps(self) -> list[int]:
        """The steps with a complete checkpoint, oldest first. Complete is not yet undamaged: `restore` verifies."""
        return self._folders.complete()

    def save(self, step: int, state: PyTree) -> None:
        """Starts writing a state and returns; the caller may donate its arrays at once.

        A save still under way is waited for first. A checkpoint of the same step is replaced.
        Raises CheckpointError, also for what went wrong in the background of the save before.
        """
        self.wait()
        if is_remote(self.directory):
            require_one_process(self.directory)
        tell_each_failure_once()
        leaves = named_leaves(state)
        arrays = {name: storable(leaf) for name, leaf in leaves.items() if leaf.size}  # Orbax refuses empty arrays
        error = None
        if is_first():
            try:
                self._folders.prepare(step, described(leaves))
            except OSError as raised:
                error = raised
                self._folders.clear_failed(step)
        if any_process(error is not None):  # so that no process is left waiting for one that failed
            raise self._not_written(step, error or "process 0 failed, see its log")
        try:
            with _context(), quiet_when_interrupted():
                response = ocp.save_async(self._folders.writing(step), arrays)
        except Exception as error:
            if is_first():
                self._folders.clear_failed(step)
            raise self._not_written(step, error) from error
        self._thread = threading.Thread(target=self._finish, args=(step, response), name=f"checkpoint {step}")
        self._thread.start()

    def wait(self) -> None:
        """Waits for the save under way, if any. Raises CheckpointError if it failed."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._failure is not None:
            (step, error), self._failure = self._failure, None
            raise self._not_written(step, error) from error

    def close(self) -> None:
        """Waits for the save under way; to be called at the end of a run, or use `with`."""
        self.wait()

    def restore(
        self, template: PyTree, step: int | None = None, earlier: Callable[[str], str | None] | None = None
    ) -> tuple[int, PyTree] | None:
        """(step, state) of the newest checkpoint that is complete and undamaged, or None where there is none at all.

        template: the state as jax.ShapeDtypeStruct with the shardings to load onto, whatever the checkpoint's were;
            without a sharding a leaf goes to this process's first device.
        step: this one and no other.
        earlier: where the leaves' names are not the template's: what a leaf of an earlier version's checkpoint is called
            today, None for one that is no more.
        What is passed over is named on stderr. Raises CheckpointError where checkpoints exist but all are damaged (one
        that was never completed does not count), CheckpointMismatch, listing the first differing leaves, where the
        template is of another model, and CheckpointMisplaced for one of another step or run than its place says.
        """
        self.wait()
        found = from_first_process(self._folders.newest_sound(step) if is_first() else 0)
        if found == MISPLACED:
            raise CheckpointMisplaced(
                self._folders.misplaced or "a checkpoint is not in its place; process 0's log says which"
            )
        if found == NONE:
            return None
        if found == DAMAGED:
            if step is None:
                raise CheckpointError(
                    f"no checkpoint in {self.directory} can be loaded; what is wrong is above. Nothing was changed. Put back "
                    f"a copy of one; {BEGIN_ANEW}"
                )
            raise CheckpointError(
                f"the checkpoint of step {step} that was asked for cannot be loaded from {self.directory}; what is wrong is "
                f"above. Ask for another step, or put back a copy. Here: steps {self.steps() or '(none)'}"
            )
        with self._folders.reading(found) as folder:
            return found, self._state(found, folder, template, earlier)

    def _state(
        self, step: int, folder: epath.Path, template: PyTree, earlier: Callable[[str], str | None] | None
    ) -> PyTree:
        leaves = named_leaves(template)
        stored = json.loads((folder / "leaves.json").read_text())
        names = {name: name for name in stored}  # today's name: the stored one
        if earlier is not None and differences(stored, described(leaves)):
            names = {now: name for name in stored if (now := earlier(name)) is not None}
        if lines := differences({now: stored[name] for now, name in names.items()}, described(leaves)):
            raise CheckpointMismatch(
                f"the checkpoint of step {step} in {self.directory} is of another model than this run's:\n  "
                + "\n  ".join(lines)
                + "\nUse the configuration it was trained with, or another directory."
            )
        targets = {name: with_sharding(leaf) for name, leaf in leaves.items()}
        wanted = {names[name]: load_target(leaf) for name, leaf in targets.items() if leaf.size}
        arrays = self._load(folder, wanted, leave={name for name in stored if name not in names.values()})
        values = [as_leaf(arrays.get(names[name]), leaf) for name, leaf in targets.items()]
        return jax.tree.unflatten(jax.tree.structure(template), values)

    def _load(self, folder: epath.Path, wanted: dict[str, Any], leave: set[str]) -> dict[str, Any]:
        """The stored arrays of these names. leave: names that are stored and not wanted."""
        context = ocp.Context()
        context.pytree.loading.partial_load = bool(leave)
        with context:
            return ocp.load(folder / "state", wanted)

    def _finish(self, step: int, response: ocp.AsyncResponse) -> None:
        try:
            response.result()
            if is_first():
                self._require_there()
                self._folders.seal(step)
                if self._sealed is not None:
                    self._sealed(step)
                self._folders.remove_old(step, self._keep, self._keep_every)
        except BaseException as error:
            self._failure = (step, error)
            if is_first():
                self._folders.clear_failed(step)  # what was written of it may be what fills the disk

    def _not_written(self, step: int, error: BaseException | str) -> CheckpointError:
        if is_first():
            try:
                self._require_there()
            except OSError:
                self._folders.remove_empty()
                raise
        what = f"{type(error).__name__}: {error}" if isinstance(error, BaseException) else error
        return CheckpointError(
            f"the checkpoint of step {step} could not be written to {self.directory} ({what}). Check that the path is a "
            "directory you may write to and that the disk is not full; earlier checkpoints are untouched."
        )


def _context() -> ocp.Context:
    context = ocp.Context()
    context.asynchronous.create_directories_asynchronously = False  # so that its errors are raised here and at once
    return context
