"""A sampler whose layers are edited, always: what a score or a picture sees of units that are switched off."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax

from gan_jax.game import Edit, Sampler
from gan_jax.types import Array, Batch


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Edited:
    """A sampler with edits by name of the layer. A `gan_jax.game.Sampler`, and a pytree."""

    sampler: Any
    edits: Mapping[str, Edit]

    def synthesize(
        self, codes: Batch, taps: tuple[str, ...] = (), edits: Mapping[str, Edit] | None = None
    ) -> tuple[Array, Mapping[str, Array]]:
        """As the sampler's own. Raises ValueError for a second edit of a layer."""
        if twice := [name for name in edits or () if name in self.edits]:
            raise ValueError(f"{', '.join(twice)} is edited by this sampler already: edit the sampler below it")
        return self.sampler.synthesize(codes, taps, {**self.edits, **(edits or {})})

    def replace(self, **changes: Any) -> Edited:
        """Raises ValueError: what changes how a generator draws is chosen before its layers are edited."""
        raise ValueError("edit last: first truncation, then statistics, then noise, then edits, then the label")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.sampler, name)


def with_edits(sampler: Sampler, edits: Mapping[str, Edit]) -> Edited:
    """The same, with edits of its layers in every image.

    Raises ValueError for a layer that there is not, with those there are, and for an edit of another shape.
    """
    edited = Edited(sampler, dict(edits))
    if not sampler.given:
        jax.eval_shape(
            lambda each: each.synthesize(each.map(each.starts(jax.random.key(0), jax.numpy.arange(1)))), edited
        )
    return edited
