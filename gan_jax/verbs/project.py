"""Images of one's own in a generator's space: the codes whose images are nearest to them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from absl.flags import FlagValues

from gan_jax.analysis.between import ways_between, ways_through_encoder
from gan_jax.analysis.projection import SPACES, project, squared_error, with_features
from gan_jax.command.errors import UsageError
from gan_jax.command.flags import Flags
from gan_jax.data import Preprocessing, open_source
from gan_jax.run.drawing import chosen_sampler, require_images, sample_key
from gan_jax.run.state import restore
from gan_jax.runtime.processes.processes import is_first
from gan_jax.runtime.workdir import check_apart, check_new_file, check_new_folder
from gan_jax.runtime.writers.images import image_grid, save_png

PICTURE, CODES, WAYS = "projected.png", "codes.npz", "between.png"
THROUGH = ("generator", "encoder")
INSTEAD: dict[str, str] = {"steps": "--iterations={}"}


def declare(flags: Flags) -> None:
    """What `gan_jax project` takes."""
    flags.group("The run")
    flags.workdir("The run's folder.", needed="runs/faces")
    flags.checkpoint()
    flags.group("What is projected, and how")
    flags.path(
        "images", None, "A folder of images; each is cropped and resized as the run's data are.", needed="my_faces"
    )
    flags.path("out", "projected", "A folder: projected.png (image beside what was found), and codes.npz.")
    flags.integer("num", 8, "How many images of the folder, the first by name.", lowest=1, highest=1024)
    flags.one_of(
        "space", None, SPACES, "z; w, one code for all layers; w+, one a layer. By default w where there is one."
    )
    flags.integer("iterations", 400, "Steps of Adam.", lowest=1)
    flags.number("features", 1.0, "Weight of the discriminator's features beside the pixels; 0: pixels alone.")
    flags.integer(
        "between",
        0,
        "Images on the way from each image to the next, both ends among them: between.png; 0: none.",
        lowest=0,
    )
    flags.one_of(
        "through",
        "generator",
        THROUGH,
        "Where an image's code comes from: sought in the generator, or, where the discriminator is an autoencoder (BEGAN),"
        " from its encoder.",
    )
    flags.integer("seed", 0, "Of all chance.")
    flags.text("sampler", None, "Which of the game's samplers; by default the first.")
    flags.machine()


def run(values: FlagValues) -> None:
    """Plays `gan_jax project`."""
    if values.features is None or not 0 <= values.features < np.inf:
        raise ValueError(f"--features is a weight from 0 on, not {values.features}")
    out = check_new_folder(values.out)
    for name in (PICTURE, CODES, WAYS):
        check_new_file(out / name)
    require_images(values.workdir, "project")
    restored = restore(values.workdir, values.step)
    check_apart(out, values.images, *restored.setup.inputs)
    method = restored.setup.method
    samplers = method.samplers(restored.state, restored.phase, values.weights == "ema")
    sampler = chosen_sampler(samplers, values.sampler)
    calm = dataclasses.replace(restored.setup.preprocessing.without_randomness(), shape=restored.phase.shape)
    images = read(values.images, calm, values.num)
    observers = method.observers(restored.state, restored.phase)
    if values.through == "encoder":
        _through_encoder(values, out, images, next(iter(observers.values()), None))
        return
    if values.features and not observers:
        raise ValueError("this game has no network that looks at images: set --features=0")
    distance = with_features(next(iter(observers.values())), values.features) if values.features else squared_error
    found = project(
        sampler, images, sample_key(values.seed), distance, values.space, values.iterations, progress=is_first()
    )
    if values.between:
        space = "w" if "w" in found.codes and values.space != "z" else "z"
        ways = ways_between(sampler, found.codes, space, values.between)
        if is_first():
            save_png(out / WAYS, image_grid(ways, values.between))
    if is_first():
        pairs = np.stack([images, found.images], 1).reshape(-1, *images.shape[1:])
        save_png(out / PICTURE, image_grid(pairs, 2))
        codes = {name: np.asarray(found.codes[name]) for name in ("z", "w", "label") if name in found.codes}
        np.savez(out / CODES, distance=found.distances, **codes)
        print(f"mean distance {found.history[0]:.4g} at first, {found.distances.mean():.4g} at last; wrote {out}")


def _through_encoder(values: FlagValues, out: Any, images: np.ndarray, observer: Any) -> None:
    for name in ("space", "iterations", "features", "seed", "sampler"):
        if values[name].present:
            raise UsageError(f"project --through=encoder takes no --{name}: it would change nothing")
    made, ways = ways_through_encoder(observer, images, values.between or 8)
    if is_first():
        save_png(out / PICTURE, image_grid(np.stack([images, made], 1).reshape(-1, *images.shape[1:]), 2))
        save_png(out / WAYS, image_grid(ways, values.between or 8))
        print(f"mean error of the reconstructions {np.abs(images - made).mean():.4g}; wrote {out}")


def read(folder: str, preprocessing: Preprocessing, num: int) -> np.ndarray:
    """The first `num` images of a folder as the networks see them. Raises ValueError where there is none."""
    source = open_source("folder", path=folder)
    return np.stack([preprocessing(source[i])["image"] for i in range(min(num, len(source)))])
