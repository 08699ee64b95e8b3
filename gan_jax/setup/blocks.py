"""Blocks of a config that every game has: the mesh, the log, checkpoints and evaluation."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from gan_jax import ranges

TRACKERS = ("wandb", "mlflow")  # see runtime/writers/trackers.py


@dataclasses.dataclass(frozen=True)
class Mesh:
    """Devices along each axis of the mesh, -1 for all that remain."""

    data: int = -1
    fsdp: int = 1

    def __post_init__(self):
        for name in ("data", "fsdp"):
            if getattr(self, name) != -1:
                ranges.whole(name, getattr(self, name))


@dataclasses.dataclass(frozen=True)
class Log:
    """Rounds between lines of metrics and between pictures; samples in a picture; metrics drawn beside the scores, by name;
    trackers of experiments that are written to as well."""

    every: int = 10
    samples_every: int = 1000
    num_samples: int = 64
    curves: tuple[str, ...] = ()
    trackers: tuple[str, ...] = ()

    def __post_init__(self):
        ranges.whole("every", self.every)
        ranges.whole("samples_every", self.samples_every)
        ranges.whole("num_samples", self.num_samples, 1, 10_000)
        if not isinstance(self.curves, tuple) or not all(isinstance(name, str) for name in self.curves):
            raise ValueError(f"log.curves is a tuple of names of metrics.jsonl, not {self.curves!r}")
        if not isinstance(self.trackers, tuple) or not set(self.trackers) <= set(TRACKERS):
            raise ValueError(f"log.trackers is a tuple of {', '.join(TRACKERS)}, not {self.trackers!r}")


@dataclasses.dataclass(frozen=True)
class Saving:
    """Rounds between checkpoints; how many of the newest stay, and every step that keep_every divides."""

    every: int = 1000
    keep: int = 3
    keep_every: int | None = None

    def __post_init__(self):
        ranges.whole("every", self.every)
        ranges.whole("keep", self.keep)
        if self.keep_every is not None:
            ranges.whole("keep_every", self.keep_every)


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """Recipes of evaluation, and those of every so many rounds of training.

    test: what in the config's data block differs for the test split; None where there is none.
    batch_size: images at a time. sampler: the name of the one that is scored; None: the method's first.
    classifier: a file that --mode=classifier wrote, whose name recipes may use; None: those that ship alone.
    """

    recipes: tuple[str, ...] = ()
    every: int | None = None
    during: tuple[str, ...] = ()
    test: Mapping[str, Any] | None = None
    batch_size: int = 64
    sampler: str | None = None
    classifier: str | None = None

    def __post_init__(self):
        ranges.whole("batch_size", self.batch_size)
        if self.every is not None:
            ranges.whole("every", self.every)
