"""Samples beside their nearest images in the data: does the generator repeat what it was trained on?"""

from __future__ import annotations

import numpy as np
from absl.flags import FlagValues

from gan_jax.analysis.latent_space.neighbours import beside, neighbours
from gan_jax.command.flags import Flags
from gan_jax.run.drawing import draw
from gan_jax.runtime.processes.processes import is_first
from gan_jax.runtime.writers.images import canvas, image_grid, save_figure, save_png
from gan_jax.runtime.writers.report import Picture, Table
from gan_jax.verbs.tools import folder, looking

INSTEAD = {"num": "--samples={}, of which --shown are shown", "recipes": "evaluate --recipes={}"}


def declare(flags: Flags) -> None:
    """What `gan_jax analyse --tool=neighbours` takes."""
    folder.declare(flags, "neighbours")
    flags.group("What is compared")
    looking.declare(flags)
    flags.integer("samples", 500, "How many.", lowest=1, highest=100_000)
    flags.integer("most", 10_000, "Images of the data, the first.", lowest=2, highest=100_000)
    flags.integer("k", 5, "Neighbours of each.", lowest=1, highest=50)
    flags.integer("shown", 10, "Samples that are shown, the nearest first.", lowest=1, highest=200)
    flags.machine()


def run(values: FlagValues) -> None:
    """Plays `gan_jax analyse --tool=neighbours`."""
    out, opened, sampler = folder.opened(values, "neighbours")
    shape = folder.shape_of(sampler)
    told = None if values.classifier is None else folder.Told(values.classifier, shape)
    data = {
        name: looking.images_of(each, values.most)
        for name, each in looking.data_of(values, opened, sampler.target, shape).items()
    }
    samples, features = draw(sampler, values.samples, values.seed)["image"], looking.features_by(told)
    fresh = features(data["test"]) if "test" in data else None
    found = neighbours(features(samples), features(data["train"]), fresh, values.k)
    by = values.classifier or "pixels"
    numbers = {
        "ratio": found.ratio,
        "copies": found.copies,
        "samples/median": float(np.median(found.distances[:, 0])),
        "data/median": float(np.median(found.own)),
        "fresh/median": float(np.median(found.fresh)) if len(found.fresh) else None,
        "nearest_sample": float(found.distances[:, 0].min()),
        "nearest_of_the_data": float(found.own.min()),
    }
    facts = {"model": opened.name, "seed": values.seed, "by": by, "samples": len(samples), "data": len(data["train"])}
    ranks = found.ranks
    lines = [{"step": 0, **facts, **numbers}]
    lines += [
        {"step": 0, "sample": i, "distance": found.distances[i, 0], "neighbour": found.indices[i, 0], "rank": ranks[i]}
        for i in range(len(samples))
    ]
    if is_first():
        grid = image_grid(*beside(samples, data["train"], found, values.shown))
        save_png(out / "neighbours.png", grid)
        figure, (axes,) = canvas(1, 7)
        sets = {"samples": found.distances[:, 0], "data, to others": found.own, "fresh images": found.fresh}
        for name, each in sets.items():
            if len(each):
                axes.hist(each, 40, density=True, histtype="step", label=name)
        axes.set(xlabel=f"distance to the nearest image of the data, by {by}")
        axes.legend(fontsize="small")
        save_figure(out / "distances.png", figure)
        parts = [
            "A sample that is a copy lies nearer to an image of the data than new images do. The ratio is that of the medians, "
            "to new images where there are some, else to the data's own: 1 is as far, 0 a copy.",
            Table(("distances", ""), list(numbers.items())),
            Picture(out / "distances.png", "Distances to the nearest image of the data."),
            Picture(grid, f"The {values.shown} samples nearest to the data, each with its {values.k} neighbours."),
        ]
        folder.leave(out, f"Neighbours in the data, of {opened.name}, by {by}", lines, parts)
