"""The set of units that best removes a class where it is, and best makes it where it could be."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from tqdm import tqdm

from gan_jax import ranges
from gan_jax.analysis.dissection.interventions import images_of, replacing
from gan_jax.analysis.dissection.sites import Sites, pooled, windows
from gan_jax.analysis.dissection.tally import Indices, drawn
from gan_jax.analysis.dissection.units import Dissection, require_class, require_layer
from gan_jax.analysis.segmentation import Segmentation
from gan_jax.game import Sampler
from gan_jax.nn.compiling import compiled
from gan_jax.types import Array


@dataclasses.dataclass(frozen=True)
class Search:
    """How the set is found; the published numbers. batch: pairs of sites a step of Adam. penalty: of |alpha|^2."""

    rate: float = 0.01
    penalty: float = 0.005
    epochs: int = 10
    batch: int = 20

    def __post_init__(self) -> None:
        ranges.positive("the rate of a search", self.rate)
        ranges.not_negative("the penalty of a search", self.penalty)
        ranges.whole("the epochs of a search", self.epochs)
        ranges.whole("the batch of a search", self.batch)


class Found(NamedTuple):
    """alpha: [C] in [0, 1], how much of each unit belongs to the set. history: the mean loss of each epoch, with penalty."""

    alpha: np.ndarray
    history: np.ndarray

    def units(self, count: int) -> np.ndarray:
        """The `count` units of the largest alpha above 0, the largest first."""
        order = np.argsort(-self.alpha, kind="stable")[:count]
        return order[self.alpha[order] > 0]


def first_alpha(dissection: Dissection, name: str) -> np.ndarray:
    """[C]: IoU with the class over the largest of them, where the search begins. Raises ValueError where all are 0."""
    overlap = dissection.iou[require_class(dissection.names, name)]
    if overlap.max() <= 0:
        raise ValueError(f"no unit of {dissection.layer} overlaps with {name!r} at all: there is no set to begin with")
    return (overlap / overlap.max()).astype(np.float32)


def optimised_set(
    sampler: Sampler,
    layer: str,
    segmentation: Segmentation,
    name: str,
    key: Array,
    present: Sites,
    candidates: Sites,
    values: np.ndarray,
    alpha: np.ndarray,
    search: Search = Search(),
    seed: int = 0,
    progress: bool = True,
) -> Found:
    """Minimises over alpha the class left at `present` after ablation minus the class at `candidates` after insertion.

    Both are the means of the soft masks below one place of the layer, each pair's sum the loss, plus penalty |alpha|^2; alpha
    is clamped to [0, 1] after each step of Adam. Insertion is measured where it was made, at the candidate's own place: the
    published code reads it at the present site's.
    values: [C], what is inserted. alpha: [C], to begin with. seed: of the pairing.
    Raises ValueError where the segmentation has no soft masks that could be differentiated.
    """
    k, shape = require_class(segmentation.names, name), require_layer(sampler, layer)
    require_soft(segmentation)
    optimizer, step = _step(segmentation.soft, layer, shape, search.rate, search.penalty)
    rng, found = np.random.default_rng(seed), jnp.asarray(alpha)
    of_class, put = np.eye(len(segmentation.names), dtype=np.float32)[k], jnp.asarray(values)
    state, history = optimizer.init(found), []
    pairs = max(len(present.places), len(candidates.places))
    size = min(search.batch, pairs)
    p_all, c_all = present.where(shape), candidates.where(shape)
    for _ in tqdm(range(search.epochs), desc=f"units of {name}", unit="epoch", disable=not progress):
        losses = []
        orders = [_order(rng, len(sites.places), pairs) for sites in (present, candidates)]
        for first in range(0, pairs - size + 1, size):
            p, c = (order[first : first + size] for order in orders)
            of_pairs = (present.indices[p], p_all[p], candidates.indices[c], c_all[c])
            found, state, value = step(found, state, sampler, key, of_class, put, *of_pairs)
            losses.append(float(value))
        history.append(np.mean(losses))
    return Found(np.asarray(found), np.asarray(history))


@functools.lru_cache(maxsize=8)
def _step(soft: Any, layer: str, shape: tuple[int, int, int], rate: float, penalty: float) -> tuple[Any, Any]:
    """Adam, and one step of it; a program for all classes."""

    def at_places(images: Array, of_class: Array, where: Array) -> Array:
        mask = jnp.einsum("nhwk,k->nhw", soft(images), of_class)
        rows, columns = windows(mask.shape[1], shape[0]), windows(mask.shape[2], shape[1])
        below = jnp.einsum("ih,nhw,jw->nij", rows, mask, columns)[..., None]
        return jnp.sum(below * where, (1, 2, 3))

    def loss(
        alpha: Array,
        sampler: Any,
        key: Array,
        of_class: Array,
        values: Array,
        p: Array,
        p_at: Array,
        c: Array,
        c_at: Array,
    ) -> Array:
        made = lambda indices, edit: sampler.synthesize(drawn(sampler, key, indices), edits={layer: edit})[0]
        left = at_places(made(p, replacing(alpha, 0.0, p_at)), of_class, p_at)
        put = at_places(made(c, replacing(alpha, values, c_at)), of_class, c_at)
        return jnp.mean(left - put) + penalty * jnp.sum(jnp.square(alpha))

    optimizer = optax.adam(rate)

    def step(alpha: Array, state: Any, *rest: Any) -> tuple:
        value, slope = jax.value_and_grad(loss)(alpha, *rest)
        updates, state = optimizer.update(slope, state, alpha)
        return jnp.clip(optax.apply_updates(alpha, updates), 0.0, 1.0), state, value

    return optimizer, compiled(step)


def judged(
    sampler: Sampler,
    layer: str,
    segmentation: Segmentation,
    name: str,
    key: Array,
    present: Sites,
    candidates: Sites,
    values: np.ndarray,
    units: Indices,
) -> dict[str, float]:
    """What a set of whole units does at sites, by hard masks: shares of the place that are of the class, means over sites.

    {"present": as it is, "ablated": with the units at 0 there, "candidate": as it is, "inserted": with their values there}.
    """
    k, shape = require_class(segmentation.names, name), require_layer(sampler, layer)
    alpha = np.zeros(shape[2], np.float32)
    alpha[np.asarray(units, np.int64)] = 1

    def share(sites: Sites, edit: Any) -> float:
        images = images_of(sampler, key, sites.indices, edit)
        below = pooled(segmentation.on_images(images)[..., k], shape[:2]).reshape(len(images), -1)
        return float(below[np.arange(len(images)), sites.places].mean())

    return {
        "present": share(present, None),
        "ablated": share(present, {layer: replacing(alpha, 0.0, present.where(shape))}),
        "candidate": share(candidates, None),
        "inserted": share(candidates, {layer: replacing(alpha, values, candidates.where(shape))}),
    }


def require_soft(segmentation: Segmentation) -> None:
    """Raises ValueError where a segmentation cannot be differentiated, and says what can be done."""
    if segmentation.soft is None:
        raise ValueError(
            "a set of units is optimised through soft masks, and this segmentation has none: give its Segmentation a function "
            "`soft`, in JAX, or take the units of the highest IoU, or of the largest effect one by one (effects_of_units)"
        )


def _order(rng: np.random.Generator, count: int, needed: int) -> np.ndarray:
    """Each of `count`, shuffled, again and again until there are as many as are needed."""
    return np.concatenate([rng.permutation(count) for _ in range(-(-needed // count))])[:needed]
