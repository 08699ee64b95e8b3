"""The two-player game: a discriminator against a generator, with one loss and any number of regularisers.

A round is `d_steps` updates of the discriminator, each on real images of its own, then `g_steps` of the generator.
Nearly every GAN of the literature is this game with other networks, another loss, or one more regulariser.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import jax
import jax.numpy as jnp
import optax
from flax import linen

from gan_jax import game, ranges
from gan_jax.game import Phase, Stretch
from gan_jax.latents import Latents, normal
from gan_jax.methods import clipping, views
from gan_jax.methods.first_variables import first_variables
from gan_jax.methods.fitting import require_fit
from gan_jax.methods.growth import require_growing, require_resets
from gan_jax.methods.heads import collect_heads
from gan_jax.methods.observers import DiscriminatorObserver, GameMeasure
from gan_jax.methods.player_metrics import player_metrics
from gan_jax.methods.playing import addends, drawn, resting_networks, seen
from gan_jax.methods.samplers import GeneratorSampler
from gan_jax.methods.update import MOVED_BY_ALL, Outcome, begun_anew, update
from gan_jax.optim import Ema
from gan_jax.types import (
    AdversarialLoss,
    Array,
    Batch,
    Clock,
    Head,
    Network,
    PyTree,
    Regularizer,
    TrainState,
    named_key,
)

_PREFIX = {"discriminator": "d", "generator": "g"}
_TAKEN = ("loss", "latents", "label", "noise", "noise_real")  # regularisers' names mark memory and seed noise


@dataclasses.dataclass(frozen=True)
class Adversarial:
    """The two-player game as pure functions, see `gan_jax.game.Method`.

    generator, discriminator: Flax modules, see `gan_jax.architectures`.
    optimizers: "generator" and "discriminator" -> optax transformation; a head has its player's unless it brings one.
    stretches: the run, see `gan_jax.game`. Where their shapes differ, or layers fade in, both networks take `fade`, [], and
        the generator `shape`, that of the images to make; real images are cross-faded with their own half size.
    regularizers: by name; the name seeds their noise and marks their memory.
    latents: what z is drawn from.
    num_classes: of the game, 0 for none. Each network has its own num_classes and is handed labels where that is not 0.
    fake_labels: "uniform", drawn, or "data": a fake image has the label of the real one at its place, so that losses over
        pairs compare images of one class (R3GAN).
    generator_batch_multiple: fakes in a generator update for each real image of the batch (SNGAN: 2).
    ema: the moving average of the generator; None keeps none.
    accumulate: parts in which each update's batch is played one after the other, for batches beyond the memory. The
        gradient is the mean over the parts. A part is normalised by its own batch statistics; the running ones move once
        an update, by the mean of the parts' moments, as do averages that losses and regularisers keep.
    clip_weights: before each of its updates the discriminator's parameters are clipped to +- this, as WGAN's authors' code
        does (their Algorithm 1 clips after it); None does not.
    judged: the key of the data that the discriminator judges, "image" or "voxels". Losses and regularisers know it as "image".
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
    fake_labels: str = "uniform"
    generator_batch_multiple: int = 1
    ema: Ema | None = None
    clip_weights: float | None = None
    accumulate: int = 1
    judged: str = "image"

    def __post_init__(self):
        ranges.whole("generator_batch_multiple", self.generator_batch_multiple)
        ranges.whole("accumulate", self.accumulate)
        ranges.whole("num_classes", self.num_classes, 0)
        if self.clip_weights is not None:
            ranges.positive("clip_weights", self.clip_weights)
        if self.fake_labels not in ("uniform", "data"):
            raise ValueError(f"fake_labels is 'uniform' or 'data', not {self.fake_labels!r}")
        if missing := _PREFIX.keys() - self.optimizers.keys():
            raise ValueError(f"optimizers lacks {' and '.join(sorted(missing))}")
        if clash := self.regularizers.keys() & set(_TAKEN):
            raise ValueError(
                f"a regulariser cannot be named {min(clash)!r}: the method's own memory or noise has that name"
            )
        game.check_stretches(self.stretches)
        heads = collect_heads(self.regularizers, players=_PREFIX)
        require_resets(self.stretches, (*self.networks, *heads))
        for name in self.networks:
            require_growing(self.stretches, name, getattr(self, name))
        require_fit(self)

    @property
    def doubts(self) -> tuple[str, ...]:
        """What can be played, and is hardly meant: a sentence each, which a run says as it begins."""
        return clipping.doubts(self.discriminator) if self.clip_weights is not None else ()

    # --- state

    def batch(self, phase: Phase) -> dict[str, jax.ShapeDtypeStruct]:
        """What a round takes: leaves [d_steps, B, ...]."""
        rows = (phase.d_steps, phase.batch_size)
        leaves = {self.judged: jax.ShapeDtypeStruct((*rows, *phase.shape), jnp.float32)}
        return leaves | ({"label": jax.ShapeDtypeStruct(rows, jnp.int32)} if self.num_classes else {})

    def init(self, key: Array) -> TrainState:
        """The state before the first round, with all that the last phase needs."""
        made = first_variables(self, self._heads(), named_key(key, "init"))
        networks = {name: self._network(name, split) for name, split in made.items()}
        memory = {"loss": self.loss.init()} | {name: r.init() for name, r in self.regularizers.items()}
        return TrainState(jnp.zeros((), jnp.int32), key, networks, memory)

    def load(self) -> dict[str, PyTree]:
        """Nothing: both networks are trained."""
        return {}

    def _network(self, name: str, variables: dict) -> Network:
        params = variables.pop("params")
        average: PyTree = ()
        if name == "generator" and self.ema is not None:  # buffers of its own: the state is donated to every step
            average = jax.tree.map(jnp.copy, {"params": params, "stats": variables})
        return Network(params, variables, self._optimizers()[name].init(params), average)

    def _heads(self) -> dict[str, Head]:
        return collect_heads(self.regularizers, players=_PREFIX)

    def _optimizers(self) -> dict[str, optax.GradientTransformation]:
        heads = {name: head.optimizer or self.optimizers[head.player] for name, head in self._heads().items()}
        return {**self.optimizers, **heads}

    # --- one round

    def step(self, state: TrainState, batch: Batch, phase: Phase) -> tuple[TrainState, dict[str, Array]]:
        """Plays one round. batch: leaves [d_steps, B, ...]. Metrics: {"d/...", "g/..."}, means over the updates of a player."""
        batch = {"image": batch[self.judged]} | ({"label": batch["label"]} if "label" in batch else {})
        if (rows := batch["image"].shape[0]) != phase.d_steps:
            raise ValueError(f"a round takes d_steps={phase.d_steps} batches, got {rows}: leaves are [d_steps, B, ...]")
        key = jax.random.fold_in(state.key, state.step)
        clock = game.clock(self.stretches, state.step)
        before = {name: game.updates(self.stretches, state.step, f"{_PREFIX[name]}_steps") for name in _PREFIX}

        def play(player: str, first: int, carry: tuple, turn: tuple) -> tuple:
            substep, real = turn
            own = jax.random.fold_in(key, first + substep)
            return self._update(player, *carry, real, own, clock, before[player] + substep, phase)

        def several(player: str, n: int, first: int, carry: tuple, reals: Batch) -> tuple:
            turn = functools.partial(play, player, first)
            if n == 1:
                return turn(carry, (0, jax.tree.map(lambda leaf: leaf[0], reals)))
            carry, metrics = jax.lax.scan(turn, carry, (jnp.arange(n), reals))
            return carry, jax.tree.map(jnp.mean, metrics)

        carry = (self._begun(state), dict(state.memory))
        carry, of_d = several("discriminator", phase.d_steps, 0, carry, batch)
        if self.ema is not None and self.ema.before:
            carry = self._averaged(carry, clock, phase)
        last = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf[-1:], (phase.g_steps, *leaf.shape[1:])), batch)
        carry, of_g = several("generator", phase.g_steps, phase.d_steps, carry, last)
        if self.ema is not None and not self.ema.before:
            carry = self._averaged(carry, clock, phase)
        networks, memory = carry
        return state.replace(step=state.step + 1, networks=networks, memory=memory), of_d | of_g

    def _averaged(self, carry: tuple, clock: Clock, phase: Phase) -> tuple:
        made = carry[0]["generator"]
        now = {"params": made.params, "stats": made.stats}
        average = self.ema.update(made.ema, now, clock, phase.images_a_round, copied=MOVED_BY_ALL)
        return {**carry[0], "generator": made.replace(ema=average)}, carry[1]

    def _begun(self, state: TrainState) -> dict[str, Network]:
        """The networks at the beginning of a round, optimisers anew where a stretch begins that says so."""
        optimizers = self._optimizers()
        return {
            name: begun_anew(game.begins_anew(self.stretches, state.step, name), network, optimizers[name])
            for name, network in state.networks.items()
        }

    def _update(
        self,
        player: str,
        networks: dict,
        memory: dict,
        real: Batch,
        key: Array,
        clock: Clock,
        number: Array,
        phase: Phase,
    ) -> tuple[tuple[dict, dict], dict[str, Array]]:
        """One update of a player and of the heads that are trained with it, by the gradient of the whole batch."""
        trained = [player, *(name for name, head in self._heads().items() if head.player == player)]
        multiple = self.generator_batch_multiple if player == "generator" else 1
        latents = drawn(self, key, real, multiple)

        def loss(params: Mapping[str, PyTree], batch: tuple[Batch, Batch], key: Array) -> tuple[Array, Outcome]:
            play, moved = seen(self, player, params, networks, memory, *batch, key, clock, number, phase)
            terms = addends(self, player, play, memory, key)
            total = sum(term.loss for term in terms.values())
            kept = {name: term.memory for name, term in terms.items()}
            metrics = player_metrics(player, total, terms, play, self.loss)
            return total, Outcome(metrics, moved, kept, resting_networks(self, player, terms))

        clip = {} if self.clip_weights is None else {"discriminator": self.clip_weights}
        networks, outcome = update(
            networks, trained, loss, (real, latents), key, self._optimizers(), clock, self.accumulate, clip
        )
        metrics = {f"{_PREFIX[player]}/{name}": value.astype(jnp.float32) for name, value in outcome.metrics.items()}
        return (networks, outcome.memory), metrics

    # --- the result

    def samplers(self, state: TrainState, phase: Phase, average: bool = True) -> dict[str, GeneratorSampler]:
        """{judged: the generator}: its moving average where one is kept, unless average=False."""
        return views.samplers(self, state, phase, average)

    def observers(self, state: TrainState, phase: Phase) -> dict[str, DiscriminatorObserver]:
        """{"discriminator": its features}."""
        return views.observers(self, state, phase)

    def measures(self, state: TrainState, phase: Phase) -> dict[str, GameMeasure]:
        """The regularisers' own, by name."""
        return views.measures(self, state, phase)
