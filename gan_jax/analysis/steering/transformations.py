"""Transformations of images, by an amount that adds up, with masks of the pixels whose value they know.

A walk through latents learns to do the same. Source pixels outside the image are unknown: the mask is 0 there, and the
image repeats its edge. Amounts are drawn as Jahanian et al. (arXiv:1907.07171) draw them, unless said otherwise.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.scipy.ndimage import map_coordinates

from gan_jax.names import nearest
from gan_jax.types import Array

_ROUNDING = 1e-3  # of a pixel: a place so near to the edge is on it
_STEEPEST = math.pi / 4


@dataclasses.dataclass(frozen=True)
class Transformation:
    """One way to change images.

    apply: (images [n, H, W, C] in [-1, 1], amounts [n]) -> images and masks [n, H, W, 1], which are 0 or 1.
    draw: (key, n, side in pixels) -> amounts [n] to learn from. unit: what an amount of 1 does.
    factor: the name of what changes with the amount, see `factors.py`.
    """

    name: str
    unit: str
    factor: str
    apply: Callable[[Array, Array], tuple[Array, Array]]
    draw: Callable[[Array, int, int], Array]


def zoom(images: Array, amounts: Array) -> tuple[Array, Array]:
    """Enlarged exp(amount) times about the centre; below 0 smaller."""
    scale = jnp.exp(-amounts).reshape(-1, 1, 1)
    return _read(images, lambda y, x: (y * scale, x * scale))


def shift_x(images: Array, amounts: Array) -> tuple[Array, Array]:
    """Moved to the right by amount x width."""
    by = (amounts * images.shape[2]).reshape(-1, 1, 1)
    return _read(images, lambda y, x: (y + 0 * by, x - by))


def shift_y(images: Array, amounts: Array) -> tuple[Array, Array]:
    """Moved down by amount x height."""
    by = (amounts * images.shape[1]).reshape(-1, 1, 1)
    return _read(images, lambda y, x: (y - by, x + 0 * by))


def rotation(images: Array, amounts: Array) -> tuple[Array, Array]:
    """Turned clockwise about the centre by amount radians."""
    cos, sin = (f(amounts).reshape(-1, 1, 1) for f in (jnp.cos, jnp.sin))
    return _read(images, lambda y, x: (cos * y - sin * x, sin * y + cos * x))


def brightness(images: Array, amounts: Array) -> tuple[Array, Array]:
    """Lighter by amount x the range from black to white; what goes beyond is clipped."""
    return jnp.clip(images + 2 * amounts.reshape(-1, 1, 1, 1), -1, 1), jnp.ones((*images.shape[:3], 1))


def channel(which: int) -> Callable[[Array, Array], tuple[Array, Array]]:
    """`brightness` of one channel alone."""

    def apply(images: Array, amounts: Array) -> tuple[Array, Array]:
        one = (jnp.arange(images.shape[-1]) == which).astype(images.dtype).reshape(1, 1, 1, -1)
        by = 2 * amounts.reshape(-1, 1, 1, 1) * one
        return jnp.clip(images + by, -1, 1), jnp.ones((*images.shape[:3], 1))

    return apply


def _read(images: Array, source: Callable[[Array, Array], tuple[Array, Array]]) -> tuple[Array, Array]:
    """Each pixel (y, x), counted from the centre, takes the value at source(y, x), bilinear."""
    height, width = images.shape[1:3]
    middle = (height - 1) / 2, (width - 1) / 2
    y, x = jnp.meshgrid(*(jnp.arange(n) - m for n, m in zip((height, width), middle, strict=True)), indexing="ij")
    at = [place + m for place, m in zip(source(y[None], x[None]), middle, strict=True)]  # [n, H, W] each
    inside = [(p > -_ROUNDING) & (p < n - 1 + _ROUNDING) for p, n in zip(at, (height, width), strict=True)]
    one = lambda image, y, x: map_coordinates(image, [y, x], order=1, mode="nearest")
    every_channel = jax.vmap(one, in_axes=(-1, None, None), out_axes=-1)
    return jax.vmap(every_channel)(images, *at), (inside[0] & inside[1])[..., None].astype(jnp.float32)


# --- amounts to learn from


def _zooms(key: Array, n: int, side: int) -> Array:
    """ln of a factor, half the time from U(1/4, 1), else from U(1, 4)."""
    del side
    of_side, of_size = jax.random.split(key)
    smaller = jax.random.bernoulli(of_side, 0.5, (n,))
    u = jax.random.uniform(of_size, (n,))
    return jnp.log(jnp.where(smaller, 0.25 + 0.75 * u, 1 + 3 * u))


def _shifts(key: Array, n: int, side: int) -> Array:
    """Whole pixels from 1 to half of the side, of either sign, as a share of the side."""
    of_sign, of_size = jax.random.split(key)
    pixels = jax.random.randint(of_size, (n,), 1, max(side // 2, 1) + 1)
    return jnp.where(jax.random.bernoulli(of_sign, 0.5, (n,)), 1.0, -1.0) * pixels / side


def _turns(key: Array, n: int, side: int) -> Array:
    """Uniform up to 45 degrees either way (ours)."""
    del side
    return jax.random.uniform(key, (n,), minval=-_STEEPEST, maxval=_STEEPEST)


def _halves(key: Array, n: int, side: int) -> Array:
    """U(-0.5, 0.5)."""
    del side
    return jax.random.uniform(key, (n,), minval=-0.5, maxval=0.5)


_ALL = (
    Transformation("zoom", "e times as large", "size", zoom, _zooms),
    Transformation("shift_x", "the image's width to the right", "place_x", shift_x, _shifts),
    Transformation("shift_y", "the image's height down", "place_y", shift_y, _shifts),
    Transformation("brightness", "from black to white", "brightness", brightness, _halves),
    Transformation("rotation", "a radian clockwise", "angle", rotation, _turns),
    *(
        Transformation(name, f"{name} from none to full", name, channel(i), _halves)
        for i, name in enumerate(("red", "green", "blue"))
    ),
)
NAMES = tuple(each.name for each in _ALL)


def transformation(name: str, channels: int) -> Transformation:
    """The transformation of this name for images of so many channels.

    Raises ValueError for a name that there is not, and for a colour of images without colours.
    """
    for each in _ALL:
        if each.name == name:
            if name in ("red", "green", "blue") and channels != 3:
                raise ValueError(
                    f"{name} is a channel of images in colour, and this generator's have {channels}: take brightness"
                )
            return each
    raise ValueError(f"there is no transformation {name!r}{nearest(name, NAMES)}; there are {', '.join(NAMES)}")
