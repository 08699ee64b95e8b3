"""A sampler's networks applied to one element at a time, so that each has noise and statistics of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax

from gan_jax.game import Edit
from gan_jax.types import Array, Batch


def one_by_one(
    apply: Callable[[Batch, Mapping[str, Edit], bool], Any], codes: Batch, edits: Mapping[str, Edit], taps: bool
) -> tuple[Array, Mapping[str, Array]]:
    """apply(codes, edits, taps) of codes with leaves [n, ...], as n calls with leaves [1, ...], under one `vmap`."""
    of_each = {name: len(edit.where) > 1 for name, edit in edits.items()}  # not one edit for all images
    axes = {name: Edit(0 if own else None, None, None) for name, own in of_each.items()}

    def one(codes: Batch, edits: Mapping[str, Edit]) -> Any:
        whole = {
            name: edit._replace(where=edit.where[None] if of_each[name] else edit.where) for name, edit in edits.items()
        }
        made = apply(jax.tree.map(lambda leaf: leaf[None], codes), whole, taps)
        return jax.tree.map(lambda leaf: leaf[0], made)

    return jax.vmap(one, in_axes=(0, axes))(codes, dict(edits))
