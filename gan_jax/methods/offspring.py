"""The children of a population: born by mutation, and judged by images of their own."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp

from gan_jax.game import Phase
from gan_jax.methods.environment import verdict
from gan_jax.methods.evolution import MUTATIONS, fitness, over_members
from gan_jax.methods.passes import Passes
from gan_jax.methods.update import MOVED_BY_ALL, MOVED_BY_ITS_PLAYER, Outcome, update
from gan_jax.types import Array, Batch, Clock, Network, PyTree, named_key, over_data

if TYPE_CHECKING:
    from gan_jax.methods.evolutionary import Evolutionary


def children(
    method: Evolutionary,
    parents: Network,
    judge: Network,
    real: Batch,
    size: int,
    key: Array,
    clock: Clock,
    phase: Phase,
) -> tuple[Network, Batch, dict[str, Array]]:
    """(children, the images that they were judged by and what made these, what was found), leaves [children, ...].

    Child i is parent i // mutations by mutation i % mutations. real: what their images are judged beside; size: how many
    images each makes.
    """
    kinds = len(method.mutations)
    index = jnp.arange(method.survivors * kinds)
    keys = jax.vmap(functools.partial(jax.random.fold_in, named_key(key, "child")))(index)

    def born(parent: Network, kind: Array, key: Array) -> tuple[Network, Batch, dict[str, Array]]:
        networks, told = {"generator": parent, "discriminator": judge}, {}
        for i in range(phase.g_steps):
            own = jax.random.fold_in(named_key(key, "mutation"), i)
            networks, told = _mutated(method, networks, kind, own, clock, phase.batch_size)
        child = networks["generator"]
        if method.ema is not None:
            now = {"params": child.params, "stats": child.stats}
            average = method.ema.update(child.ema, now, clock, phase.images_a_round, copied=MOVED_BY_ALL)
            child = child.replace(ema=average)
        own = named_key(key, "evaluation")
        latents = _drawn(method, own, size)
        make = _passes(method, {}, networks, named_key(own, "noise"), clock).nets["generator"]
        made = {**latents, "image": over_data(make(latents["z"], latents.get("label")))}
        logits, gradients = verdict(method, judge, real, made, own, clock)
        whole, quality, diversity = fitness(logits, gradients, method.gamma)
        found = {"fitness": whole, "quality": quality, "diversity": diversity}
        found |= {"adversarial": MUTATIONS["heuristic"](logits), **told}
        return child, made, {name: value.astype(jnp.float32) for name, value in found.items()}

    return over_members(born, jax.tree.map(lambda leaf: jnp.repeat(leaf, kinds, 0), parents), index % kinds, keys)


def _mutated(
    method: Evolutionary, networks: Mapping[str, Network], kind: Array, key: Array, clock: Clock, n: int
) -> tuple[dict[str, Network], Mapping[str, Array]]:
    """The networks after an update of the generator by the mutation of number `kind`, on n fakes, and what it tells."""

    def loss(params: Mapping[str, PyTree], latents: Batch, key: Array) -> tuple[Array, Outcome]:
        passes = _passes(method, params, networks, named_key(key, "noise"), clock)
        make = passes.moving("generator", (*MOVED_BY_ITS_PLAYER, *MOVED_BY_ALL))
        images = over_data(make(latents["z"], latents.get("label")))
        fake = passes.nets["discriminator"](images, latents.get("label")).logits
        total = jnp.stack([MUTATIONS[name](fake) for name in method.mutations])[kind]
        return total, Outcome({"total": total}, passes.moved)

    networks, outcome = update(networks, ["generator"], loss, _drawn(method, key, n), key, method.optimizers, clock)
    return networks, outcome.metrics


def _drawn(method: Evolutionary, key: Array, n: int) -> Batch:
    latents = {"z": method.latents.draw(named_key(key, "latents"), n)}
    if method.num_classes:
        latents["label"] = jax.random.randint(named_key(key, "label"), (n,), 0, method.num_classes)
    return over_data(latents)


def _passes(
    method: Evolutionary, params: Mapping[str, PyTree], networks: Mapping[str, Network], noise: Array, clock: Clock
) -> Passes:
    modules = {"generator": method.generator, "discriminator": method.discriminator}
    return Passes(modules, params, networks, {}, noise, {}, clock)


def together(real: Batch, most: int) -> Batch:
    """Leaves [d_steps, B, ...] -> [n, ...]: all of a round's real images, or `most` of them; each device keeps its own."""

    def joined(leaf: Array) -> Array:
        rows = jnp.moveaxis(leaf, 0, 1).reshape(-1, *leaf.shape[2:])
        return over_data(rows[:most])

    return jax.tree.map(joined, real)


def shuffled(made: Batch, key: Array, phase: Phase) -> Batch:
    """Leaves [survivors, n, ...] -> [d_steps, B, ...]: all survivors' images in one order by chance, cut."""
    survivors, n = made["image"].shape[:2]
    order = jax.random.permutation(key, survivors * n)[: phase.images_a_round]

    def cut(leaf: Array) -> Array:
        rows = leaf.reshape(-1, *leaf.shape[2:])[order]
        return rows.reshape(phase.d_steps, phase.batch_size, *leaf.shape[2:])

    return jax.tree.map(cut, made)
