"""The way back from images to latents by a network that learns from the generator's own samples."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from absl.flags import FlagValues

from gan_jax.analysis.latent_space.encoder import encoded, errors_of, learn_encoder
from gan_jax.analysis.projection import project
from gan_jax.analysis.walks import SPACES
from gan_jax.command.flags import Flags
from gan_jax.game import Sampler
from gan_jax.run.drawing import draw, sample_key
from gan_jax.runtime.processes.processes import is_first
from gan_jax.runtime.writers.images import image_grid, save_png
from gan_jax.runtime.writers.report import Picture, Table
from gan_jax.verbs.tools import folder, looking

INSTEAD = {"steps": "--iterations={}"}


def declare(flags: Flags) -> None:
    """What `gan_jax analyse --tool=encoder` takes."""
    folder.declare(flags, "encoder")
    flags.group("What is learned")
    flags.one_of("space", None, SPACES, "Of the latents; by default w where the generator has codes w.")
    flags.integer("iterations", 2000, "Steps of Adam, of 64 samples each.", lowest=1)
    flags.integer("refine", 0, "Steps of a projection that begins at the encoder's latents; 0: none.", lowest=0)
    flags.group("What is encoded")
    about = "Images of data to encode beside samples: a folder, a .zip or .npz file, emoji, digits or faces. By default none."
    flags.text("data", None, about)
    flags.integer("num", 8, "How many of each are shown and, where asked, refined.", lowest=1, highest=256)
    flags.machine()


def run(values: FlagValues) -> None:
    """Plays `gan_jax analyse --tool=encoder`."""
    out, opened, sampler = folder.opened(values, "encoder")
    key = sample_key(values.seed)
    shape = folder.shape_of(sampler)
    real = None
    if values.data is not None:
        found = looking.data_of(values, opened, sampler.target, shape)
        real = looking.images_of(found.get("test", found["train"]), 256)
    encoder, history = learn_encoder(sampler, key, values.space, values.iterations, progress=is_first())
    numbers: dict[str, Any] = {"learning/last": history[-max(len(history) // 20, 1) :].mean()}
    rows = {"samples": draw(sampler, 256, values.seed)["image"]} | ({} if real is None else {"data": real})
    columns, shown = 2 + bool(values.refine), {}
    for name, images in rows.items():
        errors = errors_of(sampler, encoder, key, None if name == "samples" else images)
        numbers |= {f"{name}/{what}": value for what, value in errors._asdict().items() if np.isfinite(value)}
        few = images[: values.num]
        parts = [few, encoded(sampler, encoder, key, few)[1]]
        if values.refine:
            parts.append(_refined(sampler, encoder, key, few, values.refine, numbers, name))
        shown[name] = np.stack(parts, 1).reshape(-1, *shape)
    facts = {"model": opened.name, "seed": values.seed, "space": encoder.space, "iterations": values.iterations}
    lines = [{"step": 0, **facts, "refine": values.refine, **numbers}]
    lines += [{"step": i + 1, "error": history[i]} for i in range(0, len(history), max(len(history) // 100, 1))]
    if is_first():
        grids = {name: image_grid(tiles, columns) for name, tiles in shown.items()}
        for name, grid in grids.items():
            save_png(out / f"{name}.png", grid)
        last = ", and after the projection that begins there" if values.refine else ""
        told = [
            "latents: the squared error of the latents over their variance, on samples that it did not learn from: 0 is exact, "
            "1 no better than their mean. pixels: the mean squared difference of images in [-1, 1]; average: that of the image "
            "of the average latents.",
            Table(("error", ""), list(numbers.items())),
            *(Picture(grid, f"{name}: an image, what its code makes{last}.") for name, grid in grids.items()),
        ]
        folder.leave(out, f"An encoder of {opened.name}, to {encoder.space}", lines, told)


def _refined(
    sampler: Sampler, encoder: Any, key: Any, images: np.ndarray, steps: int, numbers: dict, name: str
) -> np.ndarray:
    """The images of projections that begin at the encoder's latents; beside them, in numbers, those that do not."""
    begin = encoder(jnp.asarray(images))
    options: dict[str, Any] = {"space": encoder.space, "steps": steps, "progress": is_first()}
    from_here = project(sampler, images, key, begin=begin, **options)
    alone = project(sampler, images, key, **options)
    numbers[f"{name}/encoder, of those shown"] = float(from_here.history[0])
    numbers[f"{name}/refined"] = float(from_here.distances.mean())
    numbers[f"{name}/projection alone"] = float(alone.distances.mean())
    return from_here.images
