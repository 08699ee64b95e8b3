"""What `analyse --tool=dissection` does about spoiled images: their units are found, switched off, and the rest is scored."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from absl.flags import FlagValues

from gan_jax.analysis.dissection.artefacts import distance_to_nearest, marks, unit_oddness
from gan_jax.analysis.dissection.interventions import ablating, images_of
from gan_jax.analysis.dissection.units import Dissection, require_units
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

ABOUT = "A file of the spoiled images' numbers, one a line; or units:3,7, those that spoil; or nearest, a rule."
NEAREST, _UNITS = "nearest", "units:"
_MOST_REALS = 5000


@dataclasses.dataclass(frozen=True)
class Marks:
    """What someone says of spoiled images: images, or units; neither: the rule is to find them."""

    rule: str
    images: tuple[int, ...] = ()
    units: tuple[int, ...] = ()


@dataclasses.dataclass(frozen=True)
class Spoilt:
    """odd: [n], how odd each image is. z: [C], see `unit_oddness`; 0 where the units were named. units: switched off.

    scores: by name of the score, as it is, without the units, and without as many random ones. failed: sentences.
    """

    rule: str
    odd: np.ndarray
    z: np.ndarray
    units: np.ndarray
    scores: dict[str, dict[str, float]]
    failed: list[str]


def read_marks(name: str, count: int) -> Marks:
    """What --artefacts says. count: of the sample's images.

    Raises FileNotFoundError; ValueError for what is no number, for images that there are not, and where there is none.
    """
    if name == NEAREST:
        return Marks(name)
    if name.startswith(_UNITS):
        return Marks(name, units=_numbers(name.removeprefix(_UNITS).split(","), name, "units by commas"))
    file = Path(name).expanduser()
    if not file.is_file():
        raise FileNotFoundError(
            f"--artefacts is nearest, units:3,7, or a file of image numbers, one a line; there is no {file.absolute()}"
        )
    found = _numbers([line for line in file.read_text().splitlines() if line.strip()], str(file), "images, one a line")
    marks(list(found), count)
    return Marks(name, images=found)


def artefacts(
    values: FlagValues, sampler: Sampler, key: Array, dissection: Dissection, real: Any, marked: Marks
) -> Spoilt:
    """Finds the units that spoil images, and scores the generator without them, on samples of another seed."""
    z = np.zeros(dissection.units)
    if marked.units:
        units = require_units(marked.units, dissection.units, values.layer)
        odd = (dissection.peaks / np.maximum(dissection.peaks.std(0), 1e-12))[:, units].sum(1)
    else:
        odd = marks(list(marked.images), values.num) if marked.images else _far(sampler, key, values.num, real)
        z = unit_oddness(dissection.peaks, odd)
        units = np.argsort(-z, kind="stable")[: values.spoilers]
    rest = np.setdiff1d(np.arange(dissection.units), units)
    random = np.random.default_rng(values.seed % 2**31).choice(rest, min(len(units), len(rest)), replace=False)
    scores: dict[str, dict[str, float]] = {}
    failed: list[str] = []
    kinds = {"as it is": np.zeros(0, np.int64), "without": units, "without random units": random}
    for kind, off in kinds.items() if values.recipes else ():
        say(f"scores {kind}")
        edited = with_edits(sampler, {values.layer: ablating(off, dissection.units)}) if len(off) else sampler
        for name, value in _scored(edited, real, values, failed):
            scores.setdefault(name, {})[kind] = value
    return Spoilt(marked.rule, odd, z, units, scores, sorted(set(failed)))


def opened_reference(name: str, shape: Sequence[int]) -> Any:
    """Real images by split, of this shape. Raises ValueError where they are of another."""
    real = open_reference(name, tuple(shape))
    if tuple(real["train"].shape) != tuple(shape):
        raise ValueError(f"{name} holds images of {list(real['train'].shape)}, and the generator makes {list(shape)}")
    return real


def _far(sampler: Sampler, key: Array, count: int, real: Any) -> np.ndarray:
    say("artefacts: how far images are from real ones")
    reals = real["train"]
    some = reals.images(np.arange(min(len(reals), _MOST_REALS))).astype(np.float32) / 127.5 - 1
    return distance_to_nearest(images_of(sampler, key, range(count)), some)


def _scored(sampler: Sampler, real: Any, values: FlagValues, failed: list[str]) -> list[tuple[str, float]]:
    extractors, found = Extractors(), []
    evidence = Evidence(
        fake=sampler,
        real={split: lambda each=each: each for split, each in real.items()},
        open_extractor=extractors.open,
        mesh=make_mesh(),
        seed=(values.seed + 1) % (LARGEST_SEED + 1),
    )
    recipes = {name: find_recipe(name, extractors.classifiers) for name in values.recipes}
    for result in judge(evidence, recipes, {"subject": values.layer}):
        if isinstance(result, Failed):
            failed.append(f"{result.recipe}: no score: {result.reason}")
        else:
            found += [(score.name, score.value) for score in result]
    return found


def _numbers(texts: Sequence[str], where: str, what: str) -> tuple[int, ...]:
    if wrong := [text for text in texts if not text.strip().isdigit()]:
        raise ValueError(f"{where} holds numbers of {what}; {wrong[0]!r} is none")
    if not texts:
        raise ValueError(f"{where} holds no number")
    return tuple(sorted({int(text) for text in texts}))
