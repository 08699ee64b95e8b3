"""--direction: a saved direction, and how far it is taken while images are drawn."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from absl.flags import FlagValues

from gan_jax.analysis.directions import Direction, find, with_directions
from gan_jax.command.errors import UsageError
from gan_jax.command.flags import Flags
from gan_jax.game import Sampler
from gan_jax.runtime.storage import at


def declare(flags: Flags) -> None:
    """--direction, which may be given several times."""
    flags.repeated(
        "direction",
        "A saved direction and how far: glasses:+2, or found/directions/glasses.json:-1. Several are added up.",
    )


def moved(values: FlagValues, sampler: Sampler) -> Sampler:
    """The sampler along the directions that were asked for; to be applied after truncation and before the label.

    Raises UsageError for what is no direction and amount, FileNotFoundError, with those there are, for unknown ones, and
    ValueError where one is another generator's.
    """
    return with_directions(sampler, chosen(values))


def chosen(values: FlagValues) -> list[tuple[Direction, float]]:
    """The directions that were asked for, and how far. Their names are those of the run's, or of the model's folder."""
    asked = [_split(text) for text in values.direction]
    folder: Any = values.workdir
    if folder is None and "model" in values and Path(values.model).expanduser().is_dir():
        folder = values.model
    return [(find(name, folder), amount) for name, amount in asked]


def home(values: FlagValues, out: Path) -> Path:
    """The folder in whose `directions` a tool keeps what it found: that of the run, or, of a model, --out."""
    return out if values.workdir is None else at(values.workdir)


def _split(text: str) -> tuple[str, float]:
    """ "glasses:+2" -> ("glasses", 2.0)."""
    name, _, amount = text.rpartition(":")
    try:
        if name and math.isfinite(far := float(amount)):
            return name, far
    except ValueError:
        pass
    raise UsageError(f"--direction={text}: it is a name and how far, such as --direction=glasses:+2")
