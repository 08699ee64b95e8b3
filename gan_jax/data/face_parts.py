"""Where the parts of the embedded faces are, composed from the drawings that each face is stacked of."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib import resources

import numpy as np

PARTS = ("hair", "eyes", "glasses", "beard", "mouth")


def part_masks(
    variants: Mapping[str, np.ndarray], flowers: np.ndarray, facing_left: np.ndarray, size: int = 64
) -> np.ndarray:
    """bool [N, 5, size, size]: the visible part of each of `PARTS`.

    A pixel of 64 belongs to hair or beard where they cover half of it; to eyes, mouth or glasses, which are lines about
    a pixel wide, where these with what they enclose cover a quarter. A pixel of 32 belongs where two of its four do.

    Args:
        variants: for each group of drawings which one each face has, int [N]; -1 where it has none.
        flowers, facing_left: bool [N]; a face that looks left is mirrored, and so are its masks.
        size: 64 or 32.
    """
    of = lambda group, drawn: _drawings()[group][drawn]  # [N, 64, 64]
    blossoms, front = of("flowers", np.where(flowers, 0, -1)), of("hair_front", variants["hair"])
    over, frame, beard = front | blossoms, of("glasses_ink", variants["glasses"]), of("beard", variants["beard"])
    mouth = of("mouth", variants["mouth"]) & ~over
    behind = of("hair_back", variants["hair"]) & ~of("head", variants["head"]) & ~beard
    masks = (
        (front | behind) & ~blossoms,
        of("eyes", variants["eyes"]) & ~over & ~frame,
        of("glasses", variants["glasses"]) & ~over,
        beard & ~over & ~mouth & ~frame,
        mouth,
    )
    stacked = np.stack(masks, axis=1)
    stacked[facing_left] = stacked[facing_left][..., ::-1]
    if size == stacked.shape[-1]:
        return stacked
    return stacked.reshape(*stacked.shape[:2], size, 2, size, 2).sum((3, 5)) >= 2


@functools.cache
def _drawings() -> dict[str, np.ndarray]:
    """By group bool [drawings + 1, 64, 64]; the last one is empty, so that -1 is no drawing."""
    file = resources.files("gan_jax.data") / "embedded" / "lorelei_64_masks.npz"
    with resources.as_file(file) as path, np.load(path, allow_pickle=False) as packed:
        unpacked = {group: np.unpackbits(packed[group], axis=-1).astype(bool) for group in packed.files}
    return {group: np.pad(masks, ((0, 1), (0, 0), (0, 0))) for group, masks in unpacked.items()}
