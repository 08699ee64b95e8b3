"""What the layers' noise changes: an image, and where it moves as the noise is drawn again."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from absl.flags import FlagValues

from gan_jax.analysis.noise import noise_deviation
from gan_jax.command.flags import Flags
from gan_jax.run.drawing import sample_key
from gan_jax.verbs.tools import table

INSTEAD: dict[str, str] = {}


def declare(flags: Flags) -> None:
    """What `gan_jax analyse --tool=noise` takes."""
    table.declare(flags, "noise")
    flags.integer("draws", 100, "How often noise is drawn.", lowest=2, highest=100_000)
    table.declare_drawing(flags)
    flags.machine()


def run(values: FlagValues) -> None:
    """Plays `gan_jax analyse --tool=noise`."""

    def drawn(sampler):
        sampler = table.as_asked(values, sampler)
        indices = jnp.arange(values.num, dtype=jnp.uint32)
        images, spread = noise_deviation(sampler, sample_key(values.seed), indices, values.draws)
        gray = np.repeat(spread / max(float(spread.max()), 1e-12) * 2 - 1, images.shape[-1], -1)
        return np.stack([images, gray], 1).reshape(-1, *images.shape[1:]), 2

    table.write(values, "noise", 2, drawn)
