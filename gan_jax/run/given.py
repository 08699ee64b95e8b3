"""Real elements that samplers of images start from, by index and without chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gan_jax.data import EightBit, Preprocessing


class Given:
    """Indices [n] -> {key: float32 [n, H, W, C] in [-1, 1]}: element i of a sample starts from element i of the data.

    Beyond its end the data begins anew. source: one, or one for each domain. shape: of a smaller phase than the whole.
    """

    def __init__(
        self, source: Any, preprocessing: Preprocessing, keys: Sequence[str], shape: tuple[int, ...] | None = None
    ):
        self._sets = {key: EightBit(source, preprocessing, key=key, shape=shape) for key in keys}

    def __call__(self, indices: np.ndarray) -> dict[str, np.ndarray]:
        found = {}
        for key, images in self._sets.items():
            pixels = images.images(np.asarray(indices, np.int64) % len(images))
            found[key] = pixels.astype(np.float32) / 127.5 - 1
        return found
