"""Units of a layer, and the class of pixels that each agrees with best."""

from __future__ import annotations

import dataclasses

import jax
import numpy as np

from gan_jax import ranges
from gan_jax.analysis.dissection.agreement import information_ratio, iou
from gan_jax.analysis.dissection.tally import Indices, Tally, bins_and_peaks, images_and_ranges, in_parts
from gan_jax.analysis.segmentation import Segmentation
from gan_jax.game import Sampler
from gan_jax.types import Array

THRESHOLDS = ("quantile", "ratio")
TOP, LEAST_IOU, LEAST_RATIO = 0.005, 0.05, 0.01  # as published
_SHUFFLED = 20_190_506  # seeds which image's masks stand for which


@dataclasses.dataclass(frozen=True)
class Dissection:
    """What each of the C units of a layer has to do with each of the K classes, over all pixels of a sample.

    names: of the classes. levels: [K, C], above which a unit fires. iou, ratio: [K, C], at that level: overlap, and
    information ratio. shares: [K], of all pixels, that are of the class. shuffled: [K, C], the best IoU at the same levels'
    threshold rule with the masks of other images. peaks: [n, C], each unit's largest activation in each image.
    masks: bool [n, H, W, K]. low, high: [C], the range of the activations.
    """

    layer: str
    threshold: str
    names: tuple[str, ...]
    levels: np.ndarray
    iou: np.ndarray
    ratio: np.ndarray
    shares: np.ndarray
    shuffled: np.ndarray
    peaks: np.ndarray
    masks: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def units(self) -> int:
        """How many the layer has."""
        return self.iou.shape[1]

    def best(self) -> np.ndarray:
        """[C], the place of the class that each unit agrees with best: by IoU, or by the ratio where levels are by it."""
        return np.argmax(self.iou if self.threshold == "quantile" else self.ratio, 0)

    def labels(self, least_iou: float = LEAST_IOU, least_ratio: float = LEAST_RATIO) -> list[str | None]:
        """For each unit the name of its best class, where IoU > 0.05 and ratio > 0.01; else None."""
        best, each = self.best(), np.arange(self.units)
        kept = (self.iou[best, each] > least_iou) & (self.ratio[best, each] > least_ratio)
        return [self.names[k] if kept[u] else None for u, k in enumerate(best)]

    def ranked(self, name: str) -> np.ndarray:
        """All units, by their IoU with a class, the best first."""
        return np.argsort(-self.iou[require_class(self.names, name)], kind="stable")

    def top_images(self, unit: int, count: int) -> np.ndarray:
        """The images, by their place in the sample, where a unit is largest, the largest first."""
        return np.argsort(-self.peaks[:, unit], kind="stable")[:count]


def dissect(
    sampler: Sampler,
    layer: str,
    segmentation: Segmentation,
    key: Array,
    indices: Indices,
    threshold: str = "ratio",
    top: float = TOP,
    least_agreement: float = 0.0,
    positive_levels: bool = False,
) -> Dissection:
    """Dissects a layer over elements `indices` of the sample that `key` stands for.

    layer: a tap of the generator, [n, h, w, C], upsampled to the images' size.
    threshold: "quantile": the level that the top `top` of the pixels exceed, one for a unit; "ratio": for each unit and class
        the level of the highest information ratio among those where the unit and the class attract each other.
    least_agreement, positive_levels: with "ratio": levels where unit and class agree (both or neither) on less of the pixels,
        or that are not above 0, are left out. The published code has 0.8 and True, which a class of large parts and layers
        whose units may be negative do not survive.
    Raises ValueError for a layer that there is not (with those there are), one without places, and a sample on which no
    class is ever present.
    """
    if threshold not in THRESHOLDS:
        raise ValueError(f"the threshold is by {' or '.join(THRESHOLDS)}, not {threshold!r}")
    ranges.within("the top share of pixels", top, 1e-6, 0.5)
    require_layer(sampler, layer)
    count, low, high, masks = len(indices), None, None, []
    parts = in_parts(indices)
    for part, at in parts:
        images, least, most = (np.asarray(x) for x in images_and_ranges(sampler, key, part, layer))
        masks.append(segmentation.on_images(images[: at.stop - at.start]))
        low = least if low is None else np.minimum(low, least)
        high = most if high is None else np.maximum(high, most)
    masks = np.concatenate(masks)
    if not masks.any():
        raise ValueError(
            f"none of the classes {', '.join(segmentation.names)} is on any pixel of {count} images: "
            "there is nothing to agree with; take another segmentation, or more images"
        )
    order = np.random.default_rng(_SHUFFLED).permutation(count)
    others = np.empty(count, np.int64)
    others[order] = np.roll(order, 1)  # each image has another's
    tally, peaks = Tally(low, high, 2 * len(segmentation.names)), []
    for part, at in parts:
        bins, largest = (np.asarray(x) for x in bins_and_peaks(sampler, key, part, layer, low, high))
        left = at.stop - at.start
        tally.add(bins[:left], np.concatenate([masks[at], masks[others[at]]], -1))
        peaks.append(largest[:left])
    settings = (threshold, top, least_agreement, positive_levels)
    levels, overlap, ratio = agreements(tally, *settings)
    classes = len(segmentation.names)
    return Dissection(
        layer,
        threshold,
        segmentation.names,
        levels[:classes],
        overlap[:classes],
        ratio[:classes],
        tally.pixels[:classes] / tally.pixels[-1],
        overlap[classes:],
        np.concatenate(peaks),
        masks,
        low,
        high,
    )


def agreements(
    tally: Tally, threshold: str, top: float = TOP, least_agreement: float = 0.0, positive_levels: bool = False
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Levels, IoU and information ratio [K, C] of every class and unit of a tally. See `dissect`."""
    fires, levels = tally.fires(), tally.levels()
    units = np.arange(len(tally.low))
    found = []
    for k in range(tally.classes):
        if threshold == "quantile":
            at = tally.bin_of_quantile(top)
        else:
            both, unit, of_class = (
                fires[k] / tally.pixels[-1],
                fires[-1] / tally.pixels[-1],
                tally.pixels[k] / tally.pixels[-1],
            )
            ratios = information_ratio(both, unit, of_class)
            allowed = (both > unit * of_class) & (2 * both + 1 - unit - of_class > least_agreement)
            if positive_levels:
                allowed &= levels > 0
            at = np.argmax(np.where(allowed, ratios, -1.0), -1)
            at = np.where(allowed.any(-1), at, tally.bin_of_quantile(top))
        both, unit, of_class = fires[k, units, at], fires[-1, units, at], tally.pixels[k]
        of_all = tally.pixels[-1]
        attract = both * of_all > unit * of_class
        ratio = np.where(attract, information_ratio(both / of_all, unit / of_all, of_class / of_all), 0.0)
        found.append((levels[units, at], iou(both, unit, of_class), ratio))
    stacked = [np.stack(each) for each in zip(*found, strict=True)]
    return stacked[0], stacked[1], stacked[2]


def require_layer(sampler: Sampler, layer: str) -> tuple[int, int, int]:
    """(h, w, C) of a tap. Raises ValueError for one that there is not, with those there are, and for one without places."""

    def traced(sampler: Sampler) -> Array:
        codes = sampler.map(sampler.starts(jax.random.key(0), jax.numpy.arange(1, dtype=jax.numpy.uint32)))
        return sampler.synthesize(codes, taps=(layer,))[1][layer]

    if sampler.given:
        raise ValueError(
            f"units are looked at in generators of latents; this one starts from {' and '.join(sampler.given)}"
        )
    shape = jax.eval_shape(traced, sampler).shape
    if len(shape) != 4:
        raise ValueError(
            f"the activations {layer} are {list(shape)}, and have no places: dissection is of layers [n, h, w, C]"
        )
    return shape[1], shape[2], shape[3]


def require_units(units: Indices, count: int, layer: str) -> np.ndarray:
    """The units, int [m]. Raises ValueError for one that there is not, with those there are, and for none or one twice."""
    if not len(units) or len(set(map(int, units))) < len(units):
        raise ValueError(f"name one unit or more, each once; got {list(units)}")
    for unit in units:
        if not 0 <= unit < count:
            raise ValueError(f"the layer {layer} has no unit {unit}; it has 0 to {count - 1}")
    return np.asarray(units, np.int64)


def require_class(names: tuple[str, ...], name: str) -> int:
    """The place of a class. Raises ValueError for one that there is not, with those there are."""
    if name not in names:
        raise ValueError(f"the segmentation has no class {name!r}; it has {', '.join(names)}")
    return names.index(name)
