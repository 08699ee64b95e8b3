"""Looking through trained networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen, struct

from gan_jax.types import Array, Batch, Verdict


class DiscriminatorObserver(struct.PyTreeNode):
    """A discriminator and its variables, frozen: images [B, *shape] -> {tap: activations [B, ..., F]}.

    Running statistics, no state; it is a pytree, so it can be handed to a jitted function. The taps know no label: a
    class-conditional discriminator is called with class 0. growth: keyword arguments of one that grows.
    """

    discriminator: linen.Module = struct.field(pytree_node=False)
    variables: Any
    num_classes: int = struct.field(pytree_node=False, default=0)
    growth: Mapping[str, Any] = struct.field(default_factory=dict)

    def __call__(self, images: Array) -> Mapping[str, Array]:
        return self._verdict(images).features

    def logits(self, images: Array) -> Array:
        """How real it takes images [B, *shape] to be: [B]; of one that judges packs, each as a pack of copies."""
        return self._verdict(images).logits

    def _verdict(self, images: Array) -> Verdict:
        label = jnp.zeros(images.shape[0], jnp.int32) if self.num_classes else None
        rngs = {"noise": jax.random.key(0)}
        return self.discriminator.apply(self.variables, images, label, train=False, rngs=rngs, **self.growth)


class GameMeasure(struct.PyTreeNode):
    """A regulariser's own score as a `gan_jax.game.Measure`: (key, batch) -> [].

    measure: (nets, sampler, key, batch, **settings) -> [], see `types.Regularizer.measures`. nets: by name, functions that
    hold the heads' variables and the discriminator's features. settings: numbers that it can be asked at, as arrays.
    """

    measure: Callable = struct.field(pytree_node=False)
    sampler: Any
    observer: Any
    heads: Mapping[str, Any]  # variables, by name
    modules: tuple[tuple[str, linen.Module], ...] = struct.field(pytree_node=False)  # (name, module) of the heads
    settings: Mapping[str, Any] = struct.field(default_factory=dict)

    def __call__(self, key: Array, batch: Batch) -> Array:
        bound = lambda name, module: lambda *args: module.apply(self.heads[name], *args)
        nets = {name: bound(name, module) for name, module in self.modules}
        nets["discriminator"] = self.observer
        return self.measure(nets, self.sampler, key, batch, **self.settings)
