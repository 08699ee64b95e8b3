"""Training: the loop over rounds, its checkpoints, pictures and numbers."""

from __future__ import annotations

import contextlib
import itertools
from pathlib import Path
from typing import Any, Self

import jax
import numpy as np

from gan_jax.data import Prefetch, describe
from gan_jax.evaluators.score import check_scores_file
from gan_jax.game import images_before, stretch_after, work_before
from gan_jax.run.beginning import config_to_play, enter, occupy
from gan_jax.run.diary import Diary
from gan_jax.run.dispatch import Player, gathered, put
from gan_jax.run.divergence import largest
from gan_jax.run.drawing import chosen_sampler, draw
from gan_jax.run.reading import Played, Reading
from gan_jax.run.references import Given
from gan_jax.run.scoring import scoring_during, unknown_recipes
from gan_jax.run.state import blueprint, introduction, nothing_to_learn, where_it_goes_on
from gan_jax.run.timetable import Timetable
from gan_jax.runtime.checkpoints.digest import state_digest
from gan_jax.runtime.mesh import check_parts, make_mesh
from gan_jax.runtime.processes.agreement import on_first_process
from gan_jax.runtime.processes.processes import say, warn
from gan_jax.runtime.processes.signals import StopRequested
from gan_jax.runtime.profile import Profile
from gan_jax.runtime.progress import Progress
from gan_jax.runtime.workdir import check_writable, unmade_on_failure
from gan_jax.setup.setup import Setup


class Training:
    """A run in a work folder: it begins where the newest checkpoint there ends, or at round 0.

        with Training(config, "runs/digits") as run:
            run.play()            # to the end, or play(until=200)
            images = run.sample(64)

    The folder is this run's alone until it is closed, see docs/runs.md.
    config: a ConfigDict or nested dict, see configs/base.py. workdir: its folder, made where it is missing.
    profile: (start, stop), the rounds of which a trace is taken, see gan_jax/runtime/profile.py.
    schedule: of a run that goes on with other `steps`, "keep" or "stretch", see `setup.extension.extended`.
    accept_new_data: go on although the data are not those that the run was begun with.
    Raises before any training: ConfigError and ValueError for settings that do not fit each other or the data,
    FileNotFoundError for missing data, OSError for a folder that cannot be written, FolderInUse for one in which another
    run plays, CheckpointError where what is there cannot be read.
    """

    def __init__(
        self,
        config: Any,
        workdir: str | Path,
        profile: tuple[int, int] | None = None,
        schedule: str | None = None,
        accept_new_data: bool = False,
    ):
        setup = self.setup = Setup.of(config_to_play(config, workdir, schedule))
        self.method = setup.method
        self.mesh = make_mesh(setup.mesh.data, setup.mesh.fsdp)
        for phase in dict.fromkeys(each.phase for each in setup.stretches):
            check_parts(phase.batch_size, getattr(self.method, "accumulate", 1), self.mesh)
        with unmade_on_failure(workdir), contextlib.ExitStack() as leaving:
            self.workdir = check_writable(workdir)
            self._lock = occupy(self.workdir, setup.config)
            leaving.callback(self._unlock)
            self._begin(profile, accept_new_data)
            leaving.pop_all()

    def _begin(self, profile: tuple[int, int] | None, accept_new_data: bool) -> None:
        setup = self.setup
        self._timetable = Timetable.of(setup)
        self._profile = Profile(profile, self.workdir / "profile", self.steps)
        source = self._source = setup.source()
        say(describe(source))
        self.batches = setup.batches(source, jax.process_index(), jax.process_count())
        judged = self._timetable.scores is not None
        if judged:
            on_first_process(lambda: check_scores_file(self.workdir / "scores.jsonl"))
        for told in (*unknown_recipes(setup), *getattr(self.method, "doubts", ())):
            warn(told)
        scoring = scoring_during(setup, self.mesh, self.workdir.name) if judged else None
        planned = blueprint(self.method, setup.seed, self.mesh)
        self._play_on_device = Player(self.method, self.mesh, planned.shardings)
        self._play_on_device.check(planned.template)  # before the folder belongs to a config that cannot be played
        self.checkpoints, self.step, self.state = enter(self.workdir, setup, source, planned, accept_new_data)
        say(introduction(self.state, self.mesh, self.workdir))
        if self.step:
            kimg, epoch = self._images(self.step) / 1000, self.batches.epoch(self.step)
            say(f"resumed at step {self.step}, kimg {kimg:.1f}, epoch {epoch:.2f}")
            if told := nothing_to_learn(setup, self.step):
                warn(told)
        self._saved = self.step or None
        told = {"source": source, "scoring": scoring, "images": self._images, "lock": self._lock}
        self._diary = Diary(self.workdir, setup, self.mesh, self.step, **told)
        self._read = Reading(self._timetable, self._diary, self.checkpoints, self._images)

    def _images(self, step: int) -> int:
        return images_before(self.setup.stretches, step)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def close(self) -> None:
        """Waits for the checkpoint being written, closes the files, and leaves the folder to others."""
        try:
            self._diary.close()
            self.checkpoints.close()
        finally:
            self._unlock()

    def _unlock(self) -> None:
        if self._lock:
            self._lock.release()

    def digest(self) -> str:
        """SHA-256 over all arrays of the state."""
        return state_digest(self.state.replace(frozen={}))

    # --- the loop

    @property
    def steps(self) -> int:
        """Rounds of the whole run."""
        return self.setup.steps

    def play(self, until: int | None = None) -> str | None:
        """Plays rounds up to `until`, by default to the end. -> the signal that stopped it early, or None.

        Saves at intervals, when it is stopped by SIGTERM or SIGINT, and at the end. With several processes a signal to any
        of them stops all.
        Raises TrainingDiverged where a number is no longer finite; the checkpoints stay as they are. Raises
        FileNotFoundError where the folder is removed or renamed meanwhile, and FolderInUse where another run took it over.
        """
        until = self.steps if until is None else min(until, self.steps)
        if self.step >= until:
            return None
        if self.step == 0:
            self._diary.real_pictures()
            self._diary.picture(self.state, self._phase, self.step)
        lengths = self._timetable.lengths(self.step, until)
        keys = self.method.batch(self.setup.stretches[0].phase)
        dispatches = gathered(self.batches, self.step, lengths, self.setup.stretches, keys)
        put_on_mesh = lambda dispatch: put(dispatch, self.mesh)
        with (
            StopRequested(every=max(1, 10 // self._timetable.together)) as stop,  # dispatches, so about every 10 rounds
            Prefetch(dispatches, put_on_mesh, self.setup.prefetch) as prefetched,
            Progress(self.steps, self.step, work=lambda step: work_before(self.setup.stretches, step)) as progress,
            self._profile,
        ):
            self._play(until, prefetched, progress, stop)
            if self.step == self.steps:
                self._finish()  # before the save: a run killed in between resumes before this line, and drops it
            self._save()
            self.checkpoints.wait()
            return stop.name if self.step < until else None

    def _play(self, until: int, dispatches: Prefetch, progress: Progress, stop: StopRequested) -> None:
        late: Played | None = None  # its numbers are read while the device plays the next
        self._read.begin()
        for turn in itertools.count():
            if self.step >= until or stop.agreed(turn):
                break
            dispatch = next(dispatches)
            self._profile.before(self.step, dispatch.rounds, self.state)
            with jax.profiler.StepTraceAnnotation("dispatch", step_num=self.step):
                self.state, metrics = self._play_on_device(self.state, dispatch)
            if late:
                self._read(late, progress, dispatches)
            late, self.step = Played(self.step + 1, metrics), self.step + dispatch.rounds
            if self._profile.after(self.step, self.state):
                progress.skip()
            due = self._timetable.due(self.step)
            if any(due) or any(self._timetable.writes(step) for step in range(late.first, self.step + 1)):
                late = late._replace(state=largest(self.state))
            if any(due):  # only of a state whose numbers are known to be sound
                self._read(late, progress, dispatches)
                late = None
                if due.picture:
                    self._diary.picture(self.state, self._phase, self.step)
                if due.scores:
                    self._diary.score(self.state, self._phase, self.step)
                    progress.skip()
                if due.checkpoint and self.step < until:
                    self._save()
        if late:  # the state that is saved next
            self._read(late._replace(state=largest(self.state)), progress, dispatches)

    def _save(self) -> None:
        if self.step != self._saved:  # kept here, not read from the disk: all processes must decide alike
            self._diary.flush()
            self.checkpoints.save(self.step, self.state.replace(frozen={}))
            self._saved = self.step

    def _finish(self) -> None:
        self._diary.note(self.step, {"state_digest": self.digest()})

    # --- the result

    def sample(self, n: int, seed: int = 0, average: bool = True, sampler: str | None = None) -> np.ndarray:
        """n elements, float32 [n, *shape] in [-1, 1], of the generator's moving average where one is kept.

        The same as --mode=sample draws from a checkpoint of this round with that seed. sampler: by name; None: the first.
        """
        chosen = chosen_sampler(self.method.samplers(self.state, self._phase, average), sampler)
        given = Given(self._source, self.setup.preprocessing, chosen.given, self._phase.shape) if chosen.given else None
        return draw(chosen, n, seed, given)["image"]

    @property
    def _phase(self):
        """That of the last round played."""
        return stretch_after(self.setup.stretches, self.step).phase


def train(
    config: Any,
    workdir: str | Path,
    profile: tuple[int, int] | None = None,
    schedule: str | None = None,
    accept_new_data: bool = False,
) -> str | None:
    """Trains to the end, or goes on to it; see `Training`. -> the signal that stopped it early, or None.

    "Finished" is said, and None returned, only where the last round was played. A second Ctrl-C returns "SIGINT" too, with
    a word about what is saved; with several processes it raises KeyboardInterrupt, which ends all.
    """
    try:
        with Training(config, workdir, profile, schedule, accept_new_data) as run:
            if run.step == run.steps:
                say(f"already finished at step {run.step}; longer: --config.steps=N --schedule=stretch, or keep")
            stopped = run.play()
            if run.step < run.steps:
                say(f"stopped by {stopped} at step {run.step}, saved; the same command goes on from here")
                return stopped
            say(f"finished at step {run.step}; state_digest {run.digest()}")
            return None
    except KeyboardInterrupt:
        if jax.process_count() > 1:
            raise
        warn(f"stopped at once by Ctrl-C; the same command {where_it_goes_on(workdir)}")
        return "SIGINT"
