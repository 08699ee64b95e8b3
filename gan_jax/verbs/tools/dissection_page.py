"""What `analyse --tool=dissection` leaves: lines of numbers, pictures, and a page that shows both."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gan_jax.analysis.dissection import pictures
from gan_jax.analysis.dissection.interventions import ablating, images_of, inserting
from gan_jax.analysis.dissection.units import LEAST_IOU, LEAST_RATIO, Dissection, require_layer
from gan_jax.analysis.segmentation import Segmentation
from gan_jax.game import Sampler
from gan_jax.runtime.writers.images import image_grid, save_png
from gan_jax.runtime.writers.report import Picture, Table
from gan_jax.verbs.tools import folder
from gan_jax.verbs.tools.dissection_artefacts import Spoilt
from gan_jax.verbs.tools.dissection_effects import Experiment

_UNITS, _IMAGES, _ROWS = 24, 8, 6  # of which pictures are shown


class Drawn(NamedTuple):
    """What pictures are drawn from."""

    sampler: Sampler
    segmentation: Segmentation
    key: Any


def write(
    out: Path,
    title: str,
    facts: dict,
    drawn: Drawn,
    dissection: Dissection,
    tried: list[Experiment],
    spoilt: Spoilt | None,
) -> None:
    """All of it, into the folder."""
    labels = dissection.labels()
    lines: list[dict[str, Any]] = [
        {**facts, "units": dissection.units, "named": sum(each is not None for each in labels)}
    ]
    lines += [{"kind": "class", **row} for row in class_rows(dissection, labels)]
    lines += [{"kind": "unit", **row} for row in unit_rows(dissection, labels)]
    parts: list[Any] = [*_of_units(out, drawn, dissection, labels)]
    for each in tried:
        lines += [{"kind": "effect", "class": each.name, **row} for row in effect_rows(each)]
        parts += _of_experiment(out, drawn, dissection, each)
        if each.judged is not None:
            lines.append({"kind": "sites", "class": each.name, **each.judged})
        if each.places is not None:
            by = each.places.by_context().items()
            lines += [
                {"kind": "places", "class": each.name, "context": name, "gained": gain, "places": count}
                for name, (gain, count) in by
            ]
    if spoilt is not None:
        lines += [{"kind": "score", "score": name, **values} for name, values in spoilt.scores.items()]
        lines += [{"kind": "spoiler", "unit": int(unit), "z": float(spoilt.z[unit])} for unit in spoilt.units]
        parts += _of_artefacts(out, drawn, dissection, spoilt)
    folder.leave(out, title, [{"step": i, **line} for i, line in enumerate(lines)], parts)


# --- numbers


def class_rows(dissection: Dissection, labels: list[str | None]) -> list[dict[str, Any]]:
    """Of each class: its share of the pixels, its best unit, that unit's IoU, and the best with shuffled masks."""
    rows = []
    for k, name in enumerate(dissection.names):
        best = int(dissection.iou[k].argmax())
        row = {"class": name, "share": dissection.shares[k], "units": labels.count(name), "best_unit": best}
        row |= {"iou": dissection.iou[k, best], "iou_shuffled_masks": dissection.shuffled[k].max()}
        rows.append(row if dissection.shares[k] > 0 else {"class": name, "share": 0.0, "units": 0})
    return rows


def unit_rows(dissection: Dissection, labels: list[str | None]) -> list[dict[str, Any]]:
    """Of each unit: its best class, whether it is named for it, and the numbers of both."""
    rows = []
    for unit, k in enumerate(dissection.best()):
        row = {"unit": unit, "class": dissection.names[k], "named": labels[unit] is not None}
        row |= {"iou": dissection.iou[k, unit], "ratio": dissection.ratio[k, unit], "level": dissection.levels[k, unit]}
        rows.append(row | {"iou_shuffled_masks": dissection.shuffled[k, unit]})
    return rows


def effect_rows(tried: Experiment) -> list[dict[str, Any]]:
    """What ablation does to each class's share of pixels: the set, other sets of as many units, each unit alone."""
    kinds = [("set", tried.effect), *(("random set", each) for each in tried.random)]
    kinds += [(f"unit {unit}", each) for unit, each in zip(tried.units, tried.single, strict=True)]
    rows = []
    for kind, effect in kinds:
        k = effect.names.index(tried.name)
        others = np.delete(np.abs(effect.change), k)
        row = {"ablated": kind, "before": effect.before[:, k].mean(), "after": effect.after[:, k].mean()}
        row |= {"change": effect.change[k], "error": effect.error[k], "relative": effect.relative[k]}
        rows.append(row | {"largest_change_of_another_class": others.max() if len(others) else None})
    return rows


# --- the page


def _of_units(out: Path, drawn: Drawn, dissection: Dissection, labels: list[str | None]) -> list[Any]:
    rows = unit_rows(dissection, labels)
    rows.sort(key=lambda row: (not row["named"], -row["iou"]))
    named = sum(row["named"] for row in rows)
    shown, tiles = rows[:_UNITS], []
    for row in shown:
        unit, top = row["unit"], dissection.top_images(row["unit"], _IMAGES)
        levels = [row["level"]] * len(top)
        tiles.append(pictures.firing(drawn.sampler, dissection.layer, drawn.key, top, [unit] * len(top), levels))
    grid = image_grid(np.concatenate(tiles), len(tiles[0]))
    save_png(out / "units.png", grid)
    few = image_grid(_classes(drawn, dissection), 1 + len(dissection.names))
    save_png(out / "classes.png", few)
    names = ", ".join(f"{row['unit']} ({row['class']}, {row['iou']:.2f})" for row in shown)
    return [
        f"{named} of {dissection.units} units are named for a class: IoU above {LEAST_IOU} and information ratio above "
        f"{LEAST_RATIO}, over all pixels of {len(dissection.masks)} images.",
        _table(class_rows(dissection, labels)),
        Picture(few, f"Images, and in red the classes {', '.join(dissection.names)}."),
        Picture(grid, f"Units, one a row, in the images where each is largest, grey where it does not fire: {names}."),
        _table(rows),
    ]


def _classes(drawn: Drawn, dissection: Dissection) -> np.ndarray:
    count = min(_ROWS, len(dissection.masks))
    images = images_of(drawn.sampler, drawn.key, range(count))
    tiles = []
    for image, masks in zip(images, dissection.masks, strict=False):
        tiles += [pictures.in_colour(image), *(pictures.outlined(image, masks[..., k]) for k in range(masks.shape[-1]))]
    return np.stack(tiles)


def _of_experiment(out: Path, drawn: Drawn, dissection: Dissection, tried: Experiment) -> list[Any]:
    layer, count, name = dissection.layer, dissection.units, tried.name
    units = ", ".join(map(str, tried.units))
    how = "the optimised set" if tried.found is not None else "the units of the highest IoU"
    parts: list[Any] = [f"{name}: {how}, {units}.", _table(effect_rows(tried))]
    there = tried.present.sites
    some = np.argsort(-there.scores, kind="stable")[:_IMAGES]
    before = images_of(drawn.sampler, drawn.key, there.indices[some])
    after = images_of(drawn.sampler, drawn.key, there.indices[some], {layer: ablating(tried.units, count)})
    grid = image_grid(np.concatenate([before, after, after - before]), len(some))
    save_png(out / f"ablated_{_file(name)}.png", grid)
    parts.append(Picture(grid, f"As drawn; without these units; and the difference, grey where there is none: {name}."))
    if tried.candidates is None:
        parts.append(tried.why_not)
    else:
        sites = tried.candidates
        some = np.argsort(-sites.scores, kind="stable")[:_IMAGES]
        h, w, _ = require_layer(drawn.sampler, dissection.layer)
        where = np.eye(h * w, dtype=np.float32)[sites.places[some]].reshape(-1, h, w, 1)
        before = images_of(drawn.sampler, drawn.key, sites.indices[some])
        edit = {layer: inserting(tried.units, tried.present.values, where)}
        after = images_of(drawn.sampler, drawn.key, sites.indices[some], edit)
        at = pictures.enlarged(where[..., 0], before.shape[1:3]) > 0
        marked = np.stack([pictures.outlined(*each) for each in zip(before, at, strict=True)])
        grid = image_grid(
            np.concatenate([marked, pictures.in_colour(after), pictures.in_colour(after - before)]), len(some)
        )
        save_png(out / f"inserted_{_file(name)}.png", grid)
        parts += [
            Table(("share of the place that is of the class", ""), list((tried.judged or {}).items())),
            Picture(grid, f"The place, in red; with these units inserted there; and the difference: {name}."),
        ]
    return parts + _of_places(out, drawn, tried)


def _of_places(out: Path, drawn: Drawn, tried: Experiment) -> list[Any]:
    if tried.places is None:
        return []
    found, name = tried.places, tried.name
    most = max(float(np.abs(found.gained).max()), 1e-9)
    first = tried.effect.before.shape[0]
    size = images_of(drawn.sampler, drawn.key, range(1)).shape[1:3]
    tiles = [pictures.heat(found.map(), size, float(np.abs(found.map()).max()))]
    tiles += [pictures.heat(each, size, most) for each in found.gained[: min(_IMAGES, first)]]
    grid = image_grid(np.stack(tiles), len(tiles))
    save_png(out / f"places_{_file(name)}.png", grid)
    rows = [
        {"the place was": at, "pixels gained": gain, "places": count}
        for at, (gain, count) in found.by_context().items()
    ]
    return [
        Picture(grid, f"Pixels of {name} gained by place (red: more, blue: fewer): the mean, and single images."),
        _table(rows),
    ]


def _of_artefacts(out: Path, drawn: Drawn, dissection: Dissection, spoilt: Spoilt) -> list[Any]:
    odd = np.argsort(-spoilt.odd, kind="stable")[:_IMAGES]
    off = {dissection.layer: ablating(spoilt.units, dissection.units)}
    before, after = images_of(drawn.sampler, drawn.key, odd), images_of(drawn.sampler, drawn.key, odd, off)
    grid = image_grid(np.concatenate([before, after]), len(odd))
    save_png(out / "artefacts.png", grid)
    rows = [{"unit": int(unit), "oddness of its images, in errors": spoilt.z[unit]} for unit in spoilt.units]
    scores = [{"score": name, **values} for name, values in spoilt.scores.items()]
    return [
        f"Artefacts, by {spoilt.rule}: units whose images are the oddest are switched off.",
        _table(rows),
        *([_table(scores)] if scores else []),
        *spoilt.failed,
        Picture(grid, "The oddest images; below, the same without these units."),
    ]


def _table(rows: list[dict[str, Any]]) -> Table:
    head = list(dict.fromkeys(name for row in rows for name in row))
    shown = lambda value: ("yes" if value else "") if isinstance(value, bool) else value
    return Table(tuple(head), [tuple(shown(row.get(name)) for name in head) for row in rows])


def _file(name: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in name)
