"""Segmentations: functions from images to named masks, by rules that need no network, or by anything one brings."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax import ranges
from gan_jax.features.segmenter import Segmenter
from gan_jax.types import Array

Masks = Callable[[Any], Any]
_AT_ONCE = 256
_HUE_STEP, _STEP = 5.0, 0.03  # how far from a limit a soft mask falls from a half to a quarter: degrees; of [0, 1]


@dataclasses.dataclass(frozen=True)
class Segmentation:
    """Named parts of images.

    names: of the K classes, in the order of the masks' last axis.
    masks: images [n, H, W, C] in [-1, 1] -> bool [n, H, W, K]; classes may overlap, and a pixel may be of none.
    soft: the same in [0, 1] (above 0.5: more likely in than out), differentiable by JAX; None where there is none.
    Raises ValueError where names are none, empty or twice the same.
    """

    names: tuple[str, ...]
    masks: Masks
    soft: Masks | None = None

    def __post_init__(self) -> None:
        named = isinstance(self.names, tuple) and self.names and all(isinstance(n, str) and n for n in self.names)
        if not named or len(set(self.names)) < len(self.names):
            raise ValueError(
                f"a segmentation has a tuple of names, each once, such as ('hair', 'mouth'): {self.names!r}"
            )

    def on_images(self, images: Any) -> np.ndarray:
        """bool [n, H, W, K] of images [n, H, W, C] in [-1, 1], so many at a time that memory suffices.

        Raises ValueError for images of another shape, and where `masks` gives masks of another size, number or kind.
        """
        images = np.asarray(images)
        if images.ndim != 4 or not len(images):
            raise ValueError(f"a segmentation takes images [n, H, W, C], 1 or more; got {list(images.shape)}")
        parts = [images[first : first + _AT_ONCE] for first in range(0, len(images), _AT_ONCE)]
        return np.concatenate([self._checked(part, np.asarray(self.masks(part))) for part in parts])

    def index(self, name: str) -> int:
        """The place of a class among the names. Raises ValueError for a class that there is not, with those there are."""
        if name not in self.names:
            raise ValueError(f"this segmentation has no class {name!r}; it has {', '.join(self.names)}")
        return self.names.index(name)

    def _checked(self, images: np.ndarray, masks: np.ndarray) -> np.ndarray:
        expected = (*images.shape[:3], len(self.names))
        if masks.shape != expected:
            raise ValueError(
                f"the segmentation ({', '.join(self.names)}) of images {list(images.shape)} must be masks "
                f"{list(expected)}, a mask a name; its function returned {list(masks.shape)}"
            )
        if masks.dtype != np.bool_:
            raise ValueError(f"masks are bool, True inside; the segmentation's function returned {masks.dtype}")
        return masks


def _check_limits(name: str, limits: tuple[float, float], low: float, high: float) -> None:
    if len(limits) != 2 or not low <= limits[0] < limits[1] <= high:
        raise ValueError(f"{name} is (from, to), rising, from {low} to {high}; got {limits}")


@dataclasses.dataclass(frozen=True)
class Colour:
    """A range of colours. Limits are included.

    hue: degrees, (from, to) clockwise from red 0 over green 120 and blue 240; (330, 30) goes through red. The angle of the
        chroma plane: the hexagon's hue, of image editors, differs by up to 1.2 degrees. None: any.
    chroma: 0 (grey) to 1 (pure): the length in that plane.
    lightness: 0 (black) to 1 (white): the mean of the largest and the smallest channel.
    """

    hue: tuple[float, float] | None = None
    chroma: tuple[float, float] = (0.0, 1.0)
    lightness: tuple[float, float] = (0.0, 1.0)

    def __post_init__(self) -> None:
        for name in ("chroma", "lightness"):
            _check_limits(f"{name} of a colour", getattr(self, name), 0, 1)
        if self.hue is not None and len(self.hue) != 2:
            raise ValueError(f"hue of a colour is two limits in degrees, (from, to); got {self.hue}")
        for degrees in self.hue or ():
            ranges.within("hue of a colour", degrees, 0, 360)


COLOURS: Mapping[str, Colour] = {
    "black": Colour(lightness=(0, 0.2)),
    "grey": Colour(chroma=(0, 0.1), lightness=(0.2, 0.8)),
    "white": Colour(lightness=(0.8, 1)),
    "red": Colour((330, 30), (0.2, 1)),
    "yellow": Colour((30, 90), (0.2, 1)),
    "green": Colour((90, 150), (0.2, 1)),
    "cyan": Colour((150, 210), (0.2, 1)),
    "blue": Colour((210, 270), (0.2, 1)),
    "magenta": Colour((270, 330), (0.2, 1)),
}
LEVELS: Mapping[str, tuple[float, float]] = {"dark": (-1, -0.5), "middle": (-0.5, 0.5), "light": (0.5, 1)}


def by_colour(colours: Mapping[str, Colour] = COLOURS) -> Segmentation:
    """A class a named range of hue, chroma and lightness; ranges may overlap. Images have 3 channels, or 1 (grey)."""

    def soft(images: Array) -> Array:
        hue, chroma, lightness = hue_chroma_lightness(images)
        return jnp.stack([_soft_colour(each, hue, chroma, lightness) for each in colours.values()], -1)

    def masks(images: Array) -> Array:
        hue, chroma, lightness = hue_chroma_lightness(images)
        within = lambda x, limits: (limits[0] <= x) & (x <= limits[1])
        rest = [within(chroma, each.chroma) & within(lightness, each.lightness) for each in colours.values()]
        hues = [True if each.hue is None else _beyond(each.hue, hue) <= 0 for each in colours.values()]
        return jnp.stack([a & b for a, b in zip(rest, hues, strict=True)], -1)

    return Segmentation(tuple(colours), jax.jit(masks), jax.jit(soft))


def by_thresholds(levels: Mapping[str, tuple[float, float]] = LEVELS) -> Segmentation:
    """A class a named range of the mean over channels, in [-1, 1]: lower limits included, upper ones only where they are 1."""
    for name, limits in levels.items():
        _check_limits(f"the range {name!r}", limits, -1, 1)
    low, high = (
        np.asarray([limits[side] for limits in levels.values()], np.float32).reshape(1, 1, 1, -1) for side in (0, 1)
    )
    last = high >= 1

    def masks(images: Array) -> Array:
        x = jnp.mean(jnp.asarray(images), -1, keepdims=True)
        return (x >= low) & ((x < high) | last)

    def soft(images: Array) -> Array:
        x = jnp.mean(images, -1, keepdims=True)
        return _soft_above(x - low, 2 * _STEP, low <= -1) * _soft_above(high - x, 2 * _STEP, last)

    return Segmentation(tuple(levels), jax.jit(masks), jax.jit(soft))


def by_edges(least: float = 0.5, name: str = "edge") -> Segmentation:
    """One class: where the mean over channels changes by `least` or more a pixel (Sobel's slope; black to white is 2).

    A step of height h, sharp between two pixels, has a slope of h / 2 at both. At the border the image goes on as it ends.
    """
    ranges.within("the least slope of an edge", least, 1e-6, 4)

    def masks(images: Array) -> Array:
        return sobel_slope(jnp.asarray(images))[..., None] >= least

    def soft(images: Array) -> Array:
        return _soft_above(sobel_slope(images)[..., None] - least, 2 * _STEP, False)

    return Segmentation((name,), jax.jit(masks), jax.jit(soft))


def joined(segmentations: Sequence[Segmentation]) -> Segmentation:
    """The classes of several, in their order. Raises ValueError where two have a class of one name."""
    names = tuple(name for each in segmentations for name in each.names)
    softs = [each.soft for each in segmentations]
    soft = None if None in softs else lambda images: jnp.concatenate([each(images) for each in softs if each], -1)
    masks = lambda images: np.concatenate([np.asarray(each.masks(images)) for each in segmentations], -1)
    return Segmentation(names, masks, soft)


def of_function(function: Callable[[Any], Mapping[str, Any]], images: Any) -> Segmentation:
    """The segmentation of a function of one's own: images [n, H, W, C] in [-1, 1] -> {name: bool [n, H, W]}.

    images: [n, H, W, C], any: the function is tried on the first, for its names. A function that draws masks by a network
    of its own is as good as a rule. Raises ValueError where it returns no masks by name.
    """
    first = np.asarray(images)[:1]
    tried = function(first)
    if not isinstance(tried, Mapping) or not tried:
        raise ValueError(
            f"a function of images gives masks by name, such as {{'sky': bool [n, H, W]}}; it gave {type(tried).__name__}"
        )
    for name, mask in tried.items():
        if np.shape(mask) != first.shape[:3]:
            raise ValueError(
                f"the mask {name!r} must be {list(first.shape[:3])}, one value a pixel; got {list(np.shape(mask))}"
            )
    names = tuple(tried)
    return Segmentation(names, lambda images: np.stack([np.asarray(m) for m in _in_order(function(images), names)], -1))


def of_segmenter(segmenter: Segmenter) -> Segmentation:
    """The parts that a segmenter trained here tells, where it finds them more likely than not. It takes its own shape alone."""
    soft = jax.jit(lambda images: jax.nn.sigmoid(segmenter(images)))
    return Segmentation(segmenter.parts, lambda images: np.asarray(soft(images)) > 0.5, soft)


def hue_chroma_lightness(images: Array) -> tuple[Array, Array, Array]:
    """[n, H, W] each, of images [n, H, W, 1 or 3] in [-1, 1]: degrees in [0, 360), and two in [0, 1]. See `Colour`."""
    rgb = jnp.clip((jnp.asarray(images) + 1) / 2, 0, 1)
    if rgb.shape[-1] not in (1, 3):
        raise ValueError(f"colours are of images with 1 or 3 channels, not {rgb.shape[-1]}")
    red, green, blue = (rgb[..., min(i, rgb.shape[-1] - 1)] for i in range(3))
    x, y = red - (green + blue) / 2, jnp.sqrt(3.0) / 2 * (green - blue)
    grey = (jnp.abs(x) < 1e-6) & (jnp.abs(y) < 1e-6)
    x, y = jnp.where(grey, 1.0, x), jnp.where(grey, 0.0, y)  # a slope of 0, and not of NaN
    hue, chroma = jnp.degrees(jnp.arctan2(y, x)) % 360, jnp.where(grey, 0.0, jnp.sqrt(x**2 + y**2))
    largest, smallest = jnp.maximum(jnp.maximum(red, green), blue), jnp.minimum(jnp.minimum(red, green), blue)
    return hue, chroma, (largest + smallest) / 2


def sobel_slope(images: Array) -> Array:
    """[n, H, W]: the length of Sobel's slope a pixel, of the mean over channels."""
    x = jnp.pad(jnp.mean(images, -1), ((0, 0), (1, 1), (1, 1)), mode="edge")
    across = (x[:, :, 2:] - x[:, :, :-2]) / 2
    down = (x[:, 2:] - x[:, :-2]) / 2
    smooth_rows = (across[:, :-2] + 2 * across[:, 1:-1] + across[:, 2:]) / 4
    smooth_columns = (down[:, :, :-2] + 2 * down[:, :, 1:-1] + down[:, :, 2:]) / 4
    return jnp.sqrt(smooth_rows**2 + smooth_columns**2 + 1e-12)


def _soft_above(x: Array, step: float, always: Any) -> Array:
    return jnp.where(always, 1.0, jax.nn.sigmoid(x * (np.log(3.0) / step)))


def _soft_colour(colour: Colour, hue: Array, chroma: Array, lightness: Array) -> Array:
    inside = 1.0 if colour.hue is None else _soft_above(-_beyond(colour.hue, hue), _HUE_STEP, False)
    for x, (low, high) in ((chroma, colour.chroma), (lightness, colour.lightness)):
        inside = inside * _soft_above(x - low, _STEP, low <= 0) * _soft_above(high - x, _STEP, high >= 1)
    return inside * jnp.ones_like(lightness)


def _beyond(limits: tuple[float, float], hue: Array) -> Array:
    """Degrees that a hue lies outside a range; below 0: inside."""
    width = (limits[1] - limits[0]) % 360 or 360.0
    return jnp.abs((hue - limits[0] - width / 2 + 180) % 360 - 180) - width / 2


def _in_order(masks: Mapping[str, Any], names: tuple[str, ...]) -> list[Any]:
    if set(masks) != set(names):
        raise ValueError(
            f"the segmentation gave {', '.join(names)} at first, and now {', '.join(masks)}: always the same"
        )
    return [masks[name] for name in names]
