"""What scores see of a network: 8-bit images in, named features out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flax import struct

from gan_jax.types import Array, PyTree


class Extractor(struct.PyTreeNode):
    """A network with its weights. It is a pytree, so it can be handed to a jitted function.

    Called with images uint8 [B, H, W, C] it gives {tap: float32 [B, F]}; the published networks take 1 channel as grey.
    What it does to the images before the network, resizing included, is part of it.
    """

    apply: Callable[[PyTree, Array], Mapping[str, Array]] = struct.field(pytree_node=False)
    variables: PyTree
    name: str = struct.field(pytree_node=False)  # as in records: "inception_2015", "digits"
    resize: str = struct.field(pytree_node=False)  # "tf1", "clean", or "none"
    weights: str = struct.field(pytree_node=False)  # SHA-256 of the weights, see `gan_jax.features.weights`
    attributes: tuple[str, ...] = struct.field(pytree_node=False, default=())  # of a tap "logits" that tells of some
    classes: tuple[str, ...] = struct.field(pytree_node=False, default=())  # of one that tells classes

    def __call__(self, images: Array) -> Mapping[str, Array]:
        return self.apply(self.variables, images)
