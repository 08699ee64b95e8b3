"""The way from one image to another, through latents z or codes w."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from absl.flags import FlagValues

from gan_jax.analysis.walks import SPACES, on_the_way, places
from gan_jax.command.flags import Flags
from gan_jax.run.drawing import sample_key
from gan_jax.verbs.tools import table

INSTEAD: dict[str, str] = {}


def declare(flags: Flags) -> None:
    """What `gan_jax analyse --tool=interpolation` takes."""
    table.declare(flags, "interpolation")
    flags.integer("columns", 6, "Images of a way, both ends among them.", lowest=2, highest=1000)
    flags.one_of("space", None, SPACES, "By default w where the generator has codes w.")
    table.declare_drawing(flags)
    flags.machine()


def run(values: FlagValues) -> None:
    """Plays `gan_jax analyse --tool=interpolation`."""

    def drawn(sampler):
        sampler = table.as_asked(values, sampler)
        ways = []
        for row in range(values.num):
            stops = jnp.asarray([2 * row, 2 * row + 1], jnp.uint32)
            space, codes = places(sampler, sample_key(values.seed), stops, values.space)
            ways += list(on_the_way(sampler, space, codes, values.columns - 1, loop=False))
        return np.stack(ways), values.columns

    table.write(values, "interpolation", values.columns, drawn, voxels=True)
