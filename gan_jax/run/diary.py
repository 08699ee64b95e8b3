"""What a run leaves in its folder while it plays, besides checkpoints: lines, pictures and scores."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax

from gan_jax.evaluators.judge import Failed
from gan_jax.evaluators.score import append_scores
from gan_jax.game import Phase
from gan_jax.run.log import NAME, RunLog
from gan_jax.run.numbers import draw_numbers
from gan_jax.run.pictures import Pictures, shown_elements
from gan_jax.run.scoring import Scoring
from gan_jax.run.work_folder import require_there
from gan_jax.runtime.lock import FolderLock
from gan_jax.runtime.processes.processes import is_first, warn
from gan_jax.runtime.storage import is_remote
from gan_jax.runtime.writers.dispensable import Dispensable
from gan_jax.setup.setup import Setup
from gan_jax.types import TrainState

_LOOK_SECONDS = 10.0  # between two looks into a bucket whether the folder is there, and still this run's


class Diary:
    """The diary of a run that goes on from `step`; what it holds of later steps is dropped.

    A picture, a curve or a score's record that cannot be written is told of once, and the run goes on; a line of
    metrics.jsonl that cannot is an OSError, with what to do. source: the run's data. scoring: None for no scores while it
    trains. images: of a step, real elements shown by then. lock: the folder's, on process 0.
    """

    def __init__(
        self,
        workdir: Path,
        setup: Setup,
        mesh: jax.sharding.Mesh,
        step: int,
        *,
        source: Any,
        scoring: Scoring | None,
        images: Callable[[int], int],
        lock: FolderLock | None,
    ):
        self._workdir, self._scoring, self._lock = workdir, scoring, lock
        self._looked, self._look_every = None, _LOOK_SECONDS if is_remote(workdir) else 0.0
        self._log = RunLog(workdir, step, images, setup.log.trackers, setup.config)
        self._pictures = Pictures(setup.method, mesh, setup.seed, *shown_elements(setup, source), check=self.check)
        self._scores_file = Dispensable("a score's record", "its number is in metrics.jsonl")
        self._curves_file = Dispensable("curves.png", "its numbers are in metrics.jsonl")
        self._curves = {name: (name,) for name in setup.log.curves} | getattr(setup.method, "curves", {})

    def check(self) -> None:
        """Raises FileNotFoundError where the folder is gone, and FolderInUse where another run took it over."""
        now = time.monotonic()
        if self._lock and (self._looked is None or now - self._looked >= self._look_every):
            self._lock.check()
            require_there(self._workdir)
            self._looked = now

    def line(self, step: int, values: Mapping[str, Any]) -> None:
        """The numbers of a round, to metrics.jsonl, TensorBoard and trackers."""
        self.check()
        self._log.write(step, values)

    def note(self, step: int, values: Mapping[str, Any]) -> None:
        """Numbers or strings, to metrics.jsonl alone."""
        self.check()
        self._log.note(step, values)

    def real_pictures(self) -> None:
        """Draws the data's elements."""
        self._pictures.draw_real(self._workdir / "samples")

    def picture(self, state: TrainState, phase: Phase, step: int) -> None:
        """Draws the run's samples and its curves, and writes down how much the samples differ from each other."""
        self.check()
        drawn = self._pictures.draw(state, phase, self._workdir / "samples", step)
        self.check()  # a picture takes its time
        if drawn.metrics:
            self._log.write(step, drawn.metrics)
        if step and self._curves and is_first():
            self._log.flush()  # they are drawn of what is there
            with self._curves_file:
                draw_numbers(self._workdir / NAME, self._curves, self._workdir / "curves.png")
        for name, grid in drawn.grids.items():
            self._log.image(step, "samples" if len(drawn.grids) == 1 else f"samples/{name}", grid)
        if not step and drawn.alike:
            warn(
                "the real elements of a picture are all alike: how much samples differ, and whether they collapse, is not told"
            )
        if step and drawn.collapsed:
            warn(
                f"round {step}: the samples differ from each other {100 * min(drawn.metrics.values()):.0f}% "
                "as much as real ones do: the generator may have collapsed"
            )

    def score(self, state: TrainState, phase: Phase, step: int) -> None:
        """Scores the state by the config's cheap recipes; the numbers go where metrics go, the records to scores.jsonl."""
        self.check()
        if self._scoring is None:
            return
        for result in self._scoring.of(state, phase, step):
            if isinstance(result, Failed):
                warn(f"round {step}: {result.recipe}: no score: {result.reason}")
                continue
            self.check()  # a score takes its time
            if is_first():
                with self._scores_file:
                    append_scores(self._workdir / "scores.jsonl", result)
            self._log.write(step, {f"score/{score.name}": score.value for score in result})

    def flush(self) -> None:
        """`check`, and all lines of rounds before a checkpoint are in the folder before it is."""
        self._looked = None
        self.check()
        self._log.flush()

    def close(self) -> None:
        """Closes its files."""
        self._log.close()
