"""Truncation, amount by amount: nearer to the average image, and beyond it."""

from __future__ import annotations

import numpy as np
from absl.flags import FlagValues

from gan_jax.analysis.mixtures import truncation_grid
from gan_jax.command.flags import Flags
from gan_jax.methods.samplers import with_label
from gan_jax.methods.truncation import truncated
from gan_jax.run.drawing import sample_key
from gan_jax.verbs import along
from gan_jax.verbs.tools import table

INSTEAD = {"truncation": "--amounts={}"}


def declare(flags: Flags) -> None:
    """What `gan_jax analyse --tool=truncation` takes."""
    table.declare(flags, "truncation")
    about = "By commas: psi (by default 1,0.7,0.5,0,-0.5,-1), or thresholds of the latents (2,1.5,1,0.5,0.2)."
    flags.text("amounts", None, about)
    along.declare(flags)
    flags.integer("label", None, "One class for all images.", lowest=0)
    flags.machine()


def run(values: FlagValues) -> None:
    """Plays `gan_jax analyse --tool=truncation`."""

    def drawn(sampler):
        amounts = amounts_of(values.amounts, getattr(sampler, "maps", False))
        of_class = lambda sampler, by: with_label(along.moved(values, truncated(sampler, by)), values.label)
        return truncation_grid(of_class, sampler, sample_key(values.seed), range(values.num), amounts), len(amounts)

    table.write(values, "truncation", len(amounts_of(values.amounts, True)), drawn)


def amounts_of(text: str | None, maps: bool) -> list[float]:
    """The amounts. maps: whether the generator has codes w."""
    if text is None:
        return [1, 0.7, 0.5, 0, -0.5, -1] if maps else [2, 1.5, 1, 0.5, 0.2]
    try:
        amounts = [float(part) for part in text.split(",")]
        if not np.all(np.isfinite(amounts)):
            raise ValueError
        return amounts
    except ValueError:
        raise ValueError(f"--amounts are numbers by commas, such as 1,0.7,0; got {text!r}") from None
