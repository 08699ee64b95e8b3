"""What a recipe is: one way to a score, with every choice made."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from gan_jax.evaluators.evidence import Evidence


class Measured(NamedTuple):
    """One number of a recipe. part: what of it, such as "precision" or "block2"; "" for the recipe's own number."""

    part: str
    value: float
    spread: float | None = None
    tap: str | None = None


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a recipe gave. settings: what was done where that differs from the recipe's own settings.

    n_fake, n_real: how many images counted, where these are fewer than were looked at; None: all.
    """

    numbers: Sequence[Measured]
    settings: Mapping[str, Any] = dataclasses.field(default_factory=lambda: MappingProxyType({}))
    n_fake: int | None = None
    n_real: int | None = None


@dataclasses.dataclass(frozen=True)
class Recipe:
    """One way to a score.

    measure: (evidence, recipe, n_fake, n_real) -> the numbers. about: one line for the list of recipes.
    fakes: how many samples; None: as many as reals; 0: none. reals: how many of the split; None: all of it.
    most_fakes, most_reals: where that leaves the number open, no more than this; the record says so where it was met.
    streamed: a set of images in the place of samples is taken whole, however large, since its features are not kept.
    split: "train" or "test" of the reference; None where it looks at none.
    extractor, tap: what looks at the images; None: the measure takes pixels.
    smallest: fewer fakes or reals than this are refused unless forced. settings: keyword arguments of the metric.
    smallest_side: of images in pixels; smaller ones are refused.
    needs_labels, needs_run, needs_both_splits, needs_mixture, needs_volumes, needs_latents: what it cannot do without: the
    class of every image, a run's discriminator, a training and a test split, points of known modes, voxels, a generator of
    latents.
    needs_given, needs_pairs: a run that translates images; of which, moreover, the test split holds the targets.
    equal_sizes: as many of one side as of the other.
    allow_fewer: a set with less than `fakes` images gives those it has.
    """

    measure: Callable[[Evidence, Recipe, int, int], Outcome]
    about: str
    fakes: int | None = None
    reals: int | None = None
    most_fakes: int | None = None
    most_reals: int | None = None
    streamed: bool = False
    split: str | None = "train"
    extractor: str | None = None
    tap: str | None = None
    smallest: int = 2
    smallest_side: int = 1
    settings: Mapping[str, Any] = dataclasses.field(default_factory=lambda: MappingProxyType({}))
    needs_labels: bool = False
    needs_run: bool = False
    needs_both_splits: bool = False
    needs_mixture: bool = False
    needs_volumes: bool = False
    needs_latents: bool = False
    needs_given: bool = False
    needs_pairs: bool = False
    equal_sizes: bool = False
    allow_fewer: bool = False
