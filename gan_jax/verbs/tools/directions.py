"""Directions that no label is needed for: of the weights (SeFa), or of principal components (GANSpace), by layers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from absl.flags import FlagValues

from gan_jax.analysis.attributes.edits import effect, images_along
from gan_jax.analysis.attributes.samples import space_of
from gan_jax.analysis.directions import Direction, generator_hash, save
from gan_jax.analysis.directions.ganspace import principal_directions
from gan_jax.analysis.directions.sefa import factorized, first_weights
from gan_jax.analysis.mixtures import layers_of
from gan_jax.command.errors import UsageError
from gan_jax.command.flags import Flags
from gan_jax.game import sampled
from gan_jax.run.drawing import sample_key
from gan_jax.runtime.processes.processes import is_first, say
from gan_jax.runtime.writers.images import image_grid, save_png
from gan_jax.runtime.writers.report import Picture, Table
from gan_jax.verbs import along
from gan_jax.verbs.tools import folder

METHODS = ("sefa", "ganspace")
UNITS = {"sefa": "a length of 1", "ganspace": "a standard deviation of samples along the component"}
INSTEAD = {"amounts": "--reach={}, the largest amount", "direction": "what it finds is kept under a name"}


def declare(flags: Flags) -> None:
    """What `gan_jax analyse --tool=directions` takes."""
    folder.declare(flags, "directions")
    flags.group("What is found")
    flags.one_of("method", None, METHODS, "sefa: of the weights alone; ganspace: of samples.", needed=True)
    flags.text("layers", None, "Of w: coarse, middle, fine, or such as 2:4 for layers 2 and 3. By default all.")
    flags.integer("components", 8, "Directions that are kept and shown, the strongest first.", lowest=1, highest=512)
    flags.integer("latents", 10_000, "Of ganspace, the samples.", lowest=10, highest=1_000_000)
    flags.text(
        "tap", None, "Of ganspace: an activation whose components are regressed to the space; by default none, codes w."
    )
    flags.one_of("space", None, ("z", "w"), "Of ganspace with --tap; by default w where the generator has codes w.")
    flags.listed("name", [], "Names for what was found, by number, such as 3:glasses.", "3:glasses,0:turn")
    flags.group("What is shown")
    flags.integer("num", 2, "Images that are moved: a picture each.", lowest=1, highest=100)
    flags.integer("columns", 7, "Steps of a row.", lowest=2, highest=100)
    flags.number("reach", None, "The largest amount; by default 3 of sefa, 2 of ganspace, as the authors have it.")
    flags.integer("measured", 100, "Images, of other samples, on which --classifier looks at what is moved.", lowest=2)
    folder.declare_classifier(
        flags, "What tells attributes", "By default that of the generator's data, where there is one."
    )
    flags.machine()


def run(values: FlagValues) -> None:
    """Plays `gan_jax analyse --tool=directions`."""
    named = names_of(values.name, values.components)
    reach = {"sefa": 3.0, "ganspace": 2.0}[values.method] if values.reach is None else values.reach
    if not 0 < reach <= 1000:
        raise ValueError(f"--reach is an amount above 0, at most 1000, not {reach}")
    for name in ("tap", "space", "latents"):
        if values.method == "sefa" and values[name].present:
            raise UsageError(f"--{name} is of --method=ganspace: SeFa looks at weights alone")
    if values.space is not None and values.tap is None:
        raise UsageError("--space is of --tap: without one, components are of codes w")
    out, opened, sampler = folder.opened(values, "directions")
    key = sample_key(values.seed)
    shape = jnp.shape(sampled(sampler, key, jnp.arange(1))[0])[1:]
    told = folder.told_if_any(values, opened.source, shape)
    found, strengths, what = _found(values, sampler, key, named)
    first = 2 * values.latents if values.method == "ganspace" else values.num
    indices = np.arange(first, first + values.measured, dtype=np.uint32)
    if told is not None:
        measured = [effect(sampler, key, indices, each, told.scores).slopes for each in found]
        found = [dataclasses.replace(each, scores=slopes) for each, slopes in zip(found, measured, strict=True)]
    amounts = np.linspace(-reach, reach, values.columns)
    shown = np.arange(values.num, dtype=np.uint32)
    rows = np.stack([images_along(sampler, key, shown, each, amounts) for each in found], 1)  # [num, k, m, H, W, C]
    keep = along.home(values, out)
    if is_first():
        for direction in found:
            save(direction, keep)
        facts = {
            "model": opened.name,
            "method": values.method,
            "space": found[0].space,
            "layers": values.layers,
            "tap": values.tap,
            "latents": values.latents if values.method == "ganspace" else None,
            "truncation": values.truncation,
            "seed": values.seed,
        }
        _write(out, facts, found, strengths, what, rows, reach)
        say(f"kept {', '.join(each.name for each in found)} in {keep / 'directions'}")


def names_of(texts: Sequence[str], components: int) -> dict[int, str]:
    """["3:glasses"] -> {3: "glasses"}. Raises UsageError for what is none, and for numbers that are not found."""
    named: dict[int, str] = {}
    for text in texts:
        number, _, name = text.partition(":")
        if not (number.isdecimal() and name):
            raise UsageError(f"--name={text}: it is a number and its name, such as 3:glasses")
        if int(number) >= components:
            raise UsageError(
                f"--name={text}: {components} directions are found, 0 to {components - 1}; see --components"
            )
        named[int(number)] = name
    if len(set(named.values())) < len(texts):
        raise UsageError(f"--name={','.join(texts)}: each number and each name stands once")
    return named


def _found(
    values: FlagValues, sampler: Any, key: Any, named: Mapping[int, str]
) -> tuple[list[Direction], np.ndarray, str]:
    """The directions, how strong each is, and what that is."""
    layers = None
    if values.layers is not None:
        codes = jax.eval_shape(lambda: sampler.map(sampler.starts(key, jnp.zeros(1, jnp.uint32))))
        if "w" not in codes:
            raise ValueError("--layers are of generators with codes w, and this one has none: leave them out")
        layers = layers_of(values.layers, codes["w"].shape[1])
    if values.method == "sefa":
        space, weights = first_weights(sampler, layers)
        vectors, strengths = factorized(weights)
        what = "eigenvalue"
    else:
        space = space_of(sampler, values.space)
        if layers is not None and space == "z":
            raise ValueError("--layers are of directions in w: leave them out, or take --space=w")
        principal = principal_directions(sampler, key, values.latents, values.components, values.tap, space, is_first())
        vectors = principal.vectors * principal.deviations[:, None]
        strengths, what = principal.shares, "share of the variance"
    count = min(values.components, len(vectors))
    about = values.method if layers is None else f"{values.method}{layers[0]}-{layers[1] - 1}"
    told = {
        "space": space,
        "tool": f"directions, {values.method}" + (f" of {values.tap}" if values.tap else ""),
        "unit": UNITS[values.method],
        "generator": generator_hash(sampler),
        "layers": layers,
        "seed": None if values.method == "sefa" else values.seed,
    }
    found = [Direction(named.get(k, f"{about}_{k}"), vector=vectors[k], **told) for k in range(count)]
    return found, np.asarray(strengths[:count]), what


def _write(
    out: Path,
    facts: Mapping[str, Any],
    found: Sequence[Direction],
    strengths: np.ndarray,
    what: str,
    rows: np.ndarray,
    reach: float,
) -> None:
    attributes = list(found[0].scores)
    lines: list[dict[str, Any]] = [{"step": 0, **facts, "unit": found[0].unit}]
    for k, (direction, strength) in enumerate(zip(found, strengths, strict=True)):
        moves = {f"logit/{name}": value for name, value in direction.scores.items()}
        length = float(np.linalg.norm(direction.vector))
        lines.append({"step": 1 + k, "direction": direction.name, what: strength, "length": length, **moves})
    pictures = {
        f"sheet{i}": image_grid(each.reshape(-1, *each.shape[2:]), each.shape[1]) for i, each in enumerate(rows)
    }
    for name, picture in pictures.items():
        save_png(out / f"{name}.png", picture)
    strongest = lambda each: ", ".join(
        f"{name} {value:+.2g}" for name, value in sorted(each.scores.items(), key=lambda s: -abs(s[1]))[:3]
    )
    parts = [
        f"By {facts['method']} in {facts['space']}, layers {facts['layers'] or 'all'}. An amount of 1 is {found[0].unit}.",
        Table(
            ("direction", what, "moves most"),
            [(each.name, float(at), strongest(each)) for each, at in zip(found, strengths, strict=True)],
        ),
        *(
            Picture(
                picture,
                f"Image {i}: a direction a row, in the order of the table; across, from {-reach:g} to {reach:g}.",
            )
            for i, picture in enumerate(pictures.values())
        ),
    ]
    if attributes:
        by_name = [(each.name, *(each.scores[name] for name in attributes)) for each in found]
        parts.append(Table(("the logit's change for an amount of 1", *attributes), by_name))
    folder.leave(out, f"Directions of {facts['model']}, {facts['method']}", lines, parts)
