"""The two-player game: a discriminator against a generator, with one loss and any number of regularisers.

A round is `d_steps` updates of the discriminator, each on real images of its own, then one update of the generator.
Nearly every GAN of the literature is this game with other networks, another loss, or one more regulariser.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import linen

from gan_jax.methods.accumulation import mean_over_parts
from gan_jax.methods.descent import descend
from gan_jax.methods.discriminator_features import DiscriminatorFeatures
from gan_jax.methods.generator_sampler import LATENTS, GeneratorSampler, draw_latents
from gan_jax.methods.heads import collect_heads
from gan_jax.methods.player_metrics import player_metrics, update_metrics
from gan_jax.nn.weights import ready_for_passes
from gan_jax.optim import Ema
from gan_jax.types import (
    AdversarialLoss,
    Array,
    Batch,
    Head,
    Network,
    Phase,
    Play,
    PyTree,
    Regularizer,
    Term,
    TrainState,
    named_key,
    over_data,
)

_COLLECTIONS = ("params", "batch_stats", "spectral")
_PREFIX = {"discriminator": "d", "generator": "g"}
_TAKEN = ("loss", "latents", "label", "noise")  # regularisers' names mark memory and seed noise


@dataclasses.dataclass(frozen=True)
class Adversarial:
    """The two-player game as three pure functions: `init`, `step` and `sampler`.

    generator, discriminator: Flax modules, see `gan_jax.architectures`.
    optimizers: "generator" and "discriminator" -> optax transformation; a head has its player's unless it brings one.
    regularizers: by name; the name seeds their noise and marks their memory.
    latent_dim, latent: z is [N, latent_dim], "normal" N(0, 1) or "uniform" U(-1, 1).
    num_classes: 0 for unconditional networks; else fakes get uniformly drawn labels.
    d_steps: discriminator updates for each generator update.
    generator_batch_multiple: fakes in a generator update for each real image of the batch (SNGAN: 2).
    ema: the moving average of the generator; None keeps none.
    accumulate: parts in which each update's batch is played one after the other, for batches beyond the memory. The
        gradient is the mean over the parts. A part is normalised by its own batch statistics; the running ones move once
        an update, by the mean of the parts' moments, as do averages that losses and regularisers keep.
    clip_weights: after each update the discriminator's parameters are clipped to +- this (WGAN); None does not.
    """

    generator: linen.Module
    discriminator: linen.Module
    loss: AdversarialLoss
    optimizers: Mapping[str, optax.GradientTransformation]
    phases: tuple[Phase, ...]
    regularizers: Mapping[str, Regularizer] = dataclasses.field(default_factory=lambda: MappingProxyType({}))
    latent_dim: int = 128
    latent: str = "normal"
    num_classes: int = 0
    d_steps: int = 1
    generator_batch_multiple: int = 1
    ema: Ema | None = None
    clip_weights: float | None = None
    accumulate: int = 1

    def __post_init__(self):
        for name in ("latent_dim", "d_steps", "generator_batch_multiple", "accumulate"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more, got {getattr(self, name)}")
        if self.latent not in LATENTS:
            raise ValueError(f"latent is one of {', '.join(LATENTS)}, not {self.latent!r}")
        if missing := _PREFIX.keys() - self.optimizers.keys():
            raise ValueError(f"optimizers lacks {' and '.join(sorted(missing))}")
        if clash := self.regularizers.keys() & set(_TAKEN):
            raise ValueError(
                f"a regulariser cannot be named {min(clash)!r}: the method's own memory or noise has that name"
            )
        collect_heads(self.regularizers, players=_PREFIX)

    # --- state

    def init(self, key: Array, batch: Batch) -> TrainState:
        """The state before the first round. batch: one round's, leaves [d_steps, B, ...]; only its shapes matter."""
        image = jnp.zeros_like(batch["image"][0, :4])
        n = image.shape[0]
        label = jnp.zeros(n, jnp.int32) if self.num_classes else None
        make = named_key(key, "init")

        def variables(name: str, module: linen.Module, *args: Any, **kwargs: Any) -> dict:
            rngs = {"params": named_key(make, name), "noise": named_key(make, "noise")}
            return dict(module.init(rngs, *args, mutable=_COLLECTIONS, **kwargs))

        latents = jnp.zeros((n, self.latent_dim))
        made = {"generator": variables("generator", self.generator, latents, label, train=False)}
        made["discriminator"] = variables("discriminator", self.discriminator, image, label, train=False)
        features = self.discriminator.apply(made["discriminator"], image, label, train=False).features
        for name, head in self._heads().items():
            made[name] = variables(name, head.module, *head.example(features))
        networks = {name: self._network(name, split) for name, split in made.items()}
        memory = {"loss": self.loss.init()} | {name: r.init() for name, r in self.regularizers.items()}
        return TrainState(jnp.zeros((), jnp.int32), key, networks, memory)

    def _network(self, name: str, variables: dict) -> Network:
        params = variables.pop("params")
        average: PyTree = ()
        if name == "generator" and self.ema is not None:  # buffers of its own: the state is donated to every step
            average = jax.tree.map(jnp.copy, {"params": params, "stats": variables})
        return Network(params, variables, self._optimizer(name).init(params), average)

    def _heads(self) -> dict[str, Head]:
        return collect_heads(self.regularizers, players=_PREFIX)

    def _optimizer(self, name: str) -> optax.GradientTransformation:
        head = self._heads().get(name)
        return self.optimizers[name] if head is None else head.optimizer or self.optimizers[head.player]

    # --- one round

    def step(self, state: TrainState, batch: Batch, phase: Phase) -> tuple[TrainState, dict[str, Array]]:
        """Plays one round. batch: leaves [d_steps, B, ...]. Metrics: {"d/...", "g/..."}, the d ones averaged over d_steps."""
        if (rows := batch["image"].shape[0]) != self.d_steps:
            raise ValueError(f"a round takes d_steps={self.d_steps} batches, got {rows}: leaves are [d_steps, B, ...]")
        key = jax.random.fold_in(state.key, state.step)

        def discriminate(carry: tuple, turn: tuple) -> tuple:
            substep, real = turn
            update = state.step * self.d_steps + substep
            return self._update("discriminator", *carry, real, jax.random.fold_in(key, substep), state.step, update)

        carry = (dict(state.networks), dict(state.memory))
        if self.d_steps == 1:
            carry, of_d = discriminate(carry, (0, jax.tree.map(lambda leaf: leaf[0], batch)))
        else:
            carry, of_d = jax.lax.scan(discriminate, carry, (jnp.arange(self.d_steps), batch))
            of_d = jax.tree.map(jnp.mean, of_d)
        last = jax.tree.map(lambda leaf: leaf[-1], batch)
        key = jax.random.fold_in(key, self.d_steps)
        (networks, memory), of_g = self._update("generator", *carry, last, key, state.step, state.step)
        if self.ema is not None:
            made = networks["generator"]
            average = self.ema.update(made.ema, {"params": made.params, "stats": made.stats}, state.step)
            networks["generator"] = made.replace(ema=average)
        return TrainState(state.step + 1, state.key, networks, memory), of_d | of_g

    def _update(self, player: str, networks: dict, memory: dict, real: Batch, key: Array, round: Array, update: Array):
        """One update of a player and of the heads that are trained with it, by the gradient of the whole batch."""
        trained = [player, *(name for name, head in self._heads().items() if head.player == player)]
        multiple = self.generator_batch_multiple if player == "generator" else 1
        latents = self._latents(key, real["image"].shape[0] * multiple)
        params = {name: networks[name].params for name in trained}

        def gradient(batch: tuple[Batch, Batch], key: Array) -> tuple:
            def total(params: dict) -> tuple[Array, tuple]:
                play, moved = self._play(player, params, networks, memory, *batch, key, round, update)
                terms = self._terms(player, play, memory, key)
                loss = sum(term.loss for term in terms.values())
                kept = {name: term.memory for name, term in terms.items()}
                return loss, (moved, kept, player_metrics(player, loss, terms, play))

            found, (moved, kept, metrics) = jax.grad(total, has_aux=True)(params)
            return found, moved, kept, metrics

        gradients, moved, memory, metrics = mean_over_parts(gradient, (real, latents), key, self.accumulate)
        networks = dict(networks)
        for name in trained:
            stats = networks[name].stats | (moved if name == player else {})
            clip = self.clip_weights if name == "discriminator" else None
            networks[name] = descend(networks[name], self._optimizer(name), gradients[name], stats, clip)
        metrics |= update_metrics(moved, gradients, [networks[name].params for name in trained])
        metrics = {f"{_PREFIX[player]}/{name}": value.astype(jnp.float32) for name, value in metrics.items()}
        return (networks, memory), metrics

    def _latents(self, key: Array, n: int) -> Batch:
        latents = {"z": draw_latents(named_key(key, "latents"), n, self.latent_dim, self.latent)}
        if self.num_classes:
            latents["label"] = jax.random.randint(named_key(key, "label"), (n,), 0, self.num_classes)
        return over_data(latents)

    def _play(self, player, params, networks, memory, real, latents, key, round, update) -> tuple[Play, dict]:
        """The player's view of this update, and its batch statistics as its own forward pass moved them."""
        if self.num_classes and "label" not in real:
            raise ValueError("class-conditional networks need labels, and the data has none")
        # D sees real images through noise of their own; all else shares one, unless a regulariser gives another.
        noise, of_real = named_key(key, "noise"), named_key(key, "noise_real")
        modules = {"generator": self.generator, "discriminator": self.discriminator}
        modules |= {name: head.module for name, head in self._heads().items()}
        variables = {n: {"params": params.get(n, net.params), **net.stats} for n, net in networks.items()}
        variables = {n: ready_for_passes(modules[n], each) for n, each in variables.items()}

        def apply(name: str, x: Array, label: Array | None = None, noise: Array = noise, **options: Any) -> Any:
            return modules[name].apply(variables[name], x, label, train=True, rngs={"noise": noise}, **options)

        moving = functools.partial(apply, mutable=["batch_stats"])
        nets = {name: functools.partial(apply, name) for name in _PREFIX}  # these move no statistics
        for name in modules.keys() - nets.keys():  # heads
            nets[name] = lambda *args, name=name: modules[name].apply(variables[name], *args)

        fake_label = latents.get("label")
        if player == "discriminator":
            images = jax.lax.stop_gradient(nets["generator"](latents["z"], fake_label))
            on_real, moved = moving("discriminator", real["image"], real.get("label"), of_real)
        else:
            images, moved = moving("generator", latents["z"], fake_label, noise)
            on_real = nets["discriminator"](real["image"], real.get("label"), noise=of_real)
        fake = {"image": over_data(images)} | ({"label": fake_label} if fake_label is not None else {})
        on_fake = nets["discriminator"](fake["image"], fake_label)
        adversarial = lambda real, fake: getattr(self.loss, player)(real, fake, memory["loss"]).loss
        return Play(nets, real, latents, fake, on_real, on_fake, key, round, update, adversarial), dict(moved)

    def _terms(self, player: str, play: Play, memory: dict, key: Array) -> dict[str, Term]:
        terms = {"loss": getattr(self.loss, player)(play.on_real.logits, play.on_fake.logits, memory["loss"])}
        for name, regularizer in self.regularizers.items():
            seen = dataclasses.replace(play, key=named_key(key, name))
            terms[name] = getattr(regularizer, player)(seen, memory[name])
        return terms

    # --- the result

    def sampler(self, state: TrainState, phase: Phase, average: bool = True) -> GeneratorSampler:
        """The generator as scores and pictures see it: its moving average where one is kept, unless average=False."""
        network = state.networks["generator"]
        kept = average and self.ema is not None
        weights = network.ema if kept else {"params": network.params, "stats": network.stats}
        variables = {"params": weights["params"], **weights["stats"]}
        return GeneratorSampler(self.generator, variables, self.latent_dim, self.latent, self.num_classes)

    def discriminator_features(self, state: TrainState, phase: Phase) -> DiscriminatorFeatures:
        """The discriminator as linear probes see it: frozen, images -> its taps."""
        network = state.networks["discriminator"]
        return DiscriminatorFeatures(self.discriminator, {"params": network.params, **network.stats}, self.num_classes)
