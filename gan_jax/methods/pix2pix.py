"""pix2pix: a translator of paired images, against a discriminator that sees both (Isola et al., arXiv:1611.07004).

A round is one update of the discriminator, then one of the generator, on the same pairs and with the same dropout.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import optax
from flax import linen

from gan_jax import game, ranges
from gan_jax.game import Phase, Stretch
from gan_jax.methods.growth import require_resets
from gan_jax.methods.passes import Passes
from gan_jax.methods.player_metrics import certainty
from gan_jax.methods.translators import (
    STATISTICS,
    TranslatorSampler,
    require_channels,
    require_plain,
    shape_of,
    translator_of,
)
from gan_jax.methods.update import COLLECTIONS, MOVED_BY_ALL, MOVED_BY_ITS_PLAYER, Outcome, begun_anew, update
from gan_jax.names import one_of
from gan_jax.optim import Ema
from gan_jax.types import AdversarialLoss, Array, Batch, Clock, Network, PyTree, TrainState, named_key

DIRECTIONS = ("a_to_b", "b_to_a")
_OWN = (*MOVED_BY_ITS_PLAYER, *MOVED_BY_ALL)
_PREFIX = {"discriminator": "d", "generator": "g"}


@dataclasses.dataclass(frozen=True)
class Pix2Pix:
    """pix2pix as pure functions, see `gan_jax.game.Method`. Metrics: "d/...", "g/...", of which "g/l1" is the mean error.

    generator: from images to images, such as `architectures.unet`. discriminator: judges images, such as
        `architectures.patchgan`; it is shown the given and the other image as one, of both's channels.
    loss: the adversarial one; `losses.nothing` leaves the paper's L1 alone.
    direction: "a_to_b" or "b_to_a", of the data's pairs.
    weight_l1: lambda of Eq. (4): L_G = L_adversarial + weight_l1 * E|y - G(x)|.
    weight_d: of the discriminator's loss: 1/2 in the PyTorch port; 1 in the Torch original, which halves what it prints.
    conditional: False: the discriminator is shown the second image of a pair alone (the paper's table 1, "GAN + L1").
    statistics, dropout_when_drawn: of translations once it is trained, see `translators.TranslatorSampler`: the authors
        normalise each image by its own statistics and leave dropout on.
    ema: the moving average of the generator; None keeps none, as the authors.
    shapes: of "a" or "b" where they have other channels than the phase.
    """

    networks: ClassVar[tuple[str, ...]] = ("generator", "discriminator")
    frozen: ClassVar[tuple[str, ...]] = ()

    generator: linen.Module
    discriminator: linen.Module
    loss: AdversarialLoss
    optimizers: Mapping[str, optax.GradientTransformation]
    stretches: tuple[Stretch, ...]
    direction: str = "a_to_b"
    weight_l1: float = 100.0
    weight_d: float = 0.5
    conditional: bool = True
    statistics: str = "image"
    dropout_when_drawn: bool = True
    ema: Ema | None = None
    shapes: Mapping[str, Sequence[int]] = dataclasses.field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self):
        one_of(self.direction, DIRECTIONS, "direction")
        one_of(self.statistics, STATISTICS, "statistics")
        ranges.not_negative("weight_l1", self.weight_l1)
        ranges.positive("weight_d", self.weight_d)
        for name in ("conditional", "dropout_when_drawn"):
            one_of(getattr(self, name), (True, False), name)
        game.check_stretches(self.stretches)
        require_plain(self.stretches, "pix2pix")
        require_resets(self.stretches, self.networks)
        wanted = shape_of(self.target, self.stretches[-1].phase.shape, self.shapes)[-1]
        require_channels("generator", self.generator, self.target, wanted)

    @property
    def source(self) -> str:
        """The key of the data that a translation starts from."""
        return self.direction[0]

    @property
    def target(self) -> str:
        """The key of the data that it should look like."""
        return self.direction[-1]

    # --- state

    def batch(self, phase: Phase) -> dict[str, jax.ShapeDtypeStruct]:
        """What a round takes: {"a", "b"}, [1, B, H, W, C] each."""
        shape = lambda key: (1, phase.batch_size, *shape_of(key, phase.shape, self.shapes))
        return {key: jax.ShapeDtypeStruct(shape(key), jnp.float32) for key in ("a", "b")}

    def init(self, key: Array) -> TrainState:
        """The state before the first round."""
        shape = lambda key: (1, *shape_of(key, self.stretches[-1].phase.shape, self.shapes))
        x, y = jnp.zeros(shape(self.source)), jnp.zeros(shape(self.target))
        seed = named_key(key, "init")
        args = {"generator": x, "discriminator": self._shown(x, y)}
        networks = {name: self._network(name, seed, args[name]) for name in self.networks}
        return TrainState(jnp.zeros((), jnp.int32), key, networks, {"loss": self.loss.init()})

    def load(self) -> dict[str, PyTree]:
        """Nothing: both networks are trained."""
        return {}

    def _network(self, name: str, seed: Array, images: Array) -> Network:
        rngs = {"params": named_key(seed, name), "noise": named_key(seed, "noise")}
        stats = dict(getattr(self, name).init(rngs, images, mutable=COLLECTIONS))
        params = stats.pop("params")
        average: PyTree = ()
        if name == "generator" and self.ema is not None:  # buffers of its own: the state is donated to every step
            average = jax.tree.map(jnp.copy, {"params": params, "stats": stats})
        return Network(params, stats, self.optimizers[name].init(params), average)

    def _shown(self, given: Array, other: Array) -> Array:
        """What the discriminator is shown of a pair."""
        return jnp.concatenate([given, other], -1) if self.conditional else other

    # --- one round

    def step(self, state: TrainState, batch: Batch, phase: Phase) -> tuple[TrainState, dict[str, Array]]:
        """Plays one round. batch: {"a", "b"}, leaves [1, B, H, W, C]."""
        key = jax.random.fold_in(state.key, state.step)
        clock = game.clock(self.stretches, state.step)
        pair = batch[self.source][0], batch[self.target][0]
        networks = {
            name: begun_anew(game.begins_anew(self.stretches, state.step, name), each, self.optimizers[name])
            for name, each in state.networks.items()
        }
        memory, metrics = state.memory["loss"], {}
        if self.ema is not None and self.ema.before:
            networks = self._averaged(networks, clock, phase)
        for player, loss in (("discriminator", self._loss_d), ("generator", self._loss_g)):
            of_player = lambda params, pair, key, loss=loss, nets=networks, kept=memory: loss(
                params, nets, kept, pair, key
            )
            networks, outcome = update(networks, (player,), of_player, pair, key, self.optimizers, clock)
            memory = outcome.memory
            metrics |= {f"{_PREFIX[player]}/{name}": each.astype(jnp.float32) for name, each in outcome.metrics.items()}
        if self.ema is not None and not self.ema.before:
            networks = self._averaged(networks, clock, phase)
        return state.replace(step=state.step + 1, networks=networks, memory={"loss": memory}), metrics

    def _passes(self, params: Mapping[str, PyTree], networks: Mapping[str, Network], key: Array) -> Passes:
        modules = {name: getattr(self, name) for name in self.networks}
        return Passes(modules, params, networks, {}, named_key(key, "noise"), {})

    def _loss_d(
        self, params: Mapping[str, PyTree], networks: Mapping[str, Network], memory: PyTree, pair: tuple, key: Array
    ) -> tuple[Array, Outcome]:
        x, y = pair
        passes = self._passes(params, networks, key)
        fake = jax.lax.stop_gradient(passes.nets["generator"](x))
        real = passes.moving("discriminator", _OWN)(self._shown(x, y), noise=named_key(key, "noise_real")).logits
        fake = passes.nets["discriminator"](self._shown(x, fake)).logits
        term = self.loss.discriminator(real, fake, memory)
        total = self.weight_d * term.loss
        metrics = {"adversarial": term.loss, "total": total, **term.metrics, **certainty(real, fake, self.loss)}
        return total, Outcome(metrics, passes.moved, term.memory)

    def _loss_g(
        self, params: Mapping[str, PyTree], networks: Mapping[str, Network], memory: PyTree, pair: tuple, key: Array
    ) -> tuple[Array, Outcome]:
        x, y = pair
        passes = self._passes(params, networks, key)
        fake = passes.moving("generator", _OWN)(x)
        judge = passes.nets["discriminator"]
        real_logits = judge(self._shown(x, y), noise=named_key(key, "noise_real")).logits
        term = self.loss.generator(real_logits, judge(self._shown(x, fake)).logits, memory)
        l1 = jnp.mean(jnp.abs(y - fake))
        total = term.loss + self.weight_l1 * l1  # Eq. (4)
        metrics = {"adversarial": term.loss, "total": total, "l1": l1, **term.metrics}
        return total, Outcome(metrics, passes.moved, term.memory)

    def _averaged(self, networks: dict[str, Network], clock: Clock, phase: Phase) -> dict[str, Network]:
        made = networks["generator"]
        now = {"params": made.params, "stats": made.stats}
        average = self.ema.update(made.ema, now, clock, phase.images_a_round, copied=MOVED_BY_ALL)
        return {**networks, "generator": made.replace(ema=average)}

    # --- the result

    def samplers(self, state: TrainState, phase: Phase, average: bool = True) -> dict[str, TranslatorSampler]:
        """{direction: the generator}."""
        settings: dict[str, Any] = {"source": self.source, "target": self.target}
        settings |= {"statistics": self.statistics, "dropout": self.dropout_when_drawn}
        return {self.direction: translator_of(self.generator, state.networks["generator"], average, **settings)}

    def observers(self, state: TrainState, phase: Phase) -> dict[str, Any]:
        """None: the discriminator looks at pairs."""
        return {}

    def measures(self, state: TrainState, phase: Phase) -> dict[str, Any]:
        return {}
