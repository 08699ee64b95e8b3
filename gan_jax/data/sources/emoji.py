"""Noto Emoji at 32 x 32, embedded in the package: real, labelled and colourful, but few."""

from __future__ import annotations

import json
from importlib import resources

import numpy as np

from gan_jax.data.images.decoding import decode
from gan_jax.data.in_memory import InMemory
from gan_jax.names import one_of


class Emoji(InMemory):
    """1,906 RGB emoji of 32 x 32 in 9 classes: 1,716 to train on, 190 to test on. Licence: embedded/NOTICE.

    Args:
        split: "train" or "test". All variants of one code point are on the same side.
    """

    def __init__(self, split: str = "train"):
        one_of(split, ("train", "test"), "emoji: split")
        folder = resources.files("gan_jax.data") / "embedded"
        facts = json.loads((folder / "noto_emoji_32.json").read_text(encoding="utf-8"))
        sheet = decode((folder / "noto_emoji_32.png").read_bytes(), "noto_emoji_32.png")
        tile, columns = facts["tile"], facts["columns"]
        tiles = sheet.reshape(-1, tile, columns, tile, 3).swapaxes(1, 2).reshape(-1, tile, tile, 3)  # [rows * columns]
        is_test = np.isin(np.arange(facts["count"]), facts["test"])
        chosen = np.flatnonzero(is_test if split == "test" else ~is_test)
        labels = np.asarray(facts["labels"])[chosen]
        super().__init__(tiles[chosen], labels, facts["categories"], f"Emoji(split={split!r})")
