"""Does a discriminator forget? Linear probes of its features over the checkpoints of runs (arXiv:1811.11212, figure 4)."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from gan_jax.evaluators.judge import Failed
from gan_jax.evaluators.recipes.named import find_recipe
from gan_jax.evaluators.score import Score, append_scores, read_scores
from gan_jax.run.scoring import Scoring
from gan_jax.run.state import mesh_for, restore, saved_steps
from gan_jax.run.work_folder import read_config
from gan_jax.runtime.processes.processes import is_first, say
from gan_jax.runtime.writers.images import canvas, save_figure
from gan_jax.setup.setup import Setup

RECIPE = "probe"
_SHARED = ("reference", "reference_hash", "n_real", "settings")  # of a protocol, that two runs must share


@dataclasses.dataclass(frozen=True)
class Curve:
    """The test accuracy of one tap's probe, in [0, 1], over the rounds of a run. tap: "" of the best of all."""

    run: str
    tap: str
    steps: tuple[int, ...]
    accuracies: tuple[float, ...]

    @property
    def forgotten(self) -> float:
        """How far the last accuracy is below the highest before it."""
        return max(self.accuracies) - self.accuracies[-1]


def probes(workdir: str | Path, kept: str | Path) -> list[Score]:
    """The probes of every checkpoint of a run, oldest first, and those of checkpoints that are gone, where they were kept.

    What `evaluate --recipes=probe` wrote beside the run is taken as it is; what is missing is made, and added to the file
    `kept`. The run's folder stays as it is.
    Raises ValueError where the run cannot be probed: its data have no classes or no test split, or nothing discriminates.
    """
    workdir, kept = Path(workdir).expanduser(), Path(kept)
    setup, settings = Setup.of(read_config(workdir)), dict(find_recipe(RECIPE, {}).settings)
    found: list[Score] = []
    for path in (workdir / "scores.jsonl", kept):
        if path.is_file():
            alike = [s for s in read_scores(path, quiet=True) if s.recipe == RECIPE and dict(s.settings) == settings]
            found += [score for score in alike if score.step is not None]
    lacking = lambda known: [step for step in saved_steps(workdir) if step not in {score.step for score in known}]
    found += _made(setup, workdir, lacking(found), kept)
    if found:
        newest = sorted(found, key=lambda score: score.date)[-1]
        found = [score for score in found if shared(score) == shared(newest)]  # what was kept may be of other images
        found += _made(setup, workdir, lacking(found), kept)
    if not found:
        raise ValueError(f"{workdir} has no checkpoints: there is nothing to probe")
    return sorted(found, key=lambda score: (score.step or 0, score.name))


def _made(setup: Setup, workdir: Path, steps: Sequence[int], kept: Path) -> list[Score]:
    """The probes of these checkpoints, each added to the file as soon as it is known."""
    if not steps:
        return []
    scoring, made = Scoring(setup, mesh_for(setup), [RECIPE], subject=workdir.name), []
    for step in steps:
        say(f"step {step} of {workdir}")
        restored = restore(workdir, step)
        for scores in scoring.of(restored.state, restored.phase, restored.step):
            if isinstance(scores, Failed):
                raise ValueError(f"{workdir} cannot be probed: {scores.reason}")
            made += scores
            if is_first():
                append_scores(kept, scores)
    return made


def curves_of(run: str, scores: Sequence[Score]) -> list[Curve]:
    """A curve for each tap, the best of all first; of two scores of a step the later one."""
    by_tap: dict[str, dict[int, float]] = {}
    for score in scores:
        tap = score.name.removeprefix(RECIPE).lstrip("/")
        if not tap.endswith("/gap"):
            by_tap.setdefault(tap, {})[score.step or 0] = score.value
    curves = []
    for tap, values in sorted(by_tap.items()):
        steps = tuple(sorted(values))
        curves.append(Curve(run, tap, steps, tuple(values[step] for step in steps)))
    return curves


def shared(score: Score) -> tuple:
    """What scores must have in common to be points of one curve, or of curves in one panel."""
    return tuple(getattr(score, key) for key in _SHARED)


def require_comparable(probed: Mapping[str, Sequence[Score]]) -> None:
    """Raises ValueError where runs were probed on other images or by another protocol, naming what differs."""
    (first, own), *others = ((name, scores[-1]) for name, scores in probed.items())
    for name, score in others:
        differ = [key for key in _SHARED if getattr(own, key) != getattr(score, key)]
        if differ:
            told = "; ".join(f"{key}: {getattr(own, key)} and {getattr(score, key)}" for key in differ)
            raise ValueError(f"probes of {first} and {name} cannot be compared: {told}")


def draw_forgetting(curves: Sequence[Curve], path: str | os.PathLike) -> None:
    """A panel for each tap, a line for each run."""
    taps = list(dict.fromkeys(curve.tap for curve in curves))
    runs = list(dict.fromkeys(curve.run for curve in curves))
    figure, panels = canvas(len(taps))
    for axes, tap in zip(panels, taps, strict=True):
        for curve in curves:
            if curve.tap == tap:
                colour = f"C{runs.index(curve.run) % 10}"
                axes.plot(curve.steps, curve.accuracies, marker="o", markersize=3, label=curve.run, color=colour)
        axes.set(title=tap or "the best tap", xlabel="round", ylabel="accuracy of a probe")
        axes.grid(alpha=0.3)
        axes.legend(fontsize="x-small")
    save_figure(path, figure)
