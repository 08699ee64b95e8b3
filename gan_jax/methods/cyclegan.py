"""CycleGAN: two translators of unpaired images that undo each other (Zhu et al., arXiv:1703.10593).

A discriminator for each domain is shown its images and, of the fakes, some from a pool of earlier ones.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import optax
from flax import linen, struct

from gan_jax import game, ranges
from gan_jax.game import Phase, Stretch
from gan_jax.methods import cycle_losses
from gan_jax.methods.growth import require_resets
from gan_jax.methods.image_pool import empty_pool, served
from gan_jax.methods.translators import (
    STATISTICS,
    TranslatorSampler,
    require_channels,
    require_plain,
    shape_of,
    translator_of,
)
from gan_jax.methods.update import COLLECTIONS, MOVED_BY_ALL, begun_anew, update
from gan_jax.names import one_of
from gan_jax.optim import Ema
from gan_jax.types import AdversarialLoss, Array, Batch, Clock, Network, PyTree, TrainState, named_key

TURNS = ("joint", "one_by_one")
TRANSLATORS = {"a_to_b": "discriminator_b", "b_to_a": "discriminator_a"}  # and who judges what each makes


@dataclasses.dataclass(frozen=True)
class CycleGAN:
    """CycleGAN as pure functions, see `gan_jax.game.Method`.

    Metrics: "g/adversarial_a_to_b", "g/cycle_a", "g/identity_a" and so on, "d/adversarial_a" and so on, and the sums
    "g/adversarial" and "d/adversarial".

    a_to_b, b_to_a: from images to images, such as `architectures.resnet_translator` or `architectures.unet`.
    discriminator_a, discriminator_b: judge images of their domain, such as `architectures.patchgan`.
    loss: the adversarial one; the authors' is least_squares with factor 1.
    weight_cycle: lambda of Eq. (3), of E|b_to_a(a_to_b(a)) - a| and of the way from b.
    weight_identity: times weight_cycle, of E|a_to_b(b) - b| and E|b_to_a(a) - a| (section 5.2); 0: not computed.
    weight_d: of the discriminators' losses.
    pool: images of each domain's pool of fakes, see `image_pool`; 0 for none.
    turns: "joint": one update of both translators, then one of both discriminators (the PyTorch port). "one_by_one": a_to_b,
        discriminator_b, b_to_a, discriminator_a, each seeing the updates before it (the Torch original). Each network has
        its optimiser either way.
    statistics, dropout_when_drawn: see `translators.TranslatorSampler`. ema: the moving average of both translators.
    shapes: of "a" or "b" where they have other channels than the phase; identity needs them alike.
    """

    networks: ClassVar[tuple[str, ...]] = ("a_to_b", "b_to_a", "discriminator_a", "discriminator_b")
    frozen: ClassVar[tuple[str, ...]] = ()

    a_to_b: linen.Module
    b_to_a: linen.Module
    discriminator_a: linen.Module
    discriminator_b: linen.Module
    loss: AdversarialLoss
    optimizers: Mapping[str, optax.GradientTransformation]
    stretches: tuple[Stretch, ...]
    weight_cycle: float = 10.0
    weight_identity: float = 0.5
    weight_d: float = 0.5
    pool: int = 50
    turns: str = "joint"
    statistics: str = "image"
    dropout_when_drawn: bool = False
    ema: Ema | None = None
    shapes: Mapping[str, Sequence[int]] = dataclasses.field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self):
        one_of(self.turns, TURNS, "turns")
        one_of(self.statistics, STATISTICS, "statistics")
        one_of(self.dropout_when_drawn, (True, False), "dropout_when_drawn")
        ranges.not_negative("weight_cycle", self.weight_cycle)
        ranges.not_negative("weight_identity", self.weight_identity)
        ranges.positive("weight_d", self.weight_d)
        ranges.whole("pool", self.pool, 0, 100_000)
        game.check_stretches(self.stretches)
        require_plain(self.stretches, "CycleGAN")
        require_resets(self.stretches, self.networks)
        for name in TRANSLATORS:
            require_channels(name, getattr(self, name), name[-1], self._shape(name[-1])[-1])
        if self.weight_identity and self._shape("a") != self._shape("b"):
            raise ValueError(
                f"the identity loss compares images of both domains, and theirs are of {self._shape('a')} and"
                f" {self._shape('b')}: set weight_identity to 0"
            )

    def _shape(self, key: str) -> tuple[int, ...]:
        return shape_of(key, self.stretches[-1].phase.shape, self.shapes)

    # --- state

    def batch(self, phase: Phase) -> dict[str, jax.ShapeDtypeStruct]:
        """What a round takes: {"a", "b"}, [1, B, H, W, C] each."""
        shape = lambda key: (1, phase.batch_size, *shape_of(key, phase.shape, self.shapes))
        return {key: jax.ShapeDtypeStruct(shape(key), jnp.float32) for key in ("a", "b")}

    def init(self, key: Array) -> TrainState:
        """The state before the first round; the pools are empty."""
        seed = named_key(key, "init")
        networks = {name: self._network(name, seed) for name in self.networks}
        pools = {f"pool_{key}": empty_pool(self.pool, self._shape(key)) for key in ("a", "b")}
        losses = {name: self.loss.init() for name in TRANSLATORS}
        return TrainState(jnp.zeros((), jnp.int32), key, networks, {"loss": losses, **pools})

    def load(self) -> dict[str, PyTree]:
        """Nothing: all networks are trained."""
        return {}

    def _network(self, name: str, seed: Array) -> Network:
        seen = name[0] if name in TRANSLATORS else name[-1]  # the domain of the images that it takes
        rngs = {"params": named_key(seed, name), "noise": named_key(seed, "noise")}
        stats = dict(getattr(self, name).init(rngs, jnp.zeros((1, *self._shape(seen))), mutable=COLLECTIONS))
        params = stats.pop("params")
        average: PyTree = ()
        if name in TRANSLATORS and self.ema is not None:  # buffers of its own: the state is donated to every step
            average = jax.tree.map(jnp.copy, {"params": params, "stats": stats})
        return Network(params, stats, self.optimizers[name].init(params), average)

    # --- one round

    def step(self, state: TrainState, batch: Batch, phase: Phase) -> tuple[TrainState, dict[str, Array]]:
        """Plays one round. batch: {"a", "b"}, leaves [1, B, H, W, C]."""
        key = jax.random.fold_in(state.key, state.step)
        clock = game.clock(self.stretches, state.step)
        images = {name: batch[name][0] for name in ("a", "b")}
        networks = {
            name: begun_anew(game.begins_anew(self.stretches, state.step, name), each, self.optimizers[name])
            for name, each in state.networks.items()
        }
        if self.ema is not None and self.ema.before:
            networks = self._averaged(networks, clock, phase)
        memory, metrics = dict(state.memory), {}
        for movers in [tuple(TRANSLATORS)] if self.turns == "joint" else [(name,) for name in TRANSLATORS]:
            of_g = self._bound(cycle_losses.of_translators, movers, networks, memory["loss"])
            networks, outcome = update(networks, movers, of_g, images, key, self.optimizers, clock)
            kept, fakes = outcome.memory
            memory["loss"] = {**memory["loss"], **kept}
            shown = {}
            for name in movers:
                domain = name[-1]
                own = named_key(key, f"pool_{domain}")
                memory[f"pool_{domain}"], shown[name] = served(memory[f"pool_{domain}"], fakes[name], own)
            told = dict(outcome.metrics)
            judges = tuple(TRANSLATORS[name] for name in movers)
            of_d = self._bound(cycle_losses.of_discriminators, movers, networks, memory["loss"])
            networks, outcome = update(networks, judges, of_d, (images, shown), key, self.optimizers, clock)
            memory["loss"] = {**memory["loss"], **outcome.memory}
            suffix = "" if self.turns == "joint" else f"_{movers[0]}"
            metrics |= _named("g", told, suffix) | _named("d", outcome.metrics, suffix)
        if self.turns == "one_by_one":
            sums = [f"{player}/{term}" for player in "gd" for term in ("adversarial", "total")]
            metrics |= {name: sum(metrics[f"{name}_{mover}"] for mover in TRANSLATORS) for name in sums}
        if self.ema is not None and not self.ema.before:
            networks = self._averaged(networks, clock, phase)
        return state.replace(step=state.step + 1, networks=networks, memory=memory), metrics

    def _bound(
        self, loss: Callable, movers: tuple[str, ...], networks: Mapping[str, Network], memory: PyTree
    ) -> Callable:
        """The loss as `update` takes it: a function of what is trained, a batch and a key."""
        return lambda params, batch, key: loss(self, movers, params, networks, memory, batch, key)

    def _averaged(self, networks: dict[str, Network], clock: Clock, phase: Phase) -> dict[str, Network]:
        networks = dict(networks)
        for name in TRANSLATORS:
            made = networks[name]
            now = {"params": made.params, "stats": made.stats}
            average = self.ema.update(made.ema, now, clock, phase.images_a_round, copied=MOVED_BY_ALL)
            networks[name] = made.replace(ema=average)
        return networks

    # --- the result

    def samplers(self, state: TrainState, phase: Phase, average: bool = True) -> dict[str, TranslatorSampler]:
        """{"a_to_b", "b_to_a"}."""
        settings: dict[str, Any] = {"statistics": self.statistics, "dropout": self.dropout_when_drawn}
        made = lambda name: translator_of(
            getattr(self, name), state.networks[name], average, source=name[0], target=name[-1], **settings
        )
        return {name: made(name) for name in TRANSLATORS}

    def observers(self, state: TrainState, phase: Phase) -> dict[str, Any]:
        """None: each discriminator knows one domain alone."""
        return {}

    def measures(self, state: TrainState, phase: Phase) -> dict[str, CycleError]:
        """{"cycle_a", "cycle_b"}: how far images of a domain come back from where they set out."""
        there = self.samplers(state, phase)
        return {
            "cycle_a": CycleError(there["a_to_b"], there["b_to_a"]),
            "cycle_b": CycleError(there["b_to_a"], there["a_to_b"]),
        }


class CycleError(struct.PyTreeNode):
    """A `game.Measure`: the mean of |back(there(x)) - x| over the images x of a batch, from 0 to 2."""

    there: TranslatorSampler
    back: TranslatorSampler

    def __call__(self, key: Array, batch: Batch) -> Array:
        x = batch[self.there.source]
        indices = jnp.arange(len(x), dtype=jnp.uint32)
        made, _ = game.sampled(self.there, named_key(key, "there"), indices, {self.there.source: x})
        again, _ = game.sampled(self.back, named_key(key, "back"), indices, {self.back.source: made})
        return jnp.mean(jnp.abs(again - x))


def _named(player: str, metrics: Mapping[str, Array], suffix: str) -> dict[str, Array]:
    """The metrics under a player's name. suffix: of those that an update of one network has beside another's."""
    alike = ("adversarial", "total", "gradient_norm", "parameter_norm")
    name = lambda each: f"{player}/{each}{suffix if each in alike else ''}"
    return {name(each): value.astype(jnp.float32) for each, value in metrics.items()}
