"""Arithmetic of latents z or codes w: the images of a, b and c, and that of a - b + c."""

from __future__ import annotations

from absl.flags import FlagValues

from gan_jax.analysis.arithmetic import ACROSS, parse_sum, sums_grid
from gan_jax.analysis.walks import SPACES
from gan_jax.command.flags import Flags
from gan_jax.methods.samplers import with_label
from gan_jax.methods.truncation import truncated
from gan_jax.run.drawing import sample_key
from gan_jax.verbs.tools import table

INSTEAD = {"num": "--sums=0-1+2,3-4+5"}


def declare(flags: Flags) -> None:
    """What `gan_jax analyse --tool=arithmetic` takes."""
    table.declare(flags, "arithmetic", rows=False)
    about = "By commas, a row each: elements of the seed's sample by number; a mean of some is 0/4/7."
    flags.listed("sums", ("0-1+2", "3-4+5", "6-7+8"), about, "0-1+2,3/5-4+5")
    flags.one_of("space", None, SPACES, "By default w where the generator has codes w.")
    table.declare_drawing(flags)
    flags.machine()


def run(values: FlagValues) -> None:
    """Plays `gan_jax analyse --tool=arithmetic`."""
    sums = [parse_sum(text) for text in values.sums]

    def drawn(sampler):
        sampler = with_label(truncated(sampler, values.truncation), values.label)
        return sums_grid(sampler, sample_key(values.seed), sums, values.space), ACROSS

    table.write(values, "arithmetic", ACROSS, drawn, rows=len(sums), voxels=True)
