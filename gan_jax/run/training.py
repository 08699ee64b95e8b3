"""Training: the loop over rounds, its checkpoints, pictures and numbers."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

import jax
import numpy as np

from gan_jax.data import Prefetch, describe
from gan_jax.evaluators.judge import Failed
from gan_jax.evaluators.score import append_scores
from gan_jax.game import images_before, stretch_after
from gan_jax.run.beginning import config_to_play, enter, occupy
from gan_jax.run.dispatch import Player, gathered, put, read
from gan_jax.run.divergence import diverged, learns_no_more, not_finite
from gan_jax.run.drawing import chosen_sampler, draw
from gan_jax.run.log import RunLog, shown_losses
from gan_jax.run.pictures import Pictures, shown_elements
from gan_jax.run.references import Given
from gan_jax.run.scoring import scoring_during
from gan_jax.run.state import blueprint, introduction, nothing_to_learn, saved_steps
from gan_jax.run.timetable import Timetable
from gan_jax.run.work_folder import require_there
from gan_jax.runtime.checkpoints.digest import state_digest
from gan_jax.runtime.mesh import check_parts, make_mesh
from gan_jax.runtime.processes.processes import is_first, say, warn
from gan_jax.runtime.processes.signals import StopRequested
from gan_jax.runtime.profile import Profile
from gan_jax.runtime.progress import Progress
from gan_jax.runtime.workdir import check_writable, unmade_on_failure
from gan_jax.runtime.writers.dispensable import Dispensable
from gan_jax.setup.setup import Setup


class _Played(NamedTuple):
    """A dispatch that the device was handed, and whose numbers nobody has read."""

    first: int  # the step that its first round ends at
    metrics: Mapping[str, jax.Array]  # [] each, or [rounds] if they are several


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
        self._scoring = None
        if self._timetable.scores is not None:
            self._scoring = scoring_during(setup, self.mesh, self.workdir.name)
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
        self._lost = False  # whether it was said that a player learns no more
        self._log = RunLog(self.workdir, self.step, self._images)
        self._pictures = Pictures(self.method, self.mesh, setup.seed, *shown_elements(setup, source))
        self._scores_file = Dispensable("a score", "it is in metrics.jsonl")

    def _images(self, step: int) -> int:
        return images_before(self.setup.stretches, step)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def close(self) -> None:
        """Waits for the checkpoint being written, closes the files, and leaves the folder to others."""
        try:
            self._log.close()
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
            self._picture(real=True)
        lengths = self._timetable.lengths(self.step, until)
        keys = self.method.batch(self.setup.stretches[0].phase)
        dispatches = gathered(self.batches, self.step, lengths, self.setup.stretches, keys)
        put_on_mesh = lambda dispatch: put(dispatch, self.mesh)
        with (
            StopRequested(every=max(1, 10 // self._timetable.together)) as stop,  # dispatches, so about every 10 rounds
            Prefetch(dispatches, put_on_mesh, self.setup.prefetch) as prefetched,
            Progress(self.steps, self.step) as progress,
            self._profile,
        ):
            self._play(until, prefetched, progress, stop)
            if self.step == self.steps:
                self._finish()  # before the save: a run killed in between resumes before this line, and drops it
            self._save()
            self.checkpoints.wait()
            return stop.name if self.step < until else None

    def _play(self, until: int, dispatches: Prefetch, progress: Progress, stop: StopRequested) -> None:
        late: _Played | None = None  # its numbers are read while the device plays the next
        self._waited = 0.0
        for turn in itertools.count():
            if self.step >= until or stop.agreed(turn):
                break
            dispatch = next(dispatches)
            self._profile.before(self.step, dispatch.rounds, self.state)
            with jax.profiler.StepTraceAnnotation("dispatch", step_num=self.step):
                self.state, metrics = self._play_on_device(self.state, dispatch)
            if late:
                self._report(late, progress, dispatches)
            late, self.step = _Played(self.step + 1, metrics), self.step + dispatch.rounds
            if self._profile.after(self.step, self.state):
                progress.skip()
            due = self._timetable.due(self.step)
            if any(due):  # only of a state whose numbers are known to be sound
                self._require_folder()
                self._report(late, progress, dispatches)
                late = None
                if due.picture:
                    self._picture()
                if due.scores:
                    self._score()
                    progress.skip()
                if due.checkpoint and self.step < until:
                    self._save()
        if late:
            self._report(late, progress, dispatches)

    def _report(self, played: _Played, progress: Progress, dispatches: Prefetch) -> None:
        """Reads the numbers of a dispatch, round by round, once the device has them."""
        began = time.perf_counter()
        rounds = read(played.metrics)
        blocked = time.perf_counter() - began
        waited, self._waited = dispatches.waited - self._waited, dispatches.waited
        step = played.first + len(rounds) - 1
        shown = shown_losses(rounds[-1])
        progress.update(step, self._images(step), waited, shown, blocked)
        lines = [step for step in range(played.first, step + 1) if self._timetable.writes(step)]
        times = {**progress.rates(), **progress.time_shares()} if lines else {}
        for step, values in enumerate(rounds, played.first):
            if not_finite(values):
                self._log.note(step, values)
                raise diverged(step, values, self.checkpoints)
            if step in lines:
                self._require_folder()
                self._log.write(step, {**times, **values})
                if not self._lost and (sentence := learns_no_more(step, values)):
                    self._lost = True
                    warn(sentence)

    def _picture(self, real: bool = False) -> None:
        """Draws the run's samples, and writes down how much they differ from each other."""
        folder = self.workdir / "samples"
        if real:
            self._pictures.draw_real(folder)
        drawn = self._pictures.draw(self.state, self._phase, folder, self.step)
        self._log.write(self.step, drawn.metrics)
        for name, grid in drawn.grids.items():
            self._log.image(self.step, "samples" if len(drawn.grids) == 1 else f"samples/{name}", grid)
        if self.step and drawn.collapsed:
            warn(
                f"round {self.step}: the samples differ from each other {100 * min(drawn.metrics.values()):.0f}% "
                "as much as real ones do: the generator may have collapsed"
            )

    def _score(self) -> None:
        """Scores the state by the config's cheap recipes; the numbers go where metrics go, the records to scores.jsonl."""
        for result in self._scoring.of(self.state, self._phase, self.step):
            if isinstance(result, Failed):
                warn(f"round {self.step}: {result.recipe}: no score: {result.reason}")
                continue
            if is_first():
                with self._scores_file:
                    append_scores(self.workdir / "scores.jsonl", result)
            self._log.write(self.step, {f"score/{score.name}": score.value for score in result})

    def _require_folder(self) -> None:
        if self._lock:
            self._lock.check()
            require_there(self.workdir)

    def _save(self) -> None:
        if self.step != self._saved:  # kept here, not read from the disk: all processes must decide alike
            self._require_folder()
            self.checkpoints.save(self.step, self.state.replace(frozen={}))
            self._saved = self.step

    def _finish(self) -> None:
        self._log.note(self.step, {"state_digest": self.digest()})

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
            stopped = run.play()
            if run.step < run.steps:
                say(f"stopped by {stopped} at step {run.step}, saved; the same command goes on from here")
                return stopped
            say(f"finished at step {run.step}; state_digest {run.digest()}")
            return None
    except KeyboardInterrupt:
        if jax.process_count() > 1:
            raise
        saved = saved_steps(workdir)
        where = (
            f"goes on from step {saved[-1]}, the newest that is saved" if saved else "begins at round 0: none is saved"
        )
        warn(f"stopped at once by Ctrl-C; the same command {where}")
        return "SIGINT"
