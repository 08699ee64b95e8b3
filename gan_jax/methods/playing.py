"""What a player of the two-player game sees in one update, and the addends of its loss."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from gan_jax import game
from gan_jax.game import Phase
from gan_jax.methods.growth import faded, growth
from gan_jax.methods.heads import collect_heads
from gan_jax.methods.passes import Passes
from gan_jax.methods.update import MOVED_BY_ALL, MOVED_BY_ITS_PLAYER
from gan_jax.types import Array, Batch, Clock, Network, Play, PyTree, Term, named_key, over_data

if TYPE_CHECKING:
    from gan_jax.methods.adversarial import Adversarial
    from gan_jax.methods.evolutionary import Evolutionary


def drawn(method: Adversarial, key: Array, real: Batch, multiple: int) -> Batch:
    """{"z": [N, Z], "label": [N] where the game has classes} of `multiple` fakes for each real image."""
    n = real["image"].shape[0] * multiple
    latents = {"z": method.latents.draw(named_key(key, "latents"), n)}
    if method.num_classes and method.fake_labels == "data" and "label" in real:
        latents["label"] = jnp.repeat(real["label"], multiple)
    elif method.num_classes:
        latents["label"] = jax.random.randint(named_key(key, "label"), (n,), 0, method.num_classes)
    return over_data(latents)


def seen(
    method: Adversarial,
    player: str,
    params: Mapping[str, PyTree],
    networks: Mapping[str, Network],
    memory: Mapping[str, Any],
    real: Batch,
    latents: Batch,
    key: Array,
    clock: Clock,
    number: Array,
    phase: Phase,
) -> tuple[Play, dict[str, PyTree]]:
    """The player's view of this update, and by network the collections that its own forward passes moved.

    params: of the networks being trained. number: of the update, among all of this player.
    """
    if method.num_classes and "label" not in real:
        raise ValueError("class-conditional networks need labels, and the data has none")
    # D sees real images through noise of its own; all else shares one, unless a regulariser gives another.
    noise, of_real = named_key(key, "noise"), named_key(key, "noise_real")
    heads = collect_heads(method.regularizers, players=method.networks)
    modules = {"generator": method.generator, "discriminator": method.discriminator}
    modules |= {name: head.module for name, head in heads.items()}
    grown = growth(method.stretches, phase, game.fade(method.stretches, clock.round))
    real = {**real, "image": faded(method.stretches, real["image"], clock.round)}
    passes = Passes(modules, params, networks, heads, noise, grown, clock)
    own = (*MOVED_BY_ITS_PLAYER, *MOVED_BY_ALL)

    fake_label = latents.get("label")
    if player == "discriminator":
        make, judge = passes.moving("generator", MOVED_BY_ALL), passes.moving("discriminator", own)
        images = jax.lax.stop_gradient(make(latents["z"], fake_label))
    else:
        make, judge = passes.moving("generator", own), passes.nets["discriminator"]
        images = make(latents["z"], fake_label)
    on_real = judge(real["image"], real.get("label"), noise=of_real)
    fake = {"image": over_data(images)} | ({"label": fake_label} if fake_label is not None else {})
    on_fake = passes.nets["discriminator"](fake["image"], fake_label)
    adversarial = lambda real, fake: getattr(method.loss, player)(real, fake, memory["loss"]).loss
    play = Play(passes.nets, real, latents, fake, on_real, on_fake, key, clock, number, adversarial)
    return play, passes.moved


def addends(
    method: Adversarial | Evolutionary, player: str, play: Play, memory: Mapping[str, Any], key: Array
) -> dict[str, Term]:
    """The addends of the player's loss: its own, "loss", and each regulariser's, by name."""
    terms = {"loss": getattr(method.loss, player)(play.on_real.logits, play.on_fake.logits, memory["loss"])}
    for name, regularizer in method.regularizers.items():
        own = dataclasses.replace(play, key=named_key(key, name))
        terms[name] = getattr(regularizer, player)(own, memory[name])
    return terms


def resting_networks(method: Adversarial, player: str, terms: Mapping[str, Term]) -> dict[str, Array]:
    """The player itself and its heads where they rest, by what the loss and the heads' regularisers say."""
    own = {} if terms["loss"].rests is None else {player: terms["loss"].rests}
    return own | {
        name: rests
        for owner, regularizer in method.regularizers.items()
        for name, head in regularizer.heads().items()
        if head.player == player and (rests := terms[owner].rests) is not None
    }
