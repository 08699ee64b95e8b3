"""A run's numbers and pictures, to metrics.jsonl and to TensorBoard alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gan_jax.runtime.processes.processes import warn
from gan_jax.runtime.writers.events import EventFile
from gan_jax.runtime.writers.metrics_file import MetricsFile

NAME = "metrics.jsonl"


class RunLog:
    """Both files of a work folder. A run that resumes from `step` drops the lines of later ones, and says where none is left.

    images: of a step, real elements shown by then; every line carries "kimg", thousands of them.
    """

    def __init__(self, workdir: Path, step: int, images: Callable[[int], int]):
        self._images = images
        if step and not (workdir / NAME).exists():
            warn(f"{workdir / NAME} is not there: it is begun anew, with the lines of the rounds after step {step}")
        self._metrics_file = MetricsFile(workdir / NAME)
        self._metrics_file.truncate_after(step)
        self._events = EventFile(workdir / "tensorboard", resume_step=step or None)

    def write(self, step: int, values: Mapping[str, Any]) -> None:
        """Numbers, to both files."""
        values = {"kimg": self._images(step) / 1000, **values}
        self._metrics_file.write(step, values)
        self._events.scalars(step, values)

    def note(self, step: int, values: Mapping[str, Any]) -> None:
        """Numbers or strings, to metrics.jsonl alone."""
        self._metrics_file.write(step, {"kimg": self._images(step) / 1000, **values})

    def image(self, step: int, name: str, grid: np.ndarray) -> None:
        """A picture, to TensorBoard."""
        self._events.image(step, name, grid)

    def close(self) -> None:
        """Closes both files."""
        self._metrics_file.close()
        self._events.close()


def shown_losses(values: Mapping[str, float]) -> dict[str, float]:
    """What the progress line shows of a round: each player's own loss, or its total where it has no other."""
    for kind in ("/adversarial", "/total"):
        if found := {name: value for name, value in values.items() if name.endswith(kind)}:
            return found
    return {}
