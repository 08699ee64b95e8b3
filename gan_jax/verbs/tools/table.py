"""What the tools share that write one picture, a table of images."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from absl.flags import FlagValues

from gan_jax.command.flags import Flags
from gan_jax.game import Sampler, sampled
from gan_jax.methods.samplers import with_label
from gan_jax.methods.truncation import truncated
from gan_jax.run.drawing import check_memory
from gan_jax.runtime.processes.processes import is_first
from gan_jax.runtime.workdir import check_new_file
from gan_jax.runtime.writers.images import image_grid, save_png
from gan_jax.runtime.writers.voxels import as_images
from gan_jax.verbs import along, opening

MOST_IMAGES = 10_000  # of one picture


def declare(flags: Flags, tool: str) -> None:
    """The generator, the picture, its rows and the seed."""
    opening.declare(flags)
    flags.group("The picture")
    flags.path("out", f"{tool}.png", "The picture.")
    flags.integer("num", 6, "Rows: images that are looked at.", lowest=1, highest=1000)
    flags.integer("seed", 0, "Of all chance.")


def declare_drawing(flags: Flags, label: bool = True) -> None:
    """How the images are drawn. label: whether one class may be chosen."""
    flags.number(
        "truncation", None, "psi of codes w for all of it; other generators: latents beyond it are drawn again."
    )
    along.declare(flags)
    if label:
        flags.integer("label", None, "One class for all images.", lowest=0)


def as_asked(values: FlagValues, sampler: Sampler) -> Sampler:
    """The sampler as the flags of `declare_drawing` have it."""
    sampler = along.moved(values, truncated(sampler, values.truncation))
    return with_label(sampler, values.label if "label" in values else None)


def write(
    values: FlagValues,
    tool: str,
    across: int,
    drawn: Callable[[Sampler], tuple[np.ndarray, int]],
    voxels: bool = False,
) -> None:
    """Writes the picture. across: images in a row; drawn: sampler -> the tiles [N, H, W, C] and how many stand in a row.

    voxels: whether the tiles may be voxels [N, D, H, W, 1] too; each is shown from the front and from behind.
    Raises ValueError for more images than a picture holds, before a generator is read, and for elements of another kind.
    """
    if not str(values.out).endswith(".png"):
        raise ValueError(f"cannot write {values.out}: out ends in .png")
    if (images := values.num * across) > MOST_IMAGES:
        raise ValueError(
            f"this picture would hold {images:,} images, and {MOST_IMAGES:,} are the most: take a smaller --num"
        )
    check_new_file(values.out)
    opened = opening.opened_by(values, values.out, f"analyse --tool={tool}", voxels)
    one = jax.eval_shape(lambda sampler: sampled(sampler, jax.random.key(0), jnp.arange(1))[0], opened.sampler)
    check_memory(images, one.shape[1:])
    tiles, columns = drawn(opened.sampler)
    if is_first():
        save_png(values.out, image_grid(as_images(tiles), columns))
        print(f"wrote {tool} of {opened.name}, to {values.out}")
