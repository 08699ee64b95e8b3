"""Places for interventions: where a class is, and where it could be put; and the values that its units have where it is."""

from __future__ import annotations

import dataclasses

import numpy as np

from gan_jax.analysis.dissection.interventions import images_of, replacing
from gan_jax.analysis.dissection.tally import Indices, images_and_activations, in_parts
from gan_jax.analysis.dissection.units import require_class, require_layer
from gan_jax.analysis.segmentation import Segmentation
from gan_jax.game import Sampler
from gan_jax.types import Array

PLACES = 5  # tried in an image, as published


@dataclasses.dataclass(frozen=True)
class Sites:
    """One place in each of n images. indices: of the sample, uint32 [n]. places: int [n], row * w + column of the layer.

    scores: [n], by which they were chosen: share of the place that is of the class, or pixels gained there.
    """

    indices: np.ndarray
    places: np.ndarray
    scores: np.ndarray

    def where(self, shape: tuple[int, int, int]) -> np.ndarray:
        """float32 [n, h, w, 1], 1 at the places."""
        return np.eye(shape[0] * shape[1], dtype=np.float32)[self.places].reshape(-1, *shape[:2], 1)


@dataclasses.dataclass(frozen=True)
class Present:
    """Where a class is. values: [C], the mean activations of the units, weighted by how much of a place is of the class.

    popularity: [h * w], how many of the sites are at each place.
    """

    sites: Sites
    values: np.ndarray
    popularity: np.ndarray


def present_sites(
    sampler: Sampler, layer: str, segmentation: Segmentation, name: str, key: Array, indices: Indices, most: int
) -> Present:
    """Of the images where most of one place of the layer is of the class, `most` or fewer, in each that place.

    As published: a place's score is the mean of the mask below it; an image's, its best place's.
    Raises ValueError where the class is on no pixel.
    """
    k, shape = require_class(segmentation.names, name), require_layer(sampler, layer)
    scores, total, weight = [], np.zeros(shape[2]), 0.0
    for part, at in in_parts(indices):
        left = at.stop - at.start
        images, x = (np.asarray(each)[:left] for each in images_and_activations(sampler, key, part, layer))
        share = pooled(segmentation.on_images(images)[..., k], shape[:2])
        scores.append(share.reshape(left, -1))
        total += np.einsum("nhwc,nhw->c", x.astype(np.float64), share)
        weight += share.sum()
    scores = np.concatenate(scores)
    if weight == 0:
        raise ValueError(f"the class {name!r} is on no pixel of {len(indices)} images: there is nowhere to look at it")
    sites = _best(np.asarray(indices, np.uint32), scores, most)
    popularity = np.bincount(sites.places, minlength=scores.shape[1])
    return Present(sites, (total / weight).astype(np.float32), popularity)


def candidate_sites(
    sampler: Sampler,
    layer: str,
    segmentation: Segmentation,
    name: str,
    key: Array,
    indices: Indices,
    present: Present,
    most: int,
    seed: int = 0,
    tried: int = PLACES,
) -> Sites:
    """Of the images where all units together, put at one place, add most pixels of the class, `most` or fewer.

    In each image `tried` places are drawn, by the popularity of places in `present` and a tenth of its mean; one where the
    class already is does not count. The published code draws the places for ten images at a time; here each has its own.
    Raises ValueError where no place in any image gains a pixel.
    """
    k, shape = require_class(segmentation.names, name), require_layer(sampler, layer)
    indices = np.asarray(indices, np.uint32)
    chance = present.popularity + present.popularity.mean() / 10
    rng, tried = np.random.default_rng(seed), min(tried, len(chance))
    places = np.stack([rng.choice(len(chance), tried, replace=False, p=chance / chance.sum()) for _ in indices])
    masks = segmentation.on_images(images_of(sampler, key, indices))[..., k]
    before, there = masks.sum((1, 2)), pooled(masks, shape[:2]).reshape(len(indices), -1)
    gained = np.zeros((len(indices), len(chance)))
    each = np.arange(len(indices))
    for at in places.T:
        where = Sites(indices, at, at).where(shape)
        edit = replacing(np.ones(shape[2], np.float32), present.values, where)
        after = segmentation.on_images(images_of(sampler, key, indices, {layer: edit}))[..., k].sum((1, 2))
        gained[each, at] = (after - before) * (there[each, at] == 0)
    if gained.max() <= 0:
        raise ValueError(
            f"no place in {len(indices)} images gains a pixel of {name!r} where all units of {layer} take the values that they "
            "have where it is: take another layer, or more images"
        )
    return _best(indices, gained, most)


def pooled(masks: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """[n, H, W] -> [n, h, w], the mean over each place."""
    return np.einsum("ih,nhw,jw->nij", windows(masks.shape[1], size[0]), masks, windows(masks.shape[2], size[1]))


def windows(pixels: int, places: int) -> np.ndarray:
    """float32 [places, pixels], rows that sum to 1: place i is the mean of pixels floor(i P / p) to ceil((i + 1) P / p)."""
    rows = np.zeros((places, pixels), np.float32)
    for i in range(places):
        first, last = i * pixels // places, -(-(i + 1) * pixels // places)
        rows[i, first:last] = 1 / (last - first)
    return rows


def _best(indices: np.ndarray, scores: np.ndarray, most: int) -> Sites:
    """The best place of each image, of the `most` images where it scores best, above 0, in the order of the sample."""
    place, score = scores.argmax(1), scores.max(1)
    order = np.sort(np.argsort(-score, kind="stable")[:most])
    order = order[score[order] > 0]
    return Sites(indices[order], place[order], score[order])
