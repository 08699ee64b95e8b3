"""Pictures of a dissection: where units fire, where a class is, what an intervention changed."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import numpy as np

from gan_jax.analysis.dissection.tally import Indices, images_and_activations, in_parts, upsampled
from gan_jax.game import Sampler
from gan_jax.types import Array

_DIM = 0.75  # how much of what does not matter is taken away
_upsampled = jax.jit(upsampled, static_argnums=1)


def firing(
    sampler: Sampler, layer: str, key: Array, indices: Indices, units: Indices, levels: Sequence[float]
) -> np.ndarray:
    """[n, H, W, 3]: image i, dimmed to grey where unit i does not exceed level i."""
    shown = []
    for part, at in in_parts(indices):
        images, x = images_and_activations(sampler, key, part, layer)
        x = np.asarray(_upsampled(x, images.shape[1:3]))
        for i in range(at.start, at.stop):
            fires = x[i - at.start, :, :, units[i]] >= levels[i]
            shown.append(dimmed(np.asarray(images)[i - at.start], fires))
    return np.stack(shown)


def dimmed(image: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """[H, W, 3]: an image [H, W, C] in [-1, 1], nearly grey outside a mask [H, W]."""
    colour = in_colour(image)
    return np.where(kept[..., None], colour, (1 - _DIM) * colour)


def outlined(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """[H, W, 3]: an image [H, W, C] in [-1, 1] with a mask [H, W] in red."""
    colour = in_colour(image)
    red = 0.4 * colour + 0.6 * np.asarray([1.0, -1.0, -1.0])
    return np.where(mask[..., None], red, colour)


def in_colour(image: np.ndarray) -> np.ndarray:
    """[..., 3] of an image of 1 or 3 channels; the first three of more."""
    image = np.asarray(image)
    return np.repeat(image, 3, -1) if image.shape[-1] == 1 else image[..., :3]


def heat(gained: np.ndarray, size: tuple[int, int], most: float) -> np.ndarray:
    """[H, W, 3] in [-1, 1] of a map [h, w]: white at 0, red at `most` and blue at minus that, in squares."""
    share = np.clip(enlarged(gained, size) / max(most, 1e-12), -1, 1)[..., None]
    colour = np.where(share > 0, np.asarray([0.8, 0.1, 0.1]), np.asarray([0.1, 0.2, 0.8]))
    return 2 * ((1 - np.abs(share)) + np.abs(share) * colour) - 1


def enlarged(maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """[..., h, w] -> [..., H, W], each pixel that of the place it lies in."""
    rows, columns = (np.arange(side) * places // side for side, places in zip(size, maps.shape[-2:], strict=True))
    return maps[..., rows, :][..., columns]
