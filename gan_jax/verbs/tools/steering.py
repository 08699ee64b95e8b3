"""Steering: a direction that moves, enlarges, turns or lightens what a generator draws, and how far it goes."""

from __future__ import annotations

from typing import Any

import numpy as np
from absl.flags import FlagValues

from gan_jax.analysis.directions import Direction, generator_hash, save
from gan_jax.analysis.steering import pictures
from gan_jax.analysis.steering.distances import blurred, masked_squared_error, perceptual
from gan_jax.analysis.steering.linear import learn_linear
from gan_jax.analysis.steering.monotone import fit_monotone
from gan_jax.analysis.steering.reach import Reach, reach
from gan_jax.analysis.steering.trajectories import find_trajectories
from gan_jax.analysis.steering.transformations import NAMES, Transformation, transformation
from gan_jax.analysis.steering.walk import Ground, Walk, ground
from gan_jax.analysis.walks import SPACES
from gan_jax.command.errors import UsageError
from gan_jax.command.flags import Flags
from gan_jax.features.lpips import lpips_distance
from gan_jax.features.published import published_weights
from gan_jax.run.drawing import sample_key
from gan_jax.runtime.processes.processes import is_first
from gan_jax.runtime.writers.images import image_grid, save_png
from gan_jax.runtime.writers.report import Picture, Table
from gan_jax.types import Array, named_key
from gan_jax.verbs.tools import folder

METHODS = ("jahanian", "plumerault")
DISTANCES = ("l2", "lpips")
_LATENTS = {"jahanian": 2000, "plumerault": 200}
INSTEAD = {"amounts": "--reach={}, the largest amount", "samples": "--measured={}"}


def declare(flags: Flags) -> None:
    """What `gan_jax analyse --tool=steering` takes."""
    folder.declare(flags, "steering")
    flags.group("What is learned")
    flags.one_of("transform", None, NAMES, "What the walk does.", needed=True)
    flags.one_of(
        "method", "jahanian", METHODS, "A straight walk, or trajectories of latents and a direction with a rising map."
    )
    flags.one_of("space", None, SPACES, "Where it walks; by default w where the generator has codes w.")
    flags.text("layers", None, "Of w: coarse, middle, fine, or such as 2:4 for layers 2 and 3. By default all.")
    flags.integer("latents", None, "To learn from; by default 2000, and 200 of plumerault's.", lowest=4)
    flags.number("rate", 0.01, "Of Adam.")
    flags.one_of("distance", "l2", DISTANCES, "Over known pixels: squared, or LPIPS, whose weights are published.")
    flags.number("blur", None, "Of plumerault's distance, in pixels; by default 3 at 128 and in proportion.")
    flags.group("How it is measured")
    flags.integer("measured", 100, "Images, none of those that it learned from.", lowest=2, highest=10_000)
    flags.number("reach", 0.5, "Amounts are 11 from minus this to this.")
    flags.integer("num", 6, "Of these, images that are shown.", lowest=1, highest=1000)
    folder.declare_classifier(flags, "Attributes that are followed too, as a shipped classifier tells them")
    flags.machine()


def run(values: FlagValues) -> None:
    """Plays `gan_jax analyse --tool=steering`."""
    if values.method == "jahanian" and values.blur is not None:
        raise UsageError("--blur is of --method=plumerault: leave it out")
    if values.method == "plumerault" and values.blur is not None and values.distance == "lpips":
        raise UsageError("--blur is of the squared distance, not of LPIPS: leave it out")
    if not 0 < values.reach <= 5 or not (values.blur or 0) >= 0:
        raise ValueError(f"--reach is from above 0 to 5, and --blur 0 or more; got {values.reach} and {values.blur}")
    out, opened, sampler = folder.opened(values, "steering")
    key = sample_key(values.seed)
    shape = folder.shape_of(sampler)
    change = transformation(values.transform, shape[-1])
    told = None if values.classifier is None else folder.Told(values.classifier, shape)
    where = ground(sampler, key, values.space, values.layers)
    latents = values.latents or _LATENTS[values.method]
    walk, learned, strips = _learned(values, sampler, where, key, change, latents)
    indices = np.arange(latents, latents + values.measured, dtype=np.uint32)
    amounts = np.linspace(-values.reach, values.reach, 11)
    found = reach(sampler, where, walk, change, key, indices, amounts, more=None if told is None else told.scores)
    direction = _direction(values, sampler, where, walk, change, found, told)
    title = f"Steering: {change.name} of {opened.name}, {values.method}, in {where.space}"
    facts = {
        "model": opened.name,
        "transform": change.name,
        "method": values.method,
        "space": where.space,
        "layers": values.layers,
        "latents": latents,
        "seed": values.seed,
        "measured": values.measured,
    }
    if is_first():
        save(direction, out)
        _write(out, title, facts, learned, strips, found, change, values.num)


def _learned(
    values: FlagValues, sampler: Any, where: Ground, key: Array, change: Transformation, latents: int
) -> tuple[Walk, dict[str, Any], dict[str, np.ndarray]]:
    """The walk, what is to be said of learning it, and pictures of the search."""
    lpips = None
    if values.distance == "lpips":
        lpips = perceptual(lpips_distance(published_weights("vgg16"), published_weights("vgg16_lpips")))
    if values.method == "jahanian":
        walk, history = learn_linear(
            sampler, where, key, change, latents, rate=values.rate, distance=lpips or masked_squared_error
        )
        tenth = max(len(history) // 10, 1)
        first, last = history[:tenth].mean(), history[-tenth:].mean()
        return walk, {"distance_first": first, "distance_last": last, "length": _length(walk)}, {}
    apart = lpips or (None if values.blur is None else blurred(values.blur))
    found = find_trajectories(sampler, where, key, change, latents, rate=values.rate, distance=apart)
    walk, explained = fit_monotone(found, named_key(key, "steering fit"))
    rows = range(min(values.num, latents))
    strips = {
        "targets": np.concatenate([np.concatenate([found.targets[i], found.images[i]]) for i in rows]),
    }
    return walk, {"error": float(np.median(found.errors)), "explained": explained, "length": 1.0}, strips


def _length(walk: Walk) -> float:
    return float(np.linalg.norm(np.asarray(walk.vector)))


def _direction(
    values: FlagValues, sampler: Any, where: Ground, walk: Walk, change: Transformation, found: Reach, told: Any
) -> Direction:
    """As it is saved: with a straight walk an amount of 1 is that of the transformation, else a length of 1."""
    unit = change.unit if values.method == "jahanian" else f"a length of 1 towards {change.name}"
    scores = {}
    if told is not None and values.method == "jahanian":
        scores = {name: found.others[name] * found.spread[name] for name in told.names}
    return Direction(
        name=change.name,
        space=where.space,
        vector=np.asarray(walk.vector),
        tool=f"steering, {values.method}",
        unit=unit,
        generator=generator_hash(sampler),
        layers=where.layers,
        seed=values.seed,
        scores=scores,
    )


def _write(
    out: Any, title: str, facts: dict, learned: dict, strips: dict, found: Reach, change: Transformation, num: int
) -> None:
    low, high = found.holds
    numbers = {
        "slope": found.slope,
        "correlation": found.correlation,
        "slope_of_the_transformation": found.ceiling,
        "holds_from": low,
        "holds_to": high,
        "not_measurable": found.discarded,
    }
    rows = pictures.by_amount(found)
    lines = [
        {"step": 0, **facts, **learned, **numbers, **{f"moves/{k}": v for k, v in found.others.items()}},
        *({"step": i + 1, **row} for i, row in enumerate(rows)),
    ]
    across = len(found.amounts)
    shown = lambda images: image_grid(images[:num].reshape(-1, *images.shape[2:]), across)
    files = {"walks": shown(found.images), "wanted": shown(found.wanted)}
    files |= {
        name: image_grid(tiles, tiles.shape[0] // (2 * min(num, facts["latents"]))) for name, tiles in strips.items()
    }
    for name, grid in files.items():
        save_png(out / f"{name}.png", grid)
    pictures.draw_reach(found, out / "reach.png")
    captions = {
        "walks": f"Walks, an image a row; across, wanted amounts from {found.amounts[0]:g} to {found.amounts[-1]:g}.",
        "wanted": "The same by the transformation itself; what lies outside the image repeats its edge.",
        "targets": "What was sought, and below it what was found, an image every two rows.",
    }
    parts = [
        f"An amount of 1 is {change.unit}. Saved as directions/{change.name}.json.",
        Table(("learning", ""), list(learned.items())),
        Table((f"{found.factor} against the wanted amount", ""), list(numbers.items())),
        "The slope and the correlation are over all images and amounts. The walk holds as far as the median grows at half its"
        " pace at 0 or more.",
        Picture(out / "reach.png", "Medians and quartiles of what is measured; dashed: of the transformation itself."),
        *(Picture(grid, captions[name]) for name, grid in files.items()),
        Table(tuple(rows[0]), [tuple(row.values()) for row in rows]),
        Table(
            ("what else moves", "in its standard deviations, for an amount of 1"),
            sorted(found.others.items(), key=lambda each: -abs(each[1])),
        ),
    ]
    folder.leave(out, title, lines, parts)
