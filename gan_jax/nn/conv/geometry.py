"""How a window reads an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import jax


class Geometry(NamedTuple):
    """How a window reads an image; each entry has one element for each spatial axis. The names are XLA's.

    The image is dilated first: its pixels move `lhs_dilation` apart, with zeros between. So is the window, by
    `rhs_dilation`, and `padding` adds zeros around the image. Output pixel p is then the sum, over the window's weights w,
    of weight w times pixel `strides * p + rhs_dilation * w - before`. The gradients by the image and by the kernel are
    convolutions with a geometry of their own.
    """

    strides: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]  # (before, after), of the dilated image
    lhs_dilation: tuple[int, ...]
    rhs_dilation: tuple[int, ...]


def is_plain(geometry: Geometry) -> bool:
    """Whether nothing is strided or dilated."""
    return all(n == 1 for n in (*geometry.strides, *geometry.lhs_dilation, *geometry.rhs_dilation))


def dilates(geometry: Geometry) -> bool:
    """Whether the image or the window is dilated."""
    return max(geometry.lhs_dilation + geometry.rhs_dilation) > 1


def dilates_the_image(geometry: Geometry) -> bool:
    """Whether it dilates the image and does nothing else: what the sub-pixel form can compute."""
    return any(n > 1 for n in geometry.lhs_dilation) and all(
        n == 1 for n in (*geometry.strides, *geometry.rhs_dilation)
    )


def geometry_to(
    sizes: Sequence[int],
    image: jax.Array,
    window: Sequence[int],
    before: Sequence[int],
    strides: Sequence[int],
    lhs_dilation: Sequence[int],
    rhs_dilation: Sequence[int],
) -> Geometry:
    """The geometry in which `window` reads the image into one of `sizes`, with `before` zeros before it along each axis."""
    around = []
    each = zip(sizes, image.shape[1:-1], window, before, strides, lhs_dilation, rhs_dilation, strict=True)
    for n, m, k, a, s, d, r in each:
        read = (n - 1) * s + (k - 1) * r + 1
        around.append((a, read - ((m - 1) * d + 1) - a))
    return Geometry(tuple(strides), tuple(around), tuple(lhs_dilation), tuple(rhs_dilation))
