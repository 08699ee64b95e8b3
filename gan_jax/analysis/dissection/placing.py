"""Where a thing can be put, and where it cannot: units inserted place by place, and what that changes."""

from __future__ import annotations

import dataclasses

import numpy as np

from gan_jax.analysis.dissection.interventions import chosen, images_of, replacing
from gan_jax.analysis.dissection.sites import pooled
from gan_jax.analysis.dissection.tally import Indices
from gan_jax.analysis.dissection.units import require_class, require_layer, require_units
from gan_jax.analysis.segmentation import Segmentation
from gan_jax.game import Sampler
from gan_jax.types import Array


@dataclasses.dataclass(frozen=True)
class Placing:
    """gained: [n, h, w], pixels of the class that an insertion at each place of the layer adds to the whole image.

    context: [n, h, w, K], the share of each place that was of each class before. names: of the classes.
    """

    name: str
    names: tuple[str, ...]
    gained: np.ndarray
    context: np.ndarray

    def map(self) -> np.ndarray:
        """[h, w], the mean gain by place."""
        return self.gained.mean(0)

    def by_context(self) -> dict[str, tuple[float, int]]:
        """For each class the mean gain at the places that it covered most, and how many these are; "none": of no class."""
        covered, strongest = self.context.max(-1), self.context.argmax(-1)
        found = {}
        for k, name in enumerate((*self.names, "none")):
            at = (covered == 0) if k == len(self.names) else (covered > 0) & (strongest == k)
            if at.any():
                found[name] = (float(self.gained[at].mean()), int(at.sum()))
        return found


def placing(
    sampler: Sampler,
    layer: str,
    segmentation: Segmentation,
    name: str,
    key: Array,
    indices: Indices,
    units: Indices,
    values: np.ndarray,
    side: int = 1,
) -> Placing:
    """Inserts units with their values [C] at each place of a layer in turn, and counts the pixels of a class gained.

    side: of the square of places that is set at once, around each; odd. It takes h w passes over the images.
    Raises ValueError for a layer, unit or class that there is not, with those there are.
    """
    k, shape = require_class(segmentation.names, name), require_layer(sampler, layer)
    alpha = chosen(require_units(units, shape[2], layer), shape[2])
    if side < 1 or side % 2 == 0:
        raise ValueError(f"the side of what is inserted is odd, 1 or more places, got {side}")
    masks = segmentation.on_images(images_of(sampler, key, indices))
    before = masks[..., k].sum((1, 2))
    gained = np.zeros((len(masks), *shape[:2]))
    for row in range(shape[0]):
        for column in range(shape[1]):
            where = np.zeros((1, *shape[:2], 1), np.float32)
            reach = side // 2
            where[:, max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1] = 1
            images = images_of(sampler, key, indices, {layer: replacing(alpha, values, where)})
            gained[:, row, column] = segmentation.on_images(images)[..., k].sum((1, 2)) - before
    context = np.stack([pooled(masks[..., each], shape[:2]) for each in range(len(segmentation.names))], -1)
    return Placing(name, segmentation.names, gained, context)
