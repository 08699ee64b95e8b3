"""Training: the loop over rounds, its checkpoints, pictures and numbers."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

import jax
import numpy as np

from gan_jax.data import Prefetch, inspect_source
from gan_jax.evaluators.judge import Failed
from gan_jax.evaluators.score import append_scores
from gan_jax.run import setup as build
from gan_jax.run.beginning import begin, blueprint, introduction
from gan_jax.run.dispatch import Player, gathered, put, read
from gan_jax.run.divergence import diverged, learns_no_more, not_finite
from gan_jax.run.drawing import draw
from gan_jax.run.log import RunLog
from gan_jax.run.pictures import Pictures
from gan_jax.run.scoring import scoring_during
from gan_jax.run.timetable import Timetable
from gan_jax.run.work_folder import claim
from gan_jax.runtime.checkpoints import Checkpoints
from gan_jax.runtime.digest import state_digest
from gan_jax.runtime.mesh import check_parts, make_mesh
from gan_jax.runtime.profile import Profile
from gan_jax.runtime.progress import Progress
from gan_jax.runtime.signals import StopRequested
from gan_jax.runtime.workdir import check_writable


class _Played(NamedTuple):
    """A dispatch that the device was handed, and whose numbers nobody has read."""

    first: int  # the step that its first round ends at
    metrics: Mapping[str, jax.Array]  # [] each, or [rounds] if they are several


class Training:
    """A run in a work folder: it begins where the newest checkpoint there ends, or at round 0.

        with Training(config, "runs/digits") as run:
            run.play()            # to the end, or play(until=200)
            images = run.sample(64)

    config: a ConfigDict or nested dict, see configs/base.py. workdir: its folder, made where it is missing.
    profile: (start, stop), the rounds of which a trace is taken, see gan_jax/runtime/profile.py.
    Raises before any training: ConfigError and ValueError for settings that do not fit each other or the data,
    FileNotFoundError for missing data, OSError for a folder that cannot be written.
    """

    def __init__(self, config: Any, workdir: str | Path, profile: tuple[int, int] | None = None):
        self.config = build.resolve(config)
        self.method = build.method(self.config)
        (self._phase,) = self.method.phases
        self.mesh = make_mesh(**self.config["mesh"])
        check_parts(self.config["batch_size"], self.config["method"].get("accumulate", 1), self.mesh)
        self.workdir = check_writable(workdir)
        self._timetable = Timetable.of(self.config)
        if self.config["log"]["num_samples"] < 1:
            raise build.ConfigError(f"log.num_samples must be 1 or more, got {self.config['log']['num_samples']}")
        self._profile = Profile(profile, self.workdir / "profile", self.steps)

        source = build.source(self.config)
        self._say(str(inspect_source(source)))
        self.batches = build.batches(self.config, source, jax.process_index(), jax.process_count())
        self._scoring = None
        if self._timetable.scores is not None:
            self._scoring = scoring_during(self.config, self.mesh, self.workdir.name)
        first = self.batches.at(0)
        planned = blueprint(self.method, first, self.config["seed"], self.mesh)
        self._play_on_device = Player(self.method, self._phase, self.mesh, planned.shardings)
        self._play_on_device.check(
            planned.template, first
        )  # before the folder belongs to a config that cannot be played
        claim(self.workdir, self.config, images=len(source), classes=len(source.classes))
        saving = self.config["checkpoint"]
        self.checkpoints = Checkpoints(self.workdir / "checkpoints", saving["keep"], saving.get("keep_every"))
        self.images_a_round = self.config["batch_size"] * self.batches.d_steps
        self.step, self.state = begin(planned, self.checkpoints)
        self._say(introduction(self.state, self.mesh, self.workdir))
        if self.step:
            kimg, epoch = self.step * self.images_a_round / 1000, self.batches.epoch(self.step)
            self._say(f"resumed at step {self.step}, kimg {kimg:.1f}, epoch {epoch:.2f}")
        self._saved = self.step or None
        self._lost = False  # whether it was said that a player learns no more
        self._log = RunLog(self.workdir, self.step, self.images_a_round)
        self._pictures = Pictures(self.method, self._phase, self.mesh, self.config, first["image"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def close(self) -> None:
        """Waits for the checkpoint being written, and closes the files."""
        self.checkpoints.close()
        self._log.close()

    def digest(self) -> str:
        """SHA-256 over all arrays of the state."""
        return state_digest(self.state)

    # --- the loop

    @property
    def steps(self) -> int:
        """Rounds of the whole run."""
        return self.config["steps"]

    def play(self, until: int | None = None) -> str | None:
        """Plays rounds up to `until`, by default to the end. -> the signal that stopped it early, or None.

        Saves at intervals, when it is stopped by SIGTERM or SIGINT, and at the end.
        Raises TrainingDiverged where a number is no longer finite; the checkpoints stay as they are.
        """
        until = self.steps if until is None else min(until, self.steps)
        if self.step >= until:
            return None
        if self.step == 0:
            self._picture(real=True)
        dispatches = gathered(self.batches, self.step, self._timetable.lengths(self.step, until))
        put_on_mesh = lambda dispatch: put(dispatch, self.mesh)
        with (
            StopRequested(every=max(1, 10 // self._timetable.together)) as stop,  # dispatches, so about every 10 rounds
            Prefetch(dispatches, put_on_mesh, self.config["data"]["prefetch"]) as prefetched,
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
        shown = {name: rounds[-1][name] for name in ("d/adversarial", "g/adversarial") if name in rounds[-1]}
        progress.update(step, step * self.images_a_round, waited, shown, blocked)
        lines = [step for step in range(played.first, step + 1) if self._timetable.writes(step)]
        times = {**progress.rates(), **progress.time_shares()} if lines else {}
        for step, values in enumerate(rounds, played.first):
            if not_finite(values):
                self._log.note(step, values)
                raise diverged(step, values, self.checkpoints)
            if step in lines:
                self._log.write(step, {**times, **values})
                if not self._lost and (sentence := learns_no_more(step, values)):
                    self._lost = True
                    self._say(sentence, sys.stderr)

    def _picture(self, real: bool = False) -> None:
        """Draws the fixed latents, and writes down how much the samples differ from each other."""
        if real:
            self._pictures.draw_real(self.workdir / "samples" / "real.png")
        path = self.workdir / "samples" / f"{self.step:09d}.png"
        drawn = self._pictures.draw(self.state, path)
        self._log.write(self.step, drawn.metrics)
        if drawn.grid is not None:
            self._log.image(self.step, "samples", drawn.grid)
        if self.step and drawn.collapsed:
            self._say(
                f"round {self.step}: the samples differ from each other {100 * drawn.metrics['samples/spread']:.0f}% "
                "as much as real images do: the generator may have collapsed",
                sys.stderr,
            )

    def _score(self) -> None:
        """Scores the state by the config's cheap recipes; the numbers go where metrics go, the records to scores.jsonl."""
        for result in self._scoring.of(self.method, self.state, self._phase, self.step):
            if isinstance(result, Failed):
                self._say(f"round {self.step}: {result.recipe}: no score: {result.reason}", sys.stderr)
                continue
            if jax.process_index() == 0:
                append_scores(self.workdir / "scores.jsonl", result)
            self._log.write(self.step, {f"score/{score.name}": score.value for score in result})

    def _save(self) -> None:
        if self.step != self._saved:  # kept here, not read from the disk: all processes must decide alike
            self.checkpoints.save(self.step, self.state)
            self._saved = self.step

    def _finish(self) -> None:
        self._log.note(self.step, {"state_digest": self.digest()})

    # --- the result

    def sample(self, n: int, seed: int = 0, average: bool = True) -> np.ndarray:
        """n images, float32 [n, H, W, C] in [-1, 1], of the generator's moving average where one is kept.

        The same images as --mode=sample draws from a checkpoint of this round with that seed.
        """
        return draw(self.method.sampler(self.state, self._phase, average), n, seed)["image"]

    def _say(self, text: str, stream: Any = None) -> None:
        if jax.process_index() == 0:
            print(text, file=stream or sys.stdout, flush=True)


def train(config: Any, workdir: str | Path, profile: tuple[int, int] | None = None) -> str | None:
    """Trains to the end, or goes on to it. -> the signal that stopped it early, or None."""
    with Training(config, workdir, profile) as run:
        stopped = run.play()
        if stopped:
            run._say(f"stopped by {stopped} at step {run.step}, saved; the same command goes on from here")
        else:
            run._say(f"finished at step {run.step}; state_digest {run.digest()}")
        return stopped
