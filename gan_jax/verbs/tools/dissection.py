"""Dissection: which units of a layer agree with which parts of images, and what happens without them."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from absl.flags import FlagValues

from gan_jax.analysis.dissection.optimised import require_soft
from gan_jax.analysis.dissection.units import THRESHOLDS, TOP, Dissection, dissect, require_class, require_layer
from gan_jax.analysis.segmentation import Segmentation
from gan_jax.command.errors import UsageError
from gan_jax.command.flags import Flags
from gan_jax.evaluators.extractors import Extractors
from gan_jax.evaluators.recipes.named import find_recipe
from gan_jax.game import Sampler, sampled
from gan_jax.run.drawing import sample_key
from gan_jax.runtime.processes.processes import is_first
from gan_jax.verbs.tools import dissection_page as page
from gan_jax.verbs.tools import folder, segmentations
from gan_jax.verbs.tools.dissection_artefacts import ABOUT, NEAREST, artefacts, opened_reference, read_marks
from gan_jax.verbs.tools.dissection_effects import Experiment, experiment

_MOST_CLASSES = 4
INSTEAD: dict[str, str] = {}


def declare(flags: Flags) -> None:
    """What `gan_jax analyse --tool=dissection` takes."""
    folder.declare(flags, "dissection")
    flags.group("What is dissected")
    flags.text(
        "layer", None, "A named layer of the generator; a wrong name is answered with those there are.", needed="block2"
    )
    flags.text("segmentation", None, segmentations.ABOUT, needed="levels")
    flags.integer("num", 1000, "Images.", lowest=10, highest=1_000_000)
    flags.one_of("threshold", "ratio", THRESHOLDS, "Where a unit fires: the top share, or the level that tells most.")
    flags.number("top", TOP, "The share of pixels that fire, with --threshold=quantile.")
    flags.group("What is caused")
    flags.listed("class", None, f"Of these; by default up to {_MOST_CLASSES} that units are named for.", "hair,mouth")
    flags.integer("units", 4, "How many units make a set: those of the highest IoU.", lowest=1, highest=100_000)
    flags.switch("optimise", False, "The set is optimised, through soft masks.")
    flags.integer(
        "effects", 200, "Images that effects are measured on, none of those dissected.", lowest=2, highest=100_000
    )
    flags.integer("places", 0, "Images in which the set is put at each place of the layer in turn.", highest=10_000)
    flags.group("What spoils images")
    flags.text("artefacts", None, ABOUT)
    flags.integer("spoilers", 2, "Units that are then switched off.", lowest=1, highest=100_000)
    flags.text(
        "reference",
        None,
        "Real images for the rule and the scores: a folder, .zip or .npz file, emoji, digits or faces.",
    )
    flags.listed("recipes", None, "Scores of the edited generator, before and after.", "swd,fd_faces")
    flags.machine()


def run(values: FlagValues) -> None:
    """Plays `gan_jax analyse --tool=dissection`."""
    _check(values)
    marked = None if values.artefacts is None else read_marks(values.artefacts, values.num)
    out, opened, sampler = folder.opened(values, "dissection")
    key = sample_key(values.seed)
    shape = jax.eval_shape(lambda each: sampled(each, jax.random.key(0), np.arange(1))[0], sampler).shape[1:]
    _check_units(values, require_layer(sampler, values.layer)[2])
    found = segmentations.segmentation(values.segmentation, shape)
    if values.optimise:
        require_soft(found)
    for name in values["class"].value or ():
        require_class(found.names, name)
    real = None if values.reference is None else opened_reference(values.reference, shape)
    dissection = dissect(
        sampler, values.layer, found, key, range(values.num), threshold=values.threshold, top=values.top
    )
    experiments = _experiments(values, sampler, found, key, dissection)
    spoilt = None
    if marked is not None:
        spoilt = artefacts(values, sampler, key, dissection, real, marked)
    title = f"Dissection of {values.layer} of {opened.name}, by {values.segmentation}"
    facts = {
        "model": opened.name,
        "layer": values.layer,
        "segmentation": values.segmentation,
        "threshold": values.threshold,
        **({"top": values.top} if values.threshold == "quantile" else {}),
        "num": values.num,
        "seed": values.seed,
        "truncation": values.truncation,
        "label": values.label,
    }
    if is_first():
        drawn = page.Drawn(sampler, found, key)
        page.write(out, title, facts, drawn, dissection, experiments, spoilt)


def _check(values: FlagValues) -> None:
    if values.threshold != "quantile" and values["top"].present:
        raise UsageError("--top is of --threshold=quantile: leave it out, or choose that")
    if values.artefacts is None:
        for name in ("spoilers", "reference", "recipes"):
            if values[name].present:
                raise UsageError(
                    f"--{name} is of --artefacts, which says what images are spoiled: leave it out, or give that"
                )
        return
    if values.artefacts == NEAREST and values.reference is None:
        raise UsageError(
            "--artefacts=nearest asks how far an image is from any real one: give --reference, such as faces"
        )
    if values.artefacts.startswith("units:") and values["spoilers"].present:
        raise UsageError("--artefacts=units:... names the units that are switched off: leave --spoilers out")
    if values.reference is not None and values.artefacts != NEAREST and not values.recipes:
        raise UsageError("--reference is of --artefacts=nearest and of --recipes: leave it out, or give one of them")
    if values.recipes and values.reference is None:
        raise UsageError("--recipes compare with real images: give --reference, such as faces")
    for name in values.recipes or ():
        find_recipe(name, Extractors().classifiers)


def _check_units(values: FlagValues, count: int) -> None:
    for name in ("units", "spoilers"):
        if values[name].value > count and values[name].present:
            raise ValueError(f"--{name}={values[name].value}, and {values.layer} has {count} units: take fewer")


def _experiments(
    values: FlagValues, sampler: Sampler, found: Segmentation, key: Any, dissection: Dissection
) -> list[Experiment]:
    names = values["class"].value
    if names is None:
        labels = dissection.labels()
        best = {name: dissection.iou[k].max() for k, name in enumerate(dissection.names) if name in labels}
        names = sorted(best, key=lambda name: -best[name])[:_MOST_CLASSES]
    return [experiment(values, sampler, found, key, dissection, name) for name in names]
