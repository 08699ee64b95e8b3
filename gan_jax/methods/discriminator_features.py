"""Looking through a trained discriminator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen, struct

from gan_jax.types import Array


class DiscriminatorFeatures(struct.PyTreeNode):
    """A discriminator and its variables, frozen: images [B, H, W, C] in [-1, 1] -> {tap: activations [B, ..., F]}.

    Running statistics, no state; it is a pytree, so it can be handed to a jitted function. The taps know no label: a
    class-conditional discriminator is called with class 0.
    """

    discriminator: linen.Module = struct.field(pytree_node=False)
    variables: Any
    num_classes: int = struct.field(pytree_node=False)

    def __call__(self, images: Array) -> Mapping[str, Array]:
        label = jnp.zeros(images.shape[0], jnp.int32) if self.num_classes else None
        rngs = {"noise": jax.random.key(0)}
        return self.discriminator.apply(self.variables, images, label, train=False, rngs=rngs).features
