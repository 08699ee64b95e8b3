"""The small networks that regularisers bring."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from gan_jax.types import Head, Regularizer


def collect_heads(regularizers: Mapping[str, Regularizer], players: Collection[str]) -> dict[str, Head]:
    """All heads by name. Raises ValueError where two networks have one name, or a head's player is none of `players`."""
    found: dict[str, Head] = {}
    for owner, regularizer in regularizers.items():
        for name, head in regularizer.heads().items():
            if name in found or name in players:
                raise ValueError(f"two networks are named {name!r}; the second is a head of regulariser {owner!r}")
            if head.player not in players:
                raise ValueError(f"head {name!r} is trained with {head.player!r}, which is no player")
            found[name] = head
    return found
