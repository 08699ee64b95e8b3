"""What `analyse --tool=dissection` does to units: sets are ablated and inserted, spoilers are switched off and scored."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from absl.flags import FlagValues

from gan_jax.analysis.dissection.artefacts import distance_to_nearest, marks, unit_oddness
from gan_jax.analysis.dissection.interventions import Effect, ablating, causal_effect, effects_of_units, images_of
from gan_jax.analysis.dissection.optimised import Found, first_alpha, judged, optimised_set
from gan_jax.analysis.dissection.placing import Placing, placing
from gan_jax.analysis.dissection.sites import Present, Sites, candidate_sites, present_sites
from gan_jax.analysis.dissection.units import Dissection, require_units
from gan_jax.analysis.segmentation import Segmentation
from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.extractors import Extractors
from gan_jax.evaluators.judge import Failed, judge
from gan_jax.evaluators.recipes.named import find_recipe
from gan_jax.game import LARGEST_SEED, Sampler
from gan_jax.methods.edited import with_edits
from gan_jax.run.image_sets import open_reference
from gan_jax.runtime.mesh import make_mesh
from gan_jax.runtime.processes.processes import say
from gan_jax.types import Array

_RANDOM_SETS = 3
_MOST_SITES, _JUDGED = 240, 6  # of which every sixth judges a set and is not learned from
_MOST_REALS = 5000


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A class and a set of units. effect: of ablating it everywhere; random: of as many other units, each set's.

    single: the effect of each unit of the set by itself. judged, candidates: at places; None where nothing can be inserted,
    and why. found: how it was optimised.
    """

    name: str
    units: np.ndarray
    effect: Effect
    random: list[Effect]
    single: list[Effect]
    present: Present
    candidates: Sites | None = None
    judged: dict[str, float] | None = None
    why_not: str = ""
    found: Found | None = None
    places: Placing | None = None


def experiment(
    values: FlagValues, sampler: Sampler, found: Segmentation, key: Array, dissection: Dissection, name: str
) -> Experiment:
    """All that is asked of one class. Raises ValueError where it is on no pixel."""
    say(f"{name}: what units cause")
    layer, count = values.layer, dissection.units
    present = present_sites(sampler, layer, found, name, key, range(values.num), _MOST_SITES)
    candidates, why_not = None, ""
    try:
        others = range(values.num, 2 * values.num)
        candidates = candidate_sites(
            sampler, layer, found, name, key, others, present, _MOST_SITES, seed=values.seed % 2**31
        )
    except ValueError as error:
        why_not = str(error)
    size, search = min(values.units, count), None
    units = dissection.ranked(name)[:size]
    if values.optimise and candidates is not None:
        search = optimised_set(
            sampler, layer, found, name, key, _part(present.sites, False), _part(candidates, False), present.values,
            first_alpha(dissection, name), seed=values.seed % 2**31,
        )  # fmt: skip
        units = search.units(size) if search.alpha.max() > 0 else units
    held_out = range(2 * values.num, 2 * values.num + values.effects)
    ablation = lambda which: causal_effect(sampler, found, key, held_out, {layer: ablating(which, count)})
    rng = np.random.default_rng(values.seed % 2**31)
    rest = np.setdiff1d(np.arange(count), units)
    sets = (
        [rng.choice(rest, min(len(units), len(rest)), replace=False) for _ in range(_RANDOM_SETS)] if len(rest) else []
    )
    told = None
    if candidates is not None:
        told = judged(
            sampler, layer, found, name, key, _part(present.sites, True), _part(candidates, True), present.values, units
        )
    places = None
    if values.places:
        places = placing(sampler, layer, found, name, key, held_out[: values.places], units, present.values)
    return Experiment(
        name, units, ablation(units), [ablation(each) for each in sets],
        effects_of_units(sampler, layer, found, key, held_out, list(units)), present, candidates, told, why_not, search, places,
    )  # fmt: skip


def _part(sites: Sites, judging: bool) -> Sites:
    """Every sixth of the sites, or all others; all where they are fewer."""
    which = (np.arange(len(sites.places)) % _JUDGED == 0) == judging
    if len(sites.places) < _JUDGED:
        which[:] = True
    return Sites(sites.indices[which], sites.places[which], sites.scores[which])


@dataclasses.dataclass(frozen=True)
class Spoilt:
    """odd: [n], how odd each image is. z: [C], see `unit_oddness`. units: switched off.

    scores: by name of the score, as it is, without the units, and without as many random ones. failed: sentences.
    """

    rule: str
    odd: np.ndarray
    z: np.ndarray
    units: np.ndarray
    scores: dict[str, dict[str, float]]
    failed: list[str]


def artefacts(
    values: FlagValues, sampler: Sampler, key: Array, dissection: Dissection, real: Any, marked: Sequence[int] | None
) -> Spoilt:
    """Finds the units that spoil images, and scores the generator without them, on samples of another seed.

    marked: the spoiled images; None: by the rule.
    """
    rule = values.artefacts
    if marked is None:
        say("artefacts: how far images are from real ones")
        reals = real["train"]
        some = reals.images(np.arange(min(len(reals), _MOST_REALS))).astype(np.float32) / 127.5 - 1
        odd = distance_to_nearest(images_of(sampler, key, range(values.num)), some)
    else:
        odd = marks(list(marked), values.num)
    z = unit_oddness(dissection.peaks, odd)
    units = require_units(np.argsort(-z, kind="stable")[: values.spoilers], dissection.units, values.layer)
    rest = np.setdiff1d(np.arange(dissection.units), units)
    random = np.random.default_rng(values.seed % 2**31).choice(rest, min(len(units), len(rest)), replace=False)
    scores: dict[str, dict[str, float]] = {}
    failed: list[str] = []
    recipes = {name: find_recipe(name, Extractors().classifiers) for name in values.recipes or ()}
    for kind, off in (("as it is", ()), ("without", units), ("without random units", random)):
        if not recipes:
            break
        say(f"scores {kind}")
        edited = with_edits(sampler, {values.layer: ablating(off, dissection.units)}) if len(off) else sampler
        evidence = Evidence(
            fake=edited,
            real={split: lambda each=each: each for split, each in real.items()},
            open_extractor=Extractors().open,
            mesh=make_mesh(),
            seed=(values.seed + 1) % (LARGEST_SEED + 1),
        )
        for result in judge(evidence, recipes, {"subject": kind}):
            if isinstance(result, Failed):
                failed.append(f"{result.recipe}: no score: {result.reason}")
                continue
            for score in result:
                scores.setdefault(score.name, {})[kind] = score.value
    return Spoilt(rule, odd, z, units, scores, sorted(set(failed)))


def opened_reference(name: str, shape: Sequence[int]) -> Any:
    """Real images by split, of this shape. Raises ValueError where they are of another."""
    real = open_reference(name, tuple(shape))
    if tuple(real["train"].shape) != tuple(shape):
        raise ValueError(f"{name} holds images of {list(real['train'].shape)}, and the generator makes {list(shape)}")
    return real


def marked_images(name: str, count: int) -> list[int] | None:
    """Those in a file, in the order of the sample; None where the name is that of the rule.

    Raises FileNotFoundError; ValueError for a line that is no number, for images that there are not, and where there is none.
    """
    if name == "nearest":
        return None
    file = Path(name).expanduser()
    if not file.is_file():
        raise FileNotFoundError(
            f"--artefacts is nearest, or a file of image numbers, one a line; there is no {file.absolute()}"
        )
    lines = [line.strip() for line in file.read_text().splitlines() if line.strip()]
    if wrong := [line for line in lines if not line.isdigit()]:
        raise ValueError(f"{file} holds numbers of images, one a line; {wrong[0]!r} is none")
    if not lines:
        raise ValueError(f"{file} marks no image")
    found = sorted({int(line) for line in lines})
    marks(found, count)
    return found
