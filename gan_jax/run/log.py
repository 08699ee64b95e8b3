"""A run's numbers and pictures, to metrics.jsonl, to TensorBoard and to trackers of experiments alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gan_jax.runtime.processes.processes import warn
from gan_jax.runtime.writers.events import EventFile
from gan_jax.runtime.writers.metrics_object import metrics_file
from gan_jax.runtime.writers.trackers import Trackers

NAME = "metrics.jsonl"


class RunLog:
    """What a run writes of its rounds. A run that resumes from `step` drops the lines of later ones, and says where none is left.

    images: of a step, real elements shown by then; every line carries "kimg", thousands of them. trackers: the names of those
    that are written to as well; config: what they are told of the run.
    """

    def __init__(
        self,
        workdir: Path,
        step: int,
        images: Callable[[int], int],
        trackers: Sequence[str] = (),
        config: Mapping[str, Any] | None = None,
    ):
        self._images = images
        if step and not (workdir / NAME).exists():
            warn(f"{workdir / NAME} is not there: it is begun anew, with the lines of the rounds after step {step}")
        self._metrics_file = metrics_file(workdir / NAME)
        self._metrics_file.truncate_after(step)
        self._events = EventFile(workdir / "tensorboard", resume_step=step or None)
        self._trackers = Trackers(trackers, workdir, config or {})

    def write(self, step: int, values: Mapping[str, Any]) -> None:
        """Numbers, to all of them."""
        values = {"kimg": self._images(step) / 1000, **values}
        self._metrics_file.write(step, values)
        self._events.scalars(step, values)
        self._trackers.scalars(step, values)

    def note(self, step: int, values: Mapping[str, Any]) -> None:
        """Numbers or strings, to metrics.jsonl alone."""
        self._metrics_file.write(step, {"kimg": self._images(step) / 1000, **values})

    def image(self, step: int, name: str, grid: np.ndarray) -> None:
        """A picture, to TensorBoard and the trackers."""
        self._events.image(step, name, grid)
        self._trackers.image(step, name, grid)

    def flush(self) -> None:
        """Makes sure that all numbers are in the work folder."""
        self._metrics_file.flush()

    def close(self) -> None:
        """Closes all of them."""
        self._metrics_file.close()
        self._events.close()
        self._trackers.close()


def shown_losses(values: Mapping[str, float]) -> dict[str, float]:
    """What the progress line shows of a round: each player's own loss, or its total where it has no other."""
    for kind in ("/adversarial", "/total"):
        if found := {name: value for name, value in values.items() if name.endswith(kind)}:
            return found
    return {}
