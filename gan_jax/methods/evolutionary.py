"""E-GAN: a population of generators that evolves in the environment that one discriminator is (arXiv:1803.00657).

In a round every parent has a child by each mutation: its own weights and optimiser after an update by that loss. The
fittest children are the next parents, and the discriminator is trained on the very images by which these were judged.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar

import jax
import jax.numpy as jnp
import optax
from flax import linen

from gan_jax import game, ranges
from gan_jax.game import Phase, Stretch
from gan_jax.latents import Latents, normal
from gan_jax.methods.environment import require_of_discriminator, taught
from gan_jax.methods.evolution import MUTATIONS, fittest
from gan_jax.methods.first_variables import first_variables
from gan_jax.methods.growth import grows, require_resets
from gan_jax.methods.observers import DiscriminatorObserver, GameMeasure
from gan_jax.methods.offspring import children, shuffled, together
from gan_jax.methods.passes import variables_of
from gan_jax.methods.samplers import GeneratorSampler, sampler_of
from gan_jax.methods.update import begun_anew, resting
from gan_jax.names import one_of
from gan_jax.optim import Ema
from gan_jax.types import (
    AdversarialLoss,
    Array,
    Batch,
    Network,
    PyTree,
    Regularizer,
    TrainState,
    named_key,
    over_data,
)


@dataclasses.dataclass(frozen=True)
class Evolutionary:
    """The game of a population as pure functions, see `gan_jax.game.Method`.

    The leaves of the generator's Network, weights, statistics, optimiser and average alike, are those of the survivors,
    [survivors, ...], the fittest first; each begins with weights of its own. A phase's g_steps are a child's updates.

    generator, discriminator, optimizers, stretches, latents, num_classes, ema, judged: as in `adversarial.Adversarial`.
    loss: the discriminator's, on one logit at a time; the generators' are the mutations.
    regularizers: of the discriminator alone, such as a gradient penalty.
    survivors: mu, generators that live on from a round. mutations: those of `evolution.MUTATIONS` that are tried.
    gamma: weight of diversity in the fitness, see `evolution.fitness`.
    evaluated: images by which a child is judged; more where the discriminator's updates need more of each survivor:
        max(ceil(batch_size * d_steps / survivors), evaluated). Real ones: those of the round, at most as many.
    """

    networks: ClassVar[tuple[str, ...]] = ("generator", "discriminator")
    frozen: ClassVar[tuple[str, ...]] = ()

    generator: linen.Module
    discriminator: linen.Module
    loss: AdversarialLoss
    optimizers: Mapping[str, optax.GradientTransformation]
    stretches: tuple[Stretch, ...]
    regularizers: Mapping[str, Regularizer] = dataclasses.field(default_factory=lambda: MappingProxyType({}))
    latents: Latents = normal(128)
    num_classes: int = 0
    ema: Ema | None = None
    survivors: int = 1
    mutations: Sequence[str] = tuple(MUTATIONS)
    gamma: float = 0.1
    evaluated: int = 256
    judged: str = "image"

    def __post_init__(self):
        ranges.whole("num_classes", self.num_classes, 0)
        ranges.whole("survivors", self.survivors)
        ranges.not_negative("gamma", self.gamma)
        ranges.whole("evaluated", self.evaluated)
        for name in self.mutations:
            one_of(name, MUTATIONS, "method.mutations")
        if not self.mutations or len({*self.mutations}) < len(self.mutations):
            raise ValueError(
                f"mutations are one or more different ones of {', '.join(MUTATIONS)}, not {self.mutations}"
            )
        if missing := {*self.networks} - self.optimizers.keys():
            raise ValueError(f"optimizers lacks {' and '.join(sorted(missing))}")
        require_of_discriminator(self.loss, self.regularizers)
        game.check_stretches(self.stretches)
        require_resets(self.stretches, self.networks)
        if grows(self.stretches):
            raise ValueError("a population keeps one size: stretches of other shapes, or that fade, are not for E-GAN")

    # --- state

    def batch(self, phase: Phase) -> dict[str, jax.ShapeDtypeStruct]:
        """What a round takes: leaves [d_steps, B, ...]."""
        rows = (phase.d_steps, phase.batch_size)
        leaves = {self.judged: jax.ShapeDtypeStruct((*rows, *phase.shape), jnp.float32)}
        return leaves | ({"label": jax.ShapeDtypeStruct(rows, jnp.int32)} if self.num_classes else {})

    def init(self, key: Array) -> TrainState:
        """The state before the first round."""
        first = named_key(key, "init")
        made = first_variables(self, {}, first)
        judge, params = made["discriminator"], made["discriminator"].pop("params")

        def member(i: Array) -> Network:
            variables = first_variables(self, {}, jax.random.fold_in(first, i))["generator"]
            params = variables.pop("params")
            average = () if self.ema is None else jax.tree.map(jnp.copy, {"params": params, "stats": variables})
            return Network(params, variables, self.optimizers["generator"].init(params), average)

        networks = {
            "generator": jax.vmap(member)(jnp.arange(self.survivors)),
            "discriminator": Network(params, judge, self.optimizers["discriminator"].init(params)),
        }
        memory = {"loss": ()} | {name: r.init() for name, r in self.regularizers.items()}
        return TrainState(jnp.zeros((), jnp.int32), key, networks, memory)

    def load(self) -> dict[str, PyTree]:
        """Nothing: all networks are trained."""
        return {}

    # --- one round

    def step(self, state: TrainState, batch: Batch, phase: Phase) -> tuple[TrainState, dict[str, Array]]:
        """Plays one round. batch: leaves [d_steps, B, ...]. Metrics: {"d/...": means over D's updates, "g/..."}.

        g/fitness, its quality and diversity, and g/adversarial (the heuristic loss) are the fittest survivor's;
        g/least_fitness the weakest one's; g/won_...: the share of the survivors that came of a mutation.
        """
        real = {"image": batch[self.judged]} | ({"label": batch["label"]} if self.num_classes else {})
        if (rows := real["image"].shape[0]) != phase.d_steps:
            raise ValueError(f"a round takes d_steps={phase.d_steps} batches, got {rows}: leaves are [d_steps, B, ...]")
        key, clock = jax.random.fold_in(state.key, state.step), game.clock(self.stretches, state.step)
        size = self._evaluated(phase)
        parents, judge = self._begun(state)
        born, made, found = children(self, parents, judge, together(real, size), size, key, clock, phase)
        chosen = fittest(found["fitness"], self.survivors)
        living, made, of_g = jax.tree.map(lambda leaf: leaf[chosen], (born, made, found))
        fakes = shuffled(made, named_key(key, "shuffle"), phase)
        before = game.updates(self.stretches, state.step, "d_steps")

        def teach(carry: tuple, turn: tuple) -> tuple:
            i, real, fake = turn
            own = jax.random.fold_in(named_key(key, "discriminator"), i)
            judge, memory, metrics = taught(self, *carry, (over_data(real), over_data(fake)), own, clock, before + i)
            return (judge, memory), metrics

        turns = (jnp.arange(phase.d_steps), real, fakes)
        (judge, memory), of_d = jax.lax.scan(teach, (judge, dict(state.memory)), turns)
        won = chosen % len(self.mutations)
        metrics = jax.tree.map(jnp.mean, of_d) | {f"g/{name}": value[0] for name, value in of_g.items()}
        metrics["g/least_fitness"] = of_g["fitness"][-1]
        metrics |= {f"g/won_{name}": jnp.mean(won == i, dtype=jnp.float32) for i, name in enumerate(self.mutations)}
        networks = {"generator": living, "discriminator": judge}
        return state.replace(step=state.step + 1, networks=networks, memory=memory), metrics

    def _begun(self, state: TrainState) -> tuple[Network, Network]:
        """(parents, D) at the beginning of a round, optimisers anew where a stretch begins that says so."""
        parents, judge = (state.networks[name] for name in self.networks)
        anew = {name: game.begins_anew(self.stretches, state.step, name) for name in self.networks}
        if anew["generator"] is not None:
            first = jax.vmap(self.optimizers["generator"].init)(parents.params)
            parents = parents.replace(opt_state=resting(anew["generator"], first, parents.opt_state))
        return parents, begun_anew(anew["discriminator"], judge, self.optimizers["discriminator"])

    def _evaluated(self, phase: Phase) -> int:
        """Images by which a child is judged. Raises ValueError where the devices cannot share them."""
        needed = math.ceil(phase.batch_size * phase.d_steps / self.survivors)
        size = max(needed, self.evaluated)
        mesh = jax.sharding.get_abstract_mesh()
        if size % (devices := math.prod(mesh.shape.get(name, 1) for name in ("data", "fsdp"))):
            raise ValueError(
                f"a child is judged by {size} images, which {devices} devices cannot share: set method.evaluated to "
                f"{-(-size // devices) * devices}"
            )
        return size

    # --- the result

    def samplers(self, state: TrainState, phase: Phase, average: bool = True) -> dict[str, GeneratorSampler]:
        """{judged: the fittest survivor of the last round, "survivor_2": the next, ...}: their averages where these are kept."""
        classes = getattr(self.generator, "num_classes", 0)
        names = [self.judged, *(f"survivor_{i + 1}" for i in range(1, self.survivors))]
        member = lambda i: jax.tree.map(lambda leaf: leaf[i], state.networks["generator"])
        settings = {"num_classes": classes, "target": self.judged}
        return {
            name: sampler_of(self.generator, member(i), average, self.latents, **settings)
            for i, name in enumerate(names)
        }

    def observers(self, state: TrainState, phase: Phase) -> dict[str, DiscriminatorObserver]:
        """{"discriminator": its features}."""
        variables = variables_of(state.networks["discriminator"])
        return {
            "discriminator": DiscriminatorObserver(
                self.discriminator, variables, getattr(self.discriminator, "num_classes", 0)
            )
        }

    @property
    def curves(self) -> dict[str, tuple[str, ...]]:
        """Which mutations made the survivors, and what these are like, over the rounds."""
        return {
            "share of the survivors made by": tuple(f"g/won_{name}" for name in self.mutations),
            "fitness": ("g/fitness", "g/least_fitness"),
            "quality, and diversity": ("g/quality", "g/diversity"),
        }

    def measures(self, state: TrainState, phase: Phase) -> dict[str, GameMeasure]:
        """None."""
        return {}
