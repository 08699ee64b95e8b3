"""Training: the loop over rounds, its checkpoints, pictures and numbers."""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np
from clu import parameter_overview

from gan_jax import build
from gan_jax.data import Prefetch, inspect_source
from gan_jax.drawing import draw
from gan_jax.evaluators.judge import Failed
from gan_jax.evaluators.score import append_scores
from gan_jax.pictures import Pictures
from gan_jax.run_log import RunLog
from gan_jax.runtime.checkpoints import Checkpoints
from gan_jax.runtime.digest import state_digest
from gan_jax.runtime.mesh import check_parts, make_mesh, put_batch, state_shardings, state_template
from gan_jax.runtime.progress import Progress
from gan_jax.runtime.signals import StopRequested
from gan_jax.runtime.workdir import check_writable
from gan_jax.scoring import Options, Scoring
from gan_jax.types import TrainState
from gan_jax.work_folder import claim


class TrainingDiverged(RuntimeError):
    """A loss, gradient or parameter is no longer finite."""


class Training:
    """A run in a work folder: it begins where the newest checkpoint there ends, or at round 0.

        with Training(config, "runs/digits") as run:
            run.play()            # to the end, or play(until=200)
            images = run.sample(64)

    config: a ConfigDict or nested dict, see configs/base.py. workdir: its folder, made where it is missing.
    Raises before any training: ConfigError and ValueError for settings that do not fit each other or the data,
    FileNotFoundError for missing data, OSError for a folder that cannot be written.
    """

    def __init__(self, config: Any, workdir: str | Path):
        self.config = build.resolve(config)
        self.method = build.method(self.config)
        (self._phase,) = self.method.phases
        self.mesh = make_mesh(**self.config["mesh"])
        check_parts(self.config["batch_size"], self.config["method"].get("accumulate", 1), self.mesh)
        self.workdir = check_writable(workdir)
        self._intervals, self._saving = self.config["log"], self.config["checkpoint"]
        for block, key in (("log", "every"), ("log", "samples_every"), ("log", "num_samples"), ("checkpoint", "every")):
            if self.config[block][key] < 1:
                raise build.ConfigError(f"{block}.{key} must be 1 or more, got {self.config[block][key]}")

        source = build.source(self.config)
        self._say(str(inspect_source(source)))
        self.batches = build.batches(self.config, source, jax.process_index(), jax.process_count())
        self._scoring, self._scores_every = self._open_scoring()
        claim(self.workdir, self.config, images=len(source), classes=len(source.classes))
        self.checkpoints = Checkpoints(
            self.workdir / "checkpoints", self._saving["keep"], self._saving.get("keep_every")
        )
        self.images_a_round = self.config["batch_size"] * self.batches.d_steps
        first = self.batches.at(0)
        self.step, self.state = self._begin(first)
        self._saved = self.step or None
        self._log = RunLog(self.workdir, self.step, self.images_a_round)
        self._pictures = Pictures(self.method, self._phase, self.mesh, self.config, first["image"])
        self._round = jax.jit(
            functools.partial(self.method.step, phase=self._phase),
            donate_argnums=0,
            out_shardings=(self._shardings, None),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def close(self) -> None:
        """Waits for the checkpoint being written, and closes the files."""
        self.checkpoints.close()
        self._log.close()

    # --- the state

    def _begin(self, first: Mapping[str, np.ndarray]) -> tuple[int, TrainState]:
        """The newest checkpoint's state, or a new one, on the mesh."""

        def init(key: jax.Array) -> TrainState:  # shapes are enough
            return self.method.init(key, {name: jnp.zeros(leaf.shape, leaf.dtype) for name, leaf in first.items()})

        key = jax.random.key(self.config["seed"])
        abstract = jax.eval_shape(init, key)
        self._shardings = state_shardings(abstract, self.mesh)
        restored = self.checkpoints.restore(state_template(abstract, self.mesh))
        if restored is None:
            with jax.set_mesh(self.mesh):
                state = jax.jit(init, out_shardings=self._shardings)(key)
            step = 0
        else:
            step, state = restored
        self._introduce(abstract)
        if step:
            kimg, epoch = step * self.images_a_round / 1000, self.batches.epoch(step)
            self._say(f"resumed at step {step}, kimg {kimg:.1f}, epoch {epoch:.2f}")
        return step, state

    def _introduce(self, abstract: TrainState) -> None:
        counts = [
            f"{name} {parameter_overview.count_parameters(network.params):,}"
            for name, network in abstract.networks.items()
        ]
        devices = jax.devices()
        self._say(
            f"parameters: {', '.join(counts)}\n"
            f"devices: {len(devices)} x {devices[0].device_kind}, mesh {dict(self.mesh.shape)}, "
            f"processes: {jax.process_count()}; work folder {self.workdir}"
        )

    def digest(self) -> str:
        """SHA-256 over all arrays of the state."""
        return state_digest(self.state)

    def _open_scoring(self) -> tuple[Scoring | None, int | None]:
        settings = self.config.get("evaluate", {})
        if (every := settings.get("every")) is None:
            return None, None
        if every < 1:
            raise build.ConfigError(f"evaluate.every must be 1 or more, got {every}")
        options = Options(batch_size=settings.get("batch_size", 64))
        subject = self.workdir.name
        return Scoring(self.config, self.mesh, settings["during"], subject=subject, options=options, quiet=True), every

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
        put = functools.partial(put_batch, mesh=self.mesh)
        depth = self.config["data"]["prefetch"]
        with (
            StopRequested() as stop,
            Prefetch(self.batches.iterate(self.step), put, depth) as rounds,
            Progress(self.steps, self.step) as progress,
        ):
            self._play(until, rounds, progress, stop)
            if self.step == self.steps:
                self._finish()  # before the save: a run killed in between resumes before this line, and drops it
            self._save()
            self.checkpoints.wait()
            return stop.name if self.step < until else None

    def _play(self, until: int, rounds: Prefetch, progress: Progress, stop: StopRequested) -> None:
        late: Mapping[str, jax.Array] = {}  # the last round's metrics, read while the device plays the next
        waited = 0.0
        while self.step < until and not stop.agreed(self.step):
            batch = next(rounds)
            with jax.set_mesh(self.mesh):
                self.state, metrics = self._round(self.state, batch)
            if late:
                self._report(self.step, late, progress, rounds.waited - waited)
                waited = rounds.waited
            self.step, late = self.step + 1, metrics
            saves = self.step % self._saving["every"] == 0
            draws = self.step % self._intervals["samples_every"] == 0
            scores = self._scores_every and self.step % self._scores_every == 0
            if saves or draws or scores:  # only of a state whose numbers are known to be sound
                self._report(self.step, late, progress, rounds.waited - waited)
                waited, late = rounds.waited, {}
                if draws:
                    self._picture()
                if scores:
                    self._score()
                    progress.skip()
                if saves and self.step < until:
                    self._save()
        if late:
            self._report(self.step, late, progress, rounds.waited - waited)

    def _report(self, step: int, metrics: Mapping[str, jax.Array], progress: Progress, waited: float) -> None:
        values = {name: float(value) for name, value in jax.device_get(metrics).items()}
        self._check_finite(step, values)
        shown = {name: values[name] for name in ("d/adversarial", "g/adversarial") if name in values}
        progress.update(step, step * self.images_a_round, waited, shown)
        if step % self._intervals["every"] == 0 or step == self.steps:
            self._log.write(step, {**progress.rates(), **values})

    def _check_finite(self, step: int, values: Mapping[str, float]) -> None:
        wrong = [name for name, value in values.items() if not math.isfinite(value)]
        if not wrong:
            return
        self._log.note(step, values)
        self.checkpoints.wait()
        saved = self.checkpoints.steps()
        last = f"step {saved[-1]} in {self.checkpoints.directory}" if saved else "none was written yet"
        raise TrainingDiverged(
            f"round {step}: {wrong[0]} is {values[wrong[0]]}"
            + (f" (then {', '.join(wrong[1:4])})" if wrong[1:] else "")
            + f". The last good checkpoint: {last}. A smaller learning rate or optim.*.clip_norm may help; "
            "running the same command again goes on from that checkpoint."
        )

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


def train(config: Any, workdir: str | Path) -> str | None:
    """Trains to the end, or goes on to it. -> the signal that stopped it early, or None."""
    with Training(config, workdir) as run:
        stopped = run.play()
        if stopped:
            run._say(f"stopped by {stopped} at step {run.step}, saved; the same command goes on from here")
        else:
            run._say(f"finished at step {run.step}; state_digest {run.digest()}")
        return stopped
