"""Attributes in latent space (InterFaceGAN): planes that tell them, edits along their normals, and what these move besides."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from absl.flags import FlagValues

from gan_jax.analysis.attributes import edits
from gan_jax.analysis.attributes.planes import Plane, attribute_planes, holding
from gan_jax.analysis.attributes.samples import SPACES, Scored, scored
from gan_jax.analysis.directions import generator_hash, save
from gan_jax.command.flags import Flags
from gan_jax.game import sampled
from gan_jax.metrics.boundary import SHARE, TRAINED, correlations, require_both_kinds
from gan_jax.names import one_of
from gan_jax.run.drawing import sample_key
from gan_jax.runtime.processes.processes import is_first, say
from gan_jax.runtime.writers.images import image_grid, save_png
from gan_jax.runtime.writers.report import Picture, Table
from gan_jax.verbs import along
from gan_jax.verbs.tools import folder

REACH = 3.0  # standard deviations, the authors' range in a space of latents of N(0, 1)
INSTEAD = {"amounts": "--reach={}, the largest amount", "direction": "an attribute's own direction, which it finds"}


def declare(flags: Flags) -> None:
    """What `gan_jax analyse --tool=attributes` takes."""
    folder.declare(flags, "attributes")
    flags.group("What is found")
    folder.declare_classifier(flags, "What tells the attributes", "By default that of the generator's data.")
    flags.listed("attributes", None, "Which of them; by default all that samples have and have not.", "glasses,beard")
    flags.one_of(
        "space", None, SPACES, "z; w, one code for all layers; w+, one a layer. By default w where there is one."
    )
    flags.integer("latents", 4000, "Samples that are scored.", lowest=100, highest=1_000_000)
    flags.number("share", SHARE, "Of these, at either end of an attribute's scores, that tell a plane.")
    flags.number("trained", TRAINED, "Of those, in the fit; the others are the validation.")
    flags.listed(
        "holding", [], "Attributes that edits of the others should leave alone: a second set of directions.", "beard"
    )
    flags.group("What is shown")
    flags.integer("measured", 200, "Images, of other samples, on which edits are measured.", lowest=2, highest=100_000)
    flags.integer("num", 6, "Rows of a picture: images that are edited.", lowest=1, highest=1000)
    flags.integer("columns", 7, "Steps of an edit.", lowest=2, highest=100)
    flags.number("reach", REACH, "Edits go from minus this distance to this, in standard deviations of samples.")
    flags.machine()


def run(values: FlagValues) -> None:
    """Plays `gan_jax analyse --tool=attributes`."""
    if not 0 < values.reach <= 100:
        raise ValueError(f"--reach is a distance above 0, at most 100, not {values.reach}")
    out, opened, sampler = folder.opened(values, "attributes")
    key = sample_key(values.seed)
    shape = jnp.shape(sampled(sampler, key, jnp.arange(1))[0])[1:]
    told = folder.told_of(values, opened.source, shape)
    for name in (*(values.attributes or ()), *values.holding):
        one_of(name, told.names, "attribute")
    found = scored(sampler, key, values.latents, told.scores, values.space, is_first())
    names, left_out = _names(values, found)
    known = generator_hash(sampler)
    planes = attribute_planes(found, known, names, values.share, values.trained, values.seed)
    directions = {name: plane.direction for name, plane in planes.items()}
    for name in names:
        if others := [other for other in values.holding if other != name]:
            held = holding(found, planes, name, others)
            directions[held.name] = held
    indices = np.arange(values.latents, values.latents + values.measured, dtype=np.uint32)
    effects = {
        name: edits.effect(sampler, key, indices, direction, told.scores) for name, direction in directions.items()
    }
    keep = along.home(values, out)
    if is_first():
        for name, direction in directions.items():
            save(dataclasses.replace(direction, scores=effects[name].slopes), keep)
    amounts = np.linspace(-values.reach, values.reach, values.columns)
    pictures = {}
    for name, direction in directions.items():
        tiles = edits.images_along(sampler, key, indices[: values.num], direction, amounts, by_distance=True)
        pictures[name] = image_grid(tiles.reshape(-1, *tiles.shape[2:]), values.columns)
    facts = {
        "model": opened.name,
        "space": found.space,
        "latents": values.latents,
        "share": values.share,
        "trained": values.trained,
        "truncation": values.truncation,
        "seed": values.seed,
        "measured": values.measured,
    }
    if is_first():
        _write(out, facts, found, planes, effects, left_out, pictures, values.reach)
        say(f"kept {len(directions)} directions in {keep / 'directions'}")


def _names(values: FlagValues, found: Scored) -> tuple[list[str], dict[str, str]]:
    """The attributes that are looked for, and why others are not. Raises ValueError for one asked for of one kind."""
    left_out = {}
    for name, scores in found.scores.items():
        try:
            require_both_kinds(scores)
        except ValueError as error:
            left_out[name] = str(error)
    asked = [*(values.attributes or ()), *(name for name in values.holding if name not in (values.attributes or ()))]
    for name in asked:
        if name in left_out:
            raise ValueError(f"{name}: {left_out[name]}")
    names = asked if values.attributes else [name for name in found.scores if name not in left_out]
    if not names:
        raise ValueError(f"no attribute has images with it and without: {'; '.join(left_out.values())}")
    return names, left_out if not values.attributes else {}


def _write(
    out: Path,
    facts: Mapping[str, Any],
    found: Scored,
    planes: Mapping[str, Plane],
    effects: Mapping[str, edits.Effect],
    left_out: Mapping[str, str],
    pictures: Mapping[str, np.ndarray],
    reach: float,
) -> None:
    names = list(planes)
    correlated = correlations(np.stack([found.scores[name] for name in names], 1))
    normals = np.stack([plane.boundary.normal for plane in planes.values()])
    cosines = normals @ normals.T
    leaks = edits.leakage({name: each.slopes for name, each in effects.items()}, edits.spread_of(found.scores))
    lines: list[dict[str, Any]] = [{"step": 0, **facts, **{f"left_out/{name}": why for name, why in left_out.items()}}]
    accuracies = []
    for i, (name, plane) in enumerate(planes.items()):
        has = plane.boundary
        row = {"validation": has.validation, "rest": has.rest, "by_zero": has.by_zero}
        share = float(np.mean(found.scores[name] > 0))
        accuracies.append((name, share, *row.values(), has.trained, has.validated, has.left))
        others = {f"correlation/{other}": correlated[i, j] for j, other in enumerate(names)}
        others |= {f"cosine/{other}": cosines[i, j] for j, other in enumerate(names)}
        lines.append({"step": 1 + i, "attribute": name, "share": share, **row, **others})
    for i, (name, each) in enumerate(effects.items()):
        moved = {f"moves/{other}": value for other, value in leaks[name].items()}
        flips = {f"flips/{other}": value for other, value in each.flips.items()}
        slopes = {f"logit/{other}": value for other, value in each.slopes.items()}
        lines.append({"step": 1 + len(planes) + i, "direction": name, **moved, **flips, **slopes})
    for name, picture in pictures.items():
        save_png(out / f"{name}.png", picture)
    by_name = lambda table: [(name, *map(float, row)) for name, row in zip(names, table, strict=True)]
    every = list(found.scores)
    parts = [
        f"{facts['latents']:,} samples, scored; the {facts['share']:.3g} at either end of each attribute's scores, "
        f"{facts['trained']:.0%} of them fitted by a linear support vector machine in {found.space}. Seed {facts['seed']}.",
        Table(
            ("told rightly", "has it", "validation", "rest", "rest, by zero", "fitted", "validated", "rest of"),
            accuracies,
        ),
        "Of the rest an image has the attribute from the middle of the two extreme scores on, as in the authors' code; by zero,"
        " where the classifier says so.",
        *([f"Left out: {'; '.join(f'{name}: {why}' for name, why in left_out.items())}."] if left_out else []),
        Table(("correlation of scores", *names), by_name(correlated)),
        Table(("cosine of normals", *names), by_name(cosines)),
        Table(("moved along with it", *every), [(name, *(row[each] for each in every)) for name, row in leaks.items()]),
        f"A row is an edit, measured on {facts['measured']} images: how far each attribute's score goes while its own goes by"
        " one standard deviation of samples, in standard deviations of its own.",
        Table(
            ("sides changed", *every),
            [(name, *(each.flips[other] for other in every)) for name, each in effects.items()],
        ),
        "The share of images of which the answer changes, from an amount of -1 to one of 1.",
        *(
            Picture(picture, f"{name}: from {-reach:g} to {reach:g} standard deviations from its plane.")
            for name, picture in pictures.items()
        ),
    ]
    folder.leave(out, f"Attributes of {facts['model']}, in {found.space}", lines, parts)
