"""What units cause: pixels of a class with them switched off, and with them put where they were not."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

from gan_jax.analysis.dissection.tally import Indices, drawn, in_parts
from gan_jax.analysis.dissection.units import require_layer, require_units
from gan_jax.analysis.segmentation import Segmentation
from gan_jax.game import Edit, Sampler
from gan_jax.nn.compiling import compiled
from gan_jax.types import Array


def replacing(alpha: Any, values: Any = 0.0, where: Any = None) -> Edit:
    """u' = (1 - alpha m) u + alpha m k of each unit u (equation 5 of arXiv:1811.10597, with a partial alpha).

    alpha: [C] in [0, 1], how much of each unit is replaced. values: k, [C] or one number; 0 ablates.
    where: m, [N | 1, h | 1, w | 1, 1] in [0, 1]; None: everywhere.
    """
    alpha = jnp.asarray(alpha, jnp.float32)
    where = jnp.ones((1, 1, 1, 1)) if where is None else jnp.asarray(where, jnp.float32)
    return Edit(where, 1.0 - alpha, alpha * jnp.broadcast_to(jnp.asarray(values, jnp.float32), alpha.shape))


def chosen(units: Indices, count: int) -> np.ndarray:
    """float32 [count]: 1 for these units, else 0."""
    alpha = np.zeros(count, np.float32)
    alpha[np.asarray(units, np.int64)] = 1
    return alpha


def ablating(units: Indices, count: int) -> Edit:
    """Units of a layer of `count` become 0 everywhere."""
    return replacing(chosen(units, count))


def inserting(units: Indices, values: np.ndarray, where: Any = None) -> Edit:
    """Units take their values [C] at the chosen places; see `replacing`."""
    return replacing(chosen(units, len(values)), values, where)


def _made(sampler: Sampler, key: Array, indices: Array, edits: Mapping[str, Edit]) -> Array:
    return sampler.synthesize(drawn(sampler, key, indices), edits=edits)[0]


_images = compiled(_made)


def images_of(sampler: Sampler, key: Array, indices: Indices, edits: Mapping[str, Edit] | None = None) -> np.ndarray:
    """[n, H, W, C] in [-1, 1], edited the same for all, or an image each where `where` has n of them."""
    made = []
    for part, at in in_parts(indices):
        of_part = {name: edit._replace(where=_of(edit.where, at, len(part))) for name, edit in (edits or {}).items()}
        made.append(np.asarray(_images(sampler, key, part, of_part))[: at.stop - at.start])
    return np.concatenate(made)


@dataclasses.dataclass(frozen=True)
class Effect:
    """Shares of pixels, by class: before and after, [n, K], of n images.

    names: of the classes. `change` is the mean after minus before, [K]; `error` its standard error over images.
    """

    names: tuple[str, ...]
    before: np.ndarray
    after: np.ndarray

    @property
    def change(self) -> np.ndarray:
        return np.mean(self.after - self.before, 0)

    @property
    def error(self) -> np.ndarray:
        return np.std(self.after - self.before, 0, ddof=1 if len(self.before) > 1 else 0) / np.sqrt(len(self.before))

    @property
    def relative(self) -> np.ndarray:
        """[K], the change in parts of what there was; 0 where there was none."""
        before = np.mean(self.before, 0)
        return np.divide(self.change, before, out=np.zeros(len(before)), where=before > 0)


def causal_effect(
    sampler: Sampler,
    segmentation: Segmentation,
    key: Array,
    indices: Indices,
    after: Mapping[str, Edit],
    before: Mapping[str, Edit] | None = None,
) -> Effect:
    """What edits do to each class's share of the pixels, over elements `indices` of a sample.

    before: {}: the images as they are. The paper's average causal effect (equation 6 of arXiv:1811.10597) is the change from
    units ablated (`before`) to the same units inserted (`after`).
    """
    shares = [
        np.mean(segmentation.on_images(images_of(sampler, key, indices, edits)), (1, 2)) for edits in (before, after)
    ]
    return Effect(segmentation.names, *shares)


def effects_of_units(
    sampler: Sampler, layer: str, segmentation: Segmentation, key: Array, indices: Indices, units: Indices
) -> list[Effect]:
    """The effect of ablating each of some units by itself.

    Raises ValueError for a layer or unit that there is not, with those there are.
    """
    count = require_layer(sampler, layer)[2]
    units = require_units(units, count, layer)
    before = np.mean(segmentation.on_images(images_of(sampler, key, indices)), (1, 2))
    found = []
    for unit in units:
        images = images_of(sampler, key, indices, {layer: ablating([unit], count)})
        found.append(Effect(segmentation.names, before, np.mean(segmentation.on_images(images), (1, 2))))
    return found


def _of(where: Array, at: slice, size: int) -> Array:
    """Those of a part, filled up to its size."""
    if len(where) == 1:
        return where
    part = where[at]
    return jnp.concatenate([part, jnp.repeat(part[:1], size - len(part), 0)]) if len(part) < size else part
