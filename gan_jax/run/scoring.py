"""Scores of a run: the config's data as references, a state's generator and discriminator as what is scored."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from gan_jax.data import EightBit
from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.extractors import Extractors
from gan_jax.evaluators.judge import Failed, judge
from gan_jax.evaluators.recipe import Recipe
from gan_jax.evaluators.recipes import find_recipe
from gan_jax.evaluators.score import Score
from gan_jax.features.published import cache_folder
from gan_jax.nn.compiling import compiled
from gan_jax.regularizers.latent_transform import latent_transform, pair_accuracy
from gan_jax.run import setup as build
from gan_jax.types import Method, Phase, Sampler, TrainState, Verdict, named_key


@dataclasses.dataclass(frozen=True)
class Options:
    """How samples are drawn for scores; each of these is part of a score's protocol, but the seed.

    average: the generator's moving average, where one is kept. batch_norm: "running", "batch" or "standing" statistics.
    """

    seed: int = 0
    average: bool = True
    batch_norm: str = "running"
    truncation: float | None = None
    batch_size: int = 64
    force: bool = False


class Scoring:
    """Scores states of one run. References are opened when a recipe first asks, and kept for the next state.

    recipes: names. Raises ValueError for a name that is unknown.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        mesh: jax.sharding.Mesh,
        recipes: Sequence[str],
        *,
        subject: str,
        pictures: Path | None = None,
        extractors: Extractors | None = None,
        options: Options | None = None,
        quiet: bool = False,
    ):
        extractors, self._options = extractors or Extractors(), options or Options()
        self.recipes: dict[str, Recipe] = {name: find_recipe(name, extractors.classifiers) for name in recipes}
        self._mesh, self._subject, self._averages = mesh, subject, _averages(config)
        preprocessing = build.preprocessing(config)

        def opened(split: str) -> Any:
            return lambda: EightBit(build.evaluation_source(config, split), preprocessing, split)

        splits = ("train", "test") if config.get("evaluate", {}).get("test") else ("train",)
        self._evidence = Evidence(
            fake=None,
            real={split: opened(split) for split in splits},
            open_extractor=extractors.open,
            mesh=mesh,
            seed=self._options.seed,
            truncation=self._options.truncation,
            batch_size=self._options.batch_size,
            cache=cache_folder() / "references",
            pictures=pictures,
            force=self._options.force,
            quiet=quiet,
        )

    def of(self, method: Method, state: TrainState, phase: Phase, step: int) -> Iterator[list[Score] | Failed]:
        """For each recipe its scores as soon as they are known, or why there are none. Collective over processes."""
        options = self._options
        sampler = self._with_batch_norm(method.sampler(state, phase, options.average))
        evidence = self._evidence.of(
            sampler, method.discriminator_features(state, phase), _pair_accuracy(method, state, phase, self._mesh)
        )
        if evidence.pictures is not None:
            evidence.pictures = evidence.pictures / f"{step:09d}"
        facts = {
            "subject": self._subject,
            "step": step,
            "weights": "ema" if options.average and self._averages else "raw",
            "batch_norm": options.batch_norm,
        }
        yield from judge(evidence, self.recipes, facts)

    def _with_batch_norm(self, sampler: Sampler) -> Sampler:
        options, key = self._options, named_key(jax.random.key(self._options.seed), "standing statistics")
        with jax.set_mesh(self._mesh):
            if options.batch_norm != "standing":
                return sampler.with_batch_norm(options.batch_norm, key)
            return compiled(lambda sampler, key: sampler.with_batch_norm("standing", key, options.truncation))(
                sampler, key
            )


def scoring_during(config: Mapping[str, Any], mesh: jax.sharding.Mesh, subject: str) -> Scoring:
    """The scores of a run while it trains: the recipes of evaluate.during, without progress bars."""
    settings = config["evaluate"]
    options = Options(batch_size=settings.get("batch_size", 64))
    return Scoring(config, mesh, settings["during"], subject=subject, options=options, quiet=True)


def _pair_accuracy(
    method: Method, state: TrainState, phase: Phase, mesh: jax.sharding.Mesh, batch_size: int = 64
) -> tuple[float, Callable[[float, int], float]] | None:
    """The trained sigma_eps, and (sigma_eps, seed) -> the accuracy of LT-GAN's net, where the run has that task."""
    unwrapped = [getattr(each, "regularizer", each) for each in getattr(method, "regularizers", {}).values()]
    tasks = [each for each in unwrapped if isinstance(each, latent_transform)]
    if not tasks:
        return None
    task, net = tasks[0], state.networks["latent_transform"]
    module = task.heads()["latent_transform"].module
    nets = (method.sampler(state, phase, average=False), method.discriminator_features(state, phase))

    @compiled
    def measured(nets: tuple, variables: Any, sigma: jax.Array, key: jax.Array) -> jax.Array:
        sampler, observed = nets
        z = sampler.latents(named_key(key, "latents"), batch_size)
        label = sampler.labels(named_key(key, "label"), batch_size)
        judge = lambda first, second: module.apply(variables, first, second)
        generator = lambda z, label: sampler.synthesize(sampler.map(z, label), label)[0]
        discriminator = lambda images, label: Verdict(jnp.zeros(()), observed(images))
        return pair_accuracy(judge, generator, discriminator, z, key, sigma, task.tap, label, task.kind == "conv")

    def accuracy(sigma: float, seed: int) -> float:
        with jax.set_mesh(mesh):
            return float(measured(nets, {"params": net.params, **net.stats}, jnp.float32(sigma), jax.random.key(seed)))

    return task.sigma_eps, accuracy


def _averages(config: Mapping[str, Any]) -> bool:
    return "decay" in config["ema"] or "half_life_kimg" in config["ema"]
