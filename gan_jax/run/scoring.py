"""Scores of a run: the config's data as references, a state's sampler and observer as what is scored."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import jax

from gan_jax.analysis.directions import Direction, with_directions
from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.extractors import Extractors
from gan_jax.evaluators.judge import Failed, judge, refusals
from gan_jax.evaluators.recipes.named import find_recipe
from gan_jax.evaluators.recipes.recipe import Recipe
from gan_jax.evaluators.score import Score
from gan_jax.features.published import cache_folder
from gan_jax.game import Phase, Sampler, check_seed
from gan_jax.methods.samplers import with_batch_norm
from gan_jax.methods.truncation import truncated
from gan_jax.names import one_of
from gan_jax.nn.compiling import compiled
from gan_jax.run.drawing import chosen_sampler, draw
from gan_jax.run.references import Reference
from gan_jax.setup.setup import Setup
from gan_jax.types import TrainState, named_key


@dataclasses.dataclass(frozen=True)
class Options:
    """How samples are drawn for scores; each of these is part of a score's protocol, but the seed.

    average: the generator's moving average, where one is kept. batch_norm: "running", "batch" or "standing" statistics.
    sampler: by name; None: the config's evaluate.sampler, or the method's first. batch_size: None: the config's.
    directions: with how far each is taken.
    Raises ValueError for values out of their range.
    """

    seed: int = 0
    average: bool = True
    batch_norm: str = "running"
    truncation: float | None = None
    batch_size: int | None = None
    force: bool = False
    sampler: str | None = None
    directions: tuple[tuple[Direction, float], ...] = ()

    def __post_init__(self):
        check_seed(self.seed)
        one_of(self.batch_norm, ("running", "batch", "standing"), "batch_norm")
        if self.truncation is not None and not 0 < self.truncation < float("inf"):
            raise ValueError(f"truncation is a number above 0, got {self.truncation}")
        if self.batch_size is not None and self.batch_size < 1:
            raise ValueError(f"batch_size is 1 or more, got {self.batch_size}")


class Scoring:
    """Scores states of one run. References are opened when a recipe first asks, and kept for the next state.

    recipes: names. Raises ValueError for a name that is unknown.
    """

    def __init__(
        self,
        setup: Setup,
        mesh: jax.sharding.Mesh,
        recipes: Sequence[str],
        *,
        subject: str,
        pictures: Path | None = None,
        extractors: Extractors | None = None,
        options: Options | None = None,
        quiet: bool = False,
    ):
        extractors = (extractors or Extractors()).of(setup.evaluate.classifier)
        self._options = options or Options()
        self.recipes: dict[str, Recipe] = {name: find_recipe(name, extractors.classifiers) for name in recipes}
        self._setup, self._mesh, self._subject = setup, mesh, subject
        self._reference = Reference(setup)
        self._evidence = Evidence(
            fake=None,
            real={},
            open_extractor=extractors.open,
            mesh=mesh,
            seed=self._options.seed,
            batch_size=self._options.batch_size or setup.evaluate.batch_size,
            cache=cache_folder() / "references",
            pictures=pictures,
            force=self._options.force,
            quiet=quiet,
        )

    def of(self, state: TrainState, phase: Phase, step: int) -> Iterator[list[Score] | Failed]:
        """For each recipe its scores as soon as they are known, or why there are none. Collective over processes."""
        options = self._options
        sampler = with_directions(self._as_asked(self._sampler(state, phase)), options.directions)
        evidence = self._evidence_of(sampler, state, phase)
        if evidence.pictures is not None:
            evidence.pictures = evidence.pictures / f"{step:09d}"
        facts = {
            "subject": self._subject,
            "step": step,
            "weights": "ema" if options.average and self._setup.averages else "raw",
            "batch_norm": getattr(evidence.fake, "statistics", options.batch_norm),
            "truncation": options.truncation,
            "drawing": "index",
        }
        if options.directions:
            facts["directions"] = " ".join(f"{each.name}:{amount:+g}" for each, amount in options.directions)
        yield from judge(evidence, self.recipes, facts)

    def refused(self, template: TrainState, phase: Phase) -> dict[str, str]:
        """Why there will be no score, for each recipe that this game or its data cannot give one.

        template: a state's shapes. Raises ValueError for a sampler or a truncation that the game has not.
        """
        found: dict[str, str] = {}

        def look(state: TrainState) -> None:
            found.update(refusals(self._evidence_of(self._sampler(state, phase), state, phase), self.recipes))

        jax.eval_shape(look, template)
        return found

    def _sampler(self, state: TrainState, phase: Phase) -> Sampler:
        options = self._options
        chosen = options.sampler or self._setup.evaluate.sampler
        samplers = self._setup.method.samplers(state, phase, options.average)
        return truncated(chosen_sampler(samplers, chosen), options.truncation)

    def _evidence_of(self, sampler: Sampler, state: TrainState, phase: Phase) -> Evidence:
        method = self._setup.method
        given = self._reference.given(sampler.given, phase.shape) if sampler.given else None
        drawn = lambda n: draw(sampler, n, self._options.seed, given)["image"]
        return self._evidence.of(
            sampler,
            real=self._reference.sets(sampler.target, phase.shape),
            given=given,
            paired=bool(sampler.given) and self._reference.is_paired(sampler.given, sampler.target),
            observer=next(iter(method.observers(state, phase).values()), None),
            measures=method.measures(state, phase),
            mixture=self._reference.mixture(drawn),
            volumes=self._reference.volumes(sampler, given, drawn),
        )

    def _as_asked(self, sampler: Sampler) -> Sampler:
        options, key = self._options, named_key(jax.random.key(self._options.seed), "standing statistics")
        with jax.set_mesh(self._mesh):
            if options.batch_norm != "standing":
                return with_batch_norm(sampler, options.batch_norm, key)
            return compiled(lambda sampler, key: with_batch_norm(sampler, "standing", key))(sampler, key)


def unknown_recipes(setup: Setup) -> list[str]:
    """A sentence for each recipe that the config names and that there is not; classifiers of one's own are the config's."""
    found, classifiers = [], Extractors().of(setup.evaluate.classifier).classifiers
    for key in ("recipes", "during"):
        for name in getattr(setup.evaluate, key):
            try:
                find_recipe(name, classifiers)
            except ValueError as error:
                found.append(f"evaluate.{key}: {error}")
    return found


def scoring_during(setup: Setup, mesh: jax.sharding.Mesh, subject: str) -> Scoring:
    """The scores of a run while it trains: the recipes of evaluate.during, without progress bars."""
    return Scoring(setup, mesh, setup.evaluate.during, subject=subject, quiet=True)
