"""Whether a game's parts fit each other, asked before training."""

from __future__ import annotations

from typing import Any


def require_fit(game: Any) -> None:
    """Asks the loss and every regulariser, and what they wrap, by their method `check(game)` where they have one.

    It raises ValueError, with what to change, where the game's networks, latents or classes are not what they need.
    """
    for part in (game.loss, *game.regularizers.values()):
        inner = part
        while inner is not None:
            if check := getattr(inner, "check", None):
                check(game)
            inner = getattr(inner, "regularizer", getattr(inner, "loss", None))
