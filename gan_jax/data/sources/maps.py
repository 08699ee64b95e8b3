"""Map tiles, embedded in the package: satellite pictures and shaded relief of the same places."""

from __future__ import annotations

import json
from importlib import resources

import numpy as np

from gan_jax.data.images.decoding import decode
from gan_jax.data.in_memory import InMemory
from gan_jax.names import one_of

DOMAINS = {"a": "satellite", "b": "relief"}


class Maps(InMemory):
    """1,643 places of 64 x 64 pixels: 1,403 to train on, 240 to test on. Licence: embedded/NOTICE.

    An element is a pair: `a` the satellite picture of a place, `b` its shaded relief. Places are cut from 81 blocks of land,
    12 of which, whole, are the test split, so no test place overlaps a training one; neighbours in a block overlap by 26
    pixels, so there is less data than the number of places says.

    Attributes:
        blocks: int32 [N], the block of each place: what to draw anew where an error's interval is asked for.

    Args:
        split: "train" or "test".
        domain: "a" or "b": single images of that side alone, as `image`, for unpaired games. By default pairs.
    """

    def __init__(self, split: str = "train", domain: str | None = None):
        one_of(split, ("train", "test"), "maps: split")
        if domain is not None:
            one_of(domain, DOMAINS, "maps: domain")
        folder = resources.files("gan_jax.data") / "embedded"
        facts = json.loads((folder / "maps_64.json").read_text(encoding="utf-8"))
        is_test = np.frombuffer(facts["test"].encode(), np.uint8) == ord("1")
        chosen = np.flatnonzero(is_test == (split == "test"))
        tile, columns = facts["tile"], facts["columns"]

        def tiles(key: str) -> np.ndarray:
            name = f"maps_64_{DOMAINS[key]}.webp"
            sheet = decode((folder / name).read_bytes(), name)
            whole = sheet.reshape(-1, tile, columns, tile, 3).swapaxes(1, 2).reshape(-1, tile, tile, 3)
            return whole[chosen]  # of [rows * columns]

        self.blocks = np.asarray(facts["block"], np.int32)[chosen]
        name = f"Maps(split={split!r}{'' if domain is None else f', domain={domain!r}'})"
        leaves = {key: tiles(key) for key in DOMAINS} if domain is None else {"image": tiles(domain)}
        super().__init__(leaves, None, (), name)
