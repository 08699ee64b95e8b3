"""Named activations: read by whoever asks for them, changed by whoever brings an edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
from flax import linen, traverse_util

from gan_jax.game import Edit
from gan_jax.types import Array


def tap(module: linen.Module, name: str, x: Array) -> Array:
    """Gives an activation [N, *space, C] a name, below the module's own. -> x, edited where an edit of that name is there.

    Where the collection "taps" is mutable, x is sown there as it goes on. Edits stand in the collection "edits".
    """
    if module.has_variable("edits", name):
        x = edited(x, module.get_variable("edits", name), name)
    module.sow("taps", name, x)
    return x


def edited(x: Array, edit: Edit, name: str = "") -> Array:
    """x + where * (x * (scale - 1) + shift), and x itself, to the bit, where `where` is 0. In x's dtype.

    x [N, *space, C]; see `gan_jax.game.Edit`. Raises ValueError for an edit of another shape.
    """
    where, scale, shift = (jnp.asarray(each, x.dtype) for each in edit)
    fits = where.ndim == x.ndim and where.shape[-1] == 1
    fits = fits and all(w in (1, side) for w, side in zip(where.shape[:-1], x.shape[:-1], strict=True))
    if not fits or scale.shape != x.shape[-1:] or shift.shape != x.shape[-1:]:
        raise ValueError(
            f"an edit of {name or 'an activation'} {list(x.shape)} has where {[*x.shape[:-1], 1]} (or 1 for a side), "
            f"scale and shift {[x.shape[-1]]}; got {list(where.shape)}, {list(scale.shape)} and {list(shift.shape)}"
        )
    return jnp.where(where == 0, x, x + where * (x * (scale - 1) + shift))


def as_collection(edits: Mapping[str, Edit]) -> dict[str, Any]:
    """Edits by name, "block0" or "mapping/layer3", as the collection that `tap` reads."""
    return traverse_util.unflatten_dict({tuple(name.split("/")): edit for name, edit in edits.items()})


def activations(sown: Mapping[str, Any]) -> dict[str, Array]:
    """The collection "taps", by name."""
    flat = traverse_util.flatten_dict(sown.get("taps", {}), sep="/")
    return {name: values[-1] for name, values in flat.items()}


def require_taps(asked: Mapping[str, Any] | tuple[str, ...], known: Mapping[str, Any]) -> None:
    """Raises ValueError, with those there are, for names that are not among the known taps."""
    if missing := [name for name in asked if name not in known]:
        raise ValueError(f"the network has no tap {', '.join(missing)}; it has {', '.join(known)}")
