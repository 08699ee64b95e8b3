"""What a recipe is: one way to a score, with every choice made."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
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
class Recipe:
    """One way to a score.

    measure: (evidence, recipe, n_fake, n_real) -> the numbers. about: one line for the list of recipes.
    fakes: how many samples; None: as many as reals; 0: none. reals: how many of the split; None: all of it.
    split: "train" or "test" of the reference; None where it looks at none.
    extractor, tap: what looks at the images; None: the measure takes pixels.
    smallest: fewer fakes than this are refused unless forced. settings: keyword arguments of the metric.
    by_class, of_run: whether it needs labels, or a run's discriminator. equal: as many of one side as of the other.
    fewer: a set with less than `fakes` images gives those it has.
    apart: whether it needs a training and a test split.
    """

    measure: Callable[[Evidence, Recipe, int, int], list[Measured]]
    about: str
    fakes: int | None = None
    reals: int | None = None
    split: str | None = "train"
    extractor: str | None = None
    tap: str | None = None
    smallest: int = 2
    settings: Mapping[str, Any] = dataclasses.field(default_factory=lambda: MappingProxyType({}))
    by_class: bool = False
    of_run: bool = False
    equal: bool = False
    fewer: bool = False
    apart: bool = False
