"""PacGAN: a discriminator that judges several images at once (Lin et al., arXiv:1712.04086)."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax import ranges
from gan_jax.architectures.augmented import Augmented
from gan_jax.types import Verdict


def pack(images: jax.Array, m: int) -> jax.Array:
    """Neighbours in the batch, side by side on the channel axis: [B, *space, C] -> [B / m, *space, m * C]."""
    if images.shape[0] % m:
        raise ValueError(f"packs of m={m} do not divide a batch of {images.shape[0]} images")
    packs = images.reshape(-1, m, *images.shape[1:])
    packs = jnp.moveaxis(packs, 1, -2)  # [B / m, *space, m, C]
    return packs.reshape(*packs.shape[:-2], -1)


class Packed(linen.Module):
    """images [B, H, W, C] -> one Verdict for each pack of m: logits [B / m], features [B / m, ...].

    A pack shows D whether images vary: samples that are all alike give themselves away. Only D changes.
    The discriminator is made for m * C channels, whatever it was given. train=False judges each image as a pack of m
    copies of it, so that features are of single images: [B, ...].
    Unconditional only: the images of a pack would need one class. To
    transform what D sees, wrap Packed in Augmented, not the other way round.
    """

    discriminator: linen.Module
    m: int
    image_shape: tuple[int, ...]
    num_classes: int = 0

    def __post_init__(self):
        ranges.whole("m", self.m, 2)
        if self.num_classes or getattr(self.discriminator, "num_classes", 0):
            raise ValueError(
                "packing is for unconditional networks, one class for each pack is not to be had: set "
                "method.num_classes to 0"
            )
        if isinstance(self.discriminator, Augmented):
            raise ValueError("transforms are of single images: let Augmented wrap Packed, not Packed Augmented")
        wide = (*self.image_shape[:-1], self.m * self.image_shape[-1])
        if tuple(self.discriminator.image_shape) != wide:
            object.__setattr__(self, "discriminator", self.discriminator.clone(image_shape=wide))
        super().__post_init__()

    @property
    def dtype(self) -> Any:
        """The discriminator's."""
        return getattr(self.discriminator, "dtype", None)

    @property
    def in_float32(self) -> tuple[str, ...]:
        """The discriminator's."""
        return getattr(self.discriminator, "in_float32", ())

    @linen.compact
    def __call__(
        self, images: jax.Array, label: jax.Array | None = None, train: bool = False, fade: jax.Array | None = None
    ) -> Verdict:
        growth = {} if fade is None else {"fade": fade}
        del label  # the data may have classes that these networks do not know
        packs = pack(images, self.m) if train else jnp.tile(images, (1,) * (images.ndim - 1) + (self.m,))
        return self.discriminator(packs, None, train=train, **growth)
