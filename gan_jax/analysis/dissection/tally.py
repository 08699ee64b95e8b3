"""Activations of units counted by level, over all pixels of a sample and over those of each class.

Two passes: the first for each unit's range, the second for a histogram of `BINS` equal steps of that range. Any level that is
the lower edge of a bin is then exact: a unit fires where its activation lies in that bin or above. A level that is asked for
by its quantile is such an edge, at most one bin (1 / 4096 of the unit's range) above the sample's quantile.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.game import Sampler
from gan_jax.nn.compiling import compiled
from gan_jax.types import Array, Batch

BINS = 4096
AT_ONCE, FEW = 50, 10  # images
Indices = Sequence[int] | np.ndarray  # whole numbers


@dataclasses.dataclass
class Tally:
    """Counts of pixels by level. Empty at first: `add` counts.

    low, high: [C], each unit's smallest and largest activation. classes: how many (K).
    counts: int64 [K + 1, C, BINS], of pixels in each class, and at last of all. pixels: int64 [K + 1], likewise.
    """

    low: np.ndarray
    high: np.ndarray
    classes: int

    def __post_init__(self) -> None:
        self.counts = np.zeros((self.classes + 1, len(self.low), BINS), np.int64)
        self.pixels = np.zeros(self.classes + 1, np.int64)

    def add(self, bins: np.ndarray, masks: np.ndarray) -> None:
        """bins: whole numbers [n, H, W, C], as `binned` gives them; masks: bool [n, H, W, K]."""
        units = bins.shape[-1]
        places = (bins.reshape(-1, units).astype(np.int64) + np.arange(units) * BINS).reshape(-1, units)
        masks = masks.reshape(-1, self.classes)
        for k in range(self.classes + 1):
            chosen = places if k == self.classes else places[masks[:, k]]
            self.counts[k] += np.bincount(chosen.reshape(-1), minlength=units * BINS).reshape(units, BINS)
            self.pixels[k] += len(chosen)

    def fires(self) -> np.ndarray:
        """int64 [K + 1, C, BINS]: how many pixels fire at the level of each bin: those in it or above."""
        return np.cumsum(self.counts[..., ::-1], -1)[..., ::-1]

    def levels(self) -> np.ndarray:
        """[C, BINS], the lower edge of each bin."""
        return self.low[:, None] + (self.high - self.low)[:, None] * np.arange(BINS) / BINS

    def bin_of_quantile(self, top: float) -> np.ndarray:
        """[C], the first bin at whose level at most `top` of all pixels fire; the last where that is never."""
        few = self.fires()[-1] <= top * self.pixels[-1]
        return np.where(few.any(-1), np.argmax(few, -1), BINS - 1)


def upsampled(x: Array, size: tuple[int, int]) -> Array:
    """[n, h, w, C] -> [n, H, W, C], bilinear, pixels as areas: the corners of the images meet, not the centres of their corner
    pixels; beyond the outermost centres it is constant. A smaller size samples, and does not average."""
    return jax.image.resize(x, (len(x), *size, x.shape[-1]), "linear", antialias=False)


def binned(x: Array, low: Array, high: Array) -> Array:
    """The bin of each activation [..., C], int32; a unit that never changes is in bin 0."""
    shape = (1,) * (x.ndim - 1) + (-1,)
    low, high = low.reshape(shape), high.reshape(shape)
    share = jnp.where(high > low, (x - low) / jnp.where(high > low, high - low, 1.0), 0.0)
    return jnp.clip(jnp.floor(share * BINS).astype(jnp.int32), 0, BINS - 1)


def drawn(sampler: Sampler, key: Array, indices: Array) -> Batch:
    """The codes of elements `indices` [n] of a sample."""
    return sampler.map(sampler.starts(key, indices))


def _acts(sampler: Sampler, key: Array, indices: Array, layer: str) -> tuple[Array, Array]:
    images, taps = sampler.synthesize(drawn(sampler, key, indices), taps=(layer,))
    return images, taps[layer]


def _ranges(sampler: Sampler, key: Array, indices: Array, layer: str) -> tuple[Array, Array, Array]:
    images, x = _acts(sampler, key, indices, layer)
    x = upsampled(x.astype(jnp.float32), images.shape[1:3])
    return images, jnp.min(x, (0, 1, 2)), jnp.max(x, (0, 1, 2))


def _bins(sampler: Sampler, key: Array, indices: Array, layer: str, low: Array, high: Array) -> tuple[Array, Array]:
    images, x = _acts(sampler, key, indices, layer)
    x = upsampled(x.astype(jnp.float32), images.shape[1:3])
    return binned(x, low, high), jnp.max(x, (1, 2))


images_and_ranges = compiled(_ranges, static_argnums=3)
bins_and_peaks = compiled(_bins, static_argnums=3)
images_and_activations = compiled(_acts, static_argnums=3)


def in_parts(indices: Indices) -> list[tuple[np.ndarray, slice]]:
    """Indices, some at a time, and which of all they are; each part is as long as the first, filled up with its own first.

    Two sizes, for few and for many, so that a program serves all that is asked.
    """
    indices = np.asarray(indices, np.uint32)
    size = min(AT_ONCE, FEW) if len(indices) <= FEW else AT_ONCE
    parts = []
    for first in range(0, len(indices), size):
        part = indices[first : first + size]
        filled = np.concatenate([part, np.full(size - len(part), part[0], np.uint32)])
        parts.append((filled, slice(first, first + len(part))))
    return parts
