"""Sums of latents: the mean of some images or shapes, less that of others, and that of third ones."""

from __future__ import annotations

import numpy as np
from absl.flags import FlagValues

from gan_jax.analysis.latent_space.arithmetic import latent_sum, table_of
from gan_jax.analysis.walks import SPACES
from gan_jax.command.flags import Flags
from gan_jax.run.drawing import sample_key
from gan_jax.runtime.processes.processes import is_first
from gan_jax.runtime.writers.images import image_grid, save_png
from gan_jax.runtime.writers.report import Picture, Table
from gan_jax.verbs.tools import folder

INSTEAD = {"num": "--a=0,1 --b=2 --c=3, indices of samples"}
_GROUPS = {"a": "0,1,2", "b": "3,4,5", "c": "6,7,8"}


def declare(flags: Flags) -> None:
    """What `gan_jax analyse --tool=arithmetic` takes."""
    folder.declare(flags, "arithmetic")
    flags.group("The sum")
    for name, example in _GROUPS.items():
        what = {"a": "that are added", "b": "that are taken away", "c": "that are added to that"}[name]
        flags.listed(name, None, f"Indices of samples {what}.", example, needed=True)
    flags.one_of("space", None, SPACES, "By default w where the generator has codes w.")
    folder.declare_classifier(flags, "What a shipped classifier tells of the images")
    flags.machine()


def run(values: FlagValues) -> None:
    """Plays `gan_jax analyse --tool=arithmetic`."""
    groups = {name: indices_of(name, values[name].value) for name in _GROUPS}
    out, opened, sampler = folder.opened(values, "arithmetic", voxels=True)
    found = latent_sum(sampler, sample_key(values.seed), groups["a"], groups["b"], groups["c"], values.space)
    shown = {**found.members, "mean of a": found.means[:1], "mean of b": found.means[1:2], "mean of c": found.means[2:]}
    shown["a - b + c"] = found.image[None]
    lengths = dict(zip(("mean of a", "mean of b", "mean of c", "a - b + c"), found.lengths.tolist(), strict=True))
    facts = {"model": opened.name, "seed": values.seed, "space": found.space, **groups}
    lines = [{"step": 0, **facts, **{f"length/{name}": value for name, value in lengths.items()}}]
    parts = [
        Table(("length in the space, over that of samples", ""), list(lengths.items())),
    ]
    if values.classifier is not None:
        if found.image.ndim != 3:
            raise ValueError("--classifier tells of images, and this generator makes voxels: leave it out")
        told = folder.Told(values.classifier, found.image.shape)
        scores = {name: told(images).mean(0) for name, images in shown.items()}
        lines += [
            {"step": 0, "images": name, **dict(zip(told.names, each.tolist(), strict=True))}
            for name, each in scores.items()
        ]
        rows = [(name, *(each[i] for each in scores.values())) for i, name in enumerate(told.names)]
        parts += ["Mean logits of the classifier:", Table(("", *scores), rows)]
    if is_first():
        grid = image_grid(*table_of(found))
        save_png(out / "arithmetic.png", grid)
        parts.insert(0, Picture(grid, "A, B and C, a row each, with the image of its mean last; below them a - b + c."))
        folder.leave(out, f"Sums of latents of {opened.name}", lines, parts)


def indices_of(name: str, texts: list[str]) -> list[int]:
    """Raises ValueError for what is no index of a sample."""
    try:
        indices = [int(text) for text in texts]
    except ValueError:
        raise ValueError(f"--{name} are indices of samples by commas, such as 0,3,5; got {','.join(texts)}") from None
    if any(not 0 <= each < np.iinfo(np.uint32).max for each in indices):
        raise ValueError(f"--{name} are indices of samples, from 0 on; got {','.join(texts)}")
    return indices
