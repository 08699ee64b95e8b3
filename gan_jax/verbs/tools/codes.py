"""A table of InfoGAN's codes: a band of rows for each code, its values across."""

from __future__ import annotations

from absl.flags import FlagValues

from gan_jax.analysis.codes import code_grid
from gan_jax.command.flags import Flags
from gan_jax.run.drawing import sample_key
from gan_jax.verbs.tools import table

INSTEAD: dict[str, str] = {}


def declare(flags: Flags) -> None:
    """What `gan_jax analyse --tool=codes` takes."""
    table.declare(flags, "codes")
    flags.integer("columns", 6, "Steps of a continuous code.", lowest=2, highest=1000)
    table.declare_drawing(flags)
    flags.machine()


def run(values: FlagValues) -> None:
    """Plays `gan_jax analyse --tool=codes`."""

    def drawn(sampler):
        sampler = table.as_asked(values, sampler)
        return code_grid(sampler, sample_key(values.seed), range(values.num), values.columns)

    table.write(values, "codes", values.columns, drawn)
