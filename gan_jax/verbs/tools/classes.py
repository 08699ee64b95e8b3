"""A table of classes: one latent a row, a class a column."""

from __future__ import annotations

from absl.flags import FlagValues

from gan_jax.analysis.codes import class_grid
from gan_jax.command.flags import Flags
from gan_jax.run.drawing import sample_key
from gan_jax.verbs.tools import table

INSTEAD: dict[str, str] = {}


def declare(flags: Flags) -> None:
    """What `gan_jax analyse --tool=classes` takes."""
    table.declare(flags, "classes")
    table.declare_drawing(flags, label=False)
    flags.machine()


def run(values: FlagValues) -> None:
    """Plays `gan_jax analyse --tool=classes`."""
    drawn = lambda sampler: class_grid(table.as_asked(values, sampler), sample_key(values.seed), range(values.num))
    table.write(values, "classes", 1, drawn)
