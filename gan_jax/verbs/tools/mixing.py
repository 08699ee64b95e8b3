"""Mixing of styles: the columns' in the rows' images, by layers; or of latents, where there are no codes w."""

from __future__ import annotations

from absl.flags import FlagValues

from gan_jax.analysis.mixtures import mixing_grid
from gan_jax.command.flags import Flags
from gan_jax.run.drawing import sample_key
from gan_jax.verbs.tools import table

INSTEAD: dict[str, str] = {}


def declare(flags: Flags) -> None:
    """What `gan_jax analyse --tool=mixing` takes."""
    table.declare(flags, "mixing")
    flags.integer("columns", 6, "Sources of styles.", lowest=1, highest=1000)
    flags.text("layers", "coarse", "coarse, middle, fine, all, or such as 2:4 for layers 2 and 3.")
    table.declare_drawing(flags)
    flags.machine()


def run(values: FlagValues) -> None:
    """Plays `gan_jax analyse --tool=mixing`."""
    rows, others = range(values.num), range(values.num, values.num + values.columns)

    def drawn(sampler):
        sampler = table.as_asked(values, sampler)
        return mixing_grid(sampler, sample_key(values.seed), rows, others, values.layers), values.columns + 1

    table.write(values, "mixing", values.columns, drawn)
