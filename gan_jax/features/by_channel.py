"""A network of grey images on each channel of others apart: what digits are stacked in an image's channels."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import jax.numpy as jnp

from gan_jax.features.extractor import Extractor
from gan_jax.types import Array, PyTree

BY_CHANNEL = "/by_channel"  # at the end of a network's name


def by_channel(network: Extractor) -> Extractor:
    """images uint8 [B, H, W, C] -> {tap: [B, C * F]}: channel c's features are c * F to (c + 1) * F - 1."""
    return network.replace(apply=_ByChannel(network.apply), name=network.name + BY_CHANNEL)


@dataclasses.dataclass(frozen=True)
class _ByChannel:
    """What the extractor does; equal where its network is, so that a jitted caller compiles once."""

    apply: Callable[[PyTree, Array], Mapping[str, Array]]

    def __call__(self, variables: PyTree, images: Array) -> dict[str, Array]:
        batch, height, width, channels = images.shape
        grey = jnp.moveaxis(images, -1, 1).reshape(batch * channels, height, width, 1)
        return {tap: value.reshape(batch, -1) for tap, value in self.apply(variables, grey).items()}
