"""What regularisers share: one that does nothing, of which a new one overrides what it needs, and a check."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import jax.numpy as jnp

from gan_jax.types import Batch, Head, Measured, Play, PyTree, Term, Verdict


@dataclasses.dataclass(frozen=True)
class Nothing:
    """No heads, no memory, no addend for either player, no measure."""

    def heads(self) -> Mapping[str, Head]:
        return {}

    def init(self) -> PyTree:
        return ()

    def discriminator(self, play: Play, memory: PyTree) -> Term:
        return Term(jnp.zeros(()), memory)

    def generator(self, play: Play, memory: PyTree) -> Term:
        return Term(jnp.zeros(()), memory)

    def measures(self) -> Mapping[str, tuple[Measured, Mapping[str, float]]]:
        return {}


def require_single_images(name: str, verdict: Verdict, batch: Batch) -> None:
    """Raises ValueError where a discriminator judges packs of images, for a regulariser that asks about each image."""
    if verdict.features["pooled"].shape[0] != batch["image"].shape[0]:
        raise ValueError(f"{name} asks about single images, and this discriminator judges packs of them")
