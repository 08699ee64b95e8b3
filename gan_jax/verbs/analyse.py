"""Pictures that explain a generator: mixing of styles, truncation, noise, classes, codes, and what lies between two images."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from absl.flags import FlagValues

from gan_jax.analysis.codes import class_grid, code_grid
from gan_jax.analysis.mixtures import mixing_grid, truncation_grid
from gan_jax.analysis.noise import noise_deviation
from gan_jax.analysis.walks import SPACES, on_the_way, places
from gan_jax.command.errors import UsageError
from gan_jax.command.flags import Flags
from gan_jax.methods.samplers import with_label
from gan_jax.methods.truncation import truncated
from gan_jax.run.drawing import check_memory, chosen_sampler, require_given, require_images, sample_key
from gan_jax.run.state import restore
from gan_jax.runtime.processes.processes import is_first
from gan_jax.runtime.workdir import check_apart, check_new_file
from gan_jax.runtime.writers.images import image_grid, save_png

KINDS = ("mixing", "truncation", "noise", "interpolation", "classes", "codes")
MOST_IMAGES = 10_000  # of one picture
_OF = {  # flag -> the kinds that use it
    "columns": ("mixing", "interpolation", "codes"),
    "layers": ("mixing",),
    "amounts": ("truncation",),
    "draws": ("noise",),
    "space": ("interpolation",),
}
INSTEAD: dict[str, str] = {"steps": "--step={}"}


def declare(flags: Flags) -> None:
    """What `gan_jax analyse` takes."""
    flags.group("The run")
    flags.workdir("The run's folder.", needed="runs/faces")
    flags.checkpoint()
    flags.group("What is shown")
    flags.one_of(
        "what",
        None,
        KINDS,
        "Styles of columns in rows; psi by psi; what noise changes; the way between images; one latent, class by class; one"
        " latent, code by code.",
        True,
    )
    flags.path("out", "analysis.png", "The picture.")
    flags.integer("num", 6, "Rows: images that are looked at.", lowest=1, highest=1000)
    flags.integer(
        "columns",
        6,
        "Of mixing: sources of styles; of interpolation: images on the way, both ends among them; of codes: steps of a"
        " continuous one.",
        lowest=1,
        highest=1000,
    )
    flags.text("layers", "coarse", "Of mixing: coarse, middle, fine, all, or such as 2:4 for layers 2 and 3.")
    about = "Of truncation, by commas: psi (by default 1,0.7,0.5,0,-0.5,-1), or thresholds of the latents (2,1.5,1,0.5,0.2)."
    flags.text("amounts", None, about)
    flags.integer("draws", 100, "Of noise: how often it is drawn.", lowest=2, highest=100_000)
    flags.one_of("space", None, SPACES, "Of interpolation; by default w where the generator has codes w.")
    flags.integer("seed", 0, "Of all chance.")
    flags.number(
        "truncation", None, "psi of codes w for all of it; other generators: latents beyond it are drawn again."
    )
    flags.integer("label", None, "One class for all images.", lowest=0)
    flags.text("sampler", None, "Which of the game's samplers; by default the first.")
    flags.machine()


def run(values: FlagValues) -> None:
    """Plays `gan_jax analyse`."""
    if not str(values.out).endswith(".png"):
        raise ValueError(f"cannot write {values.out}: out ends in .png")
    count = images_asked(values)
    check_new_file(values.out)
    check_memory(count, require_images(values.workdir, "analyse"))
    restored = restore(values.workdir, values.step)
    check_apart(values.out, *restored.setup.inputs)
    method, average = restored.setup.method, values.weights == "ema"
    sampler = chosen_sampler(method.samplers(restored.state, restored.phase, average), values.sampler)
    require_given(sampler, None)
    images, columns = drawn(values, sampler)
    if is_first():
        save_png(values.out, image_grid(images, columns))
        print(f"wrote {values.what} of step {restored.step} to {values.out}")


def images_asked(values: FlagValues) -> int:
    """How many images a picture shows, but for the sources of mixtures.

    Raises ValueError for a flag that this kind of picture would not use, and for more images than a picture holds.
    """
    what = values.what
    if what == "truncation" and values.truncation is not None:
        raise UsageError("a truncation picture takes --amounts, not --truncation")
    if unused := [name for name, kinds in _OF.items() if values[name].present and what not in kinds]:
        raise UsageError(f"analyse --what={what} takes no --{unused[0]}: it would change nothing")
    if what == "classes" and values.label is not None:
        raise UsageError("a table of classes shows all of them: it takes no --label")
    if what == "interpolation" and values.columns < 2:
        raise ValueError(f"--columns={values.columns} of interpolation: both ends are shown, so it takes 2 or more")
    across = {"noise": 2, "truncation": len(amounts_of(values.amounts, True))}.get(what, values.columns)
    if (images := values.num * across) > MOST_IMAGES:
        raise ValueError(
            f"this picture would hold {images:,} images, and {MOST_IMAGES:,} are the most: take a smaller --num"
        )
    return images


def drawn(values: FlagValues, sampler: Any) -> tuple[np.ndarray, int]:
    """The tiles [N, H, W, C] of a kind of picture, and how many stand in a row."""
    key, rows = sample_key(values.seed), range(values.num)
    if values.what == "truncation":
        of_class = lambda sampler, by: with_label(truncated(sampler, by), values.label)
        amounts = amounts_of(values.amounts, getattr(sampler, "maps", False))
        return truncation_grid(of_class, sampler, key, rows, amounts), len(amounts)
    sampler = with_label(truncated(sampler, values.truncation), values.label)
    indices = jnp.arange(values.num, dtype=jnp.uint32)
    if values.what == "mixing":
        others = range(values.num, values.num + values.columns)
        return mixing_grid(sampler, key, rows, others, values.layers), values.columns + 1
    if values.what == "noise":
        images, spread = noise_deviation(sampler, key, indices, values.draws)
        gray = np.repeat(spread / max(float(spread.max()), 1e-12) * 2 - 1, images.shape[-1], -1)
        return np.stack([images, gray], 1).reshape(-1, *images.shape[1:]), 2
    if values.what == "classes":
        return class_grid(sampler, key, rows)
    if values.what == "codes":
        return code_grid(sampler, key, rows, values.columns)
    ways = []
    for row in rows:
        stops = jnp.asarray([2 * row, 2 * row + 1], jnp.uint32)
        space, codes = places(sampler, key, stops, values.space)
        ways += list(on_the_way(sampler, space, codes, values.columns - 1, loop=False))
    return np.stack(ways), values.columns


def amounts_of(text: str | None, maps: bool) -> list[float]:
    """Of truncation. maps: whether the generator has codes w."""
    if text is None:
        return [1, 0.7, 0.5, 0, -0.5, -1] if maps else [2, 1.5, 1, 0.5, 0.2]
    try:
        amounts = [float(part) for part in text.split(",")]
        if not np.all(np.isfinite(amounts)):
            raise ValueError
        return amounts
    except ValueError:
        raise ValueError(f"--amounts are numbers by commas, such as 1,0.7,0; got {text!r}") from None
