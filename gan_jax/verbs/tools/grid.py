"""A grid between four images, through latents z or codes w."""

from __future__ import annotations

from absl.flags import FlagValues

from gan_jax.analysis.latent_space.grid import corner_grid, steps_of
from gan_jax.analysis.walks import SPACES
from gan_jax.command.flags import Flags
from gan_jax.run.drawing import sample_key
from gan_jax.runtime.processes.processes import is_first
from gan_jax.runtime.writers.images import image_grid, save_png
from gan_jax.runtime.writers.report import Picture, Table
from gan_jax.verbs.tools import folder
from gan_jax.verbs.tools.arithmetic import indices_of

INSTEAD = {"num": "--side={}", "columns": "--side={}"}


def declare(flags: Flags) -> None:
    """What `gan_jax analyse --tool=grid` takes."""
    folder.declare(flags, "grid")
    flags.group("The grid")
    about = "Indices of the samples top left, top right, bottom left and bottom right."
    flags.listed("corners", ["0", "1", "2", "3"], about, "0,1,2,3")
    flags.integer("side", 8, "Images of a side, corners among them.", lowest=2, highest=100)
    flags.one_of("space", None, SPACES, "By default w where the generator has codes w.")
    flags.machine()


def run(values: FlagValues) -> None:
    """Plays `gan_jax analyse --tool=grid`."""
    corners = indices_of("corners", values.corners)
    if len(corners) != 4:
        raise ValueError(f"--corners are four indices of samples, such as 0,1,2,3; got {len(corners)}")
    out, opened, sampler = folder.opened(values, "grid")
    images = corner_grid(sampler, sample_key(values.seed), tuple(corners), values.side, values.space)
    across, down = steps_of(images, values.side)
    numbers = {
        f"{name}/{what}": float(value)
        for name, steps in (("across", across), ("down", down))
        for what, value in (("mean", steps.mean()), ("largest", steps.max()), ("smallest", steps.min()))
    }
    line = {"step": 0, "model": opened.name, "seed": values.seed, "corners": corners, "side": values.side, **numbers}
    if is_first():
        grid = image_grid(images, values.side)
        save_png(out / "grid.png", grid)
        parts = [
            Picture(grid, "Between the four corners."),
            "Root mean squared differences of pixels, in [-1, 1], from one image to the next: even steps are a smooth way.",
            Table(("step", "difference"), list(numbers.items())),
        ]
        folder.leave(out, f"A grid between four images of {opened.name}", [line], parts)
