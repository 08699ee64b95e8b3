"""Changes of place: images [B, H, W, C], and strengths [B] of each image's own.

Pixels move by a product with a matrix for each image and axis. In a shear every line moves by another distance: that is
done bit by bit, choosing for each binary digit between the image and itself moved by that power of two.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jax import lax

from gan_jax.augment.color import each


def shift(images: jax.Array, down: jax.Array, right: jax.Array, mode: str = "constant") -> jax.Array:
    """Images moved by whole pixels: down, right [B] int32.

    mode: what moves in: "constant" zeros, or "reflect", the image mirrored at its outermost pixels.
    """
    for axis, move in ((1, down), (2, right)):
        source = jnp.arange(images.shape[axis]).reshape(1, -1) - move.reshape(-1, 1)
        images = _read(images, source.astype(jnp.float32), axis, mode)
    return images


def cut_out(images: jax.Array, top: jax.Array, left: jax.Array, sides: tuple[int, int]) -> jax.Array:
    """Zeros in a box of `sides` (rows, columns) whose corner is at (top, left) [B] int32; it may stick out."""
    inside = None
    for axis, first in ((1, top), (2, left)):
        place = jnp.arange(images.shape[axis]).reshape([-1 if a == axis else 1 for a in range(4)])
        first = first.reshape(-1, 1, 1, 1)
        along = (place >= first) & (place < first + sides[axis - 1])
        inside = along if inside is None else inside & along
    return jnp.where(inside, 0.0, images)


def quarter_turns(images: jax.Array, turns: jax.Array) -> jax.Array:
    """Square images [B, S, S, C] turned counter-clockwise by turns [B] int32 right angles."""
    turns = jnp.mod(turns, 4).reshape(-1, 1, 1, 1)
    turned = images
    for quarters in (1, 2, 3):
        turned = jnp.where(turns == quarters, jnp.rot90(images, quarters, axes=(1, 2)), turned)
    return turned


def stretch(images: jax.Array, scales: tuple[jax.Array, jax.Array], shifts: tuple[jax.Array, jax.Array]) -> jax.Array:
    """Images scaled about their centre and then moved (rows, columns) by pixels, all [B] float; mirrored at the edges.

    Linear interpolation along each axis.
    """
    for axis, (scale, move) in enumerate(zip(scales, shifts, strict=True), start=1):
        centre = 0.5 * (images.shape[axis] - 1)
        place = (jnp.arange(images.shape[axis]) - centre).reshape(1, -1)
        source = (place - move.reshape(-1, 1)) / scale.reshape(-1, 1) + centre
        images = _read(images, source, axis, "reflect")
    return images


def _read(images: jax.Array, source: jax.Array, axis: int, mode: str) -> jax.Array:
    """The pixels at places source [B, M] along an axis, with linear interpolation: a product with [B, M, N] weights."""
    n = images.shape[axis]
    if mode == "reflect" and n > 1:
        source = jnp.mod(source, 2 * (n - 1))
        source = jnp.minimum(source, 2 * (n - 1) - source)
    elif mode == "reflect":
        source = jnp.zeros_like(source)
    weights = jnp.maximum(0.0, 1.0 - jnp.abs(source[..., None] - jnp.arange(n).reshape(1, 1, n)))
    into = "bij,bjwc->biwc" if axis == 1 else "bij,bhjc->bhic"
    # Whole pixels must come through unrounded.
    return jnp.einsum(into, weights.astype(images.dtype), images, precision=lax.Precision.HIGHEST)


def rotate(images: jax.Array, angle: jax.Array) -> jax.Array:
    """Images [B, H, W, C] turned counter-clockwise about their centre by angle [B] radians, mirrored at the edges.

    A whole number of right angles, and three shears for the rest (Paeth, Graphics Interface 1986), each with linear
    interpolation. (Where one of H and W is odd and the other even, the centre is half a pixel off.)
    """
    _, height, width, _ = images.shape
    side = math.ceil(max(math.hypot(height, width), width + math.tan(math.pi / 8) * height)) + 2
    side += (side - height) % 2
    top, left = (side - height) // 2, (side - width) // 2
    around = [(0, 0), (top, side - height - top), (left, side - width - left), (0, 0)]
    canvas = jnp.pad(images, around, mode="reflect")
    turns = jnp.round(angle / (0.5 * jnp.pi))
    canvas = quarter_turns(canvas, turns.astype(jnp.int32))
    rest = angle - turns * (0.5 * jnp.pi)  # within +- 45 degrees
    # Rows count downwards, so that the slopes have the signs of a turn counter-clockwise on the screen.
    canvas = _shear(canvas, jnp.tan(0.5 * rest), math.tan(math.pi / 8), axis=2)
    canvas = _shear(canvas, -jnp.sin(rest), math.sin(math.pi / 4), axis=1)
    canvas = _shear(canvas, jnp.tan(0.5 * rest), math.tan(math.pi / 8), axis=2)
    return canvas[:, top : top + height, left : left + width]


def _shear(images: jax.Array, slope: jax.Array, limit: float, axis: int) -> jax.Array:
    """Every line moved along `axis` by slope times its distance from the centre; |slope| <= limit. Zeros move in."""
    side, other = images.shape[axis], 3 - axis
    centre = 0.5 * (images.shape[other] - 1)
    lines = (jnp.arange(images.shape[other]) - centre).reshape([-1 if a == other else 1 for a in range(4)])
    move = -slope.reshape(-1, 1, 1, 1) * lines  # where to read
    whole = jnp.floor(move)
    part = (move - whole).astype(images.dtype)
    reach = math.ceil(limit * centre) + 1
    images = jnp.pad(images, [(reach, reach + 1) if a == axis else (0, 0) for a in range(4)])
    images = _crop(images, whole.astype(jnp.int32) + reach, side + 1, axis)
    near, far = (lax.slice_in_dim(images, first, first + side, axis=axis) for first in (0, 1))
    return (1.0 - part) * near + part * far


def _crop(images: jax.Array, offset: jax.Array, size: int, axis: int) -> jax.Array:
    """`size` pixels along an axis (1 or 2), from `offset` on.

    offset: int32 from 0 to side - size, with four axes that broadcast against the images, so that each image, or each
    of its rows, may have its own.
    """
    slack = images.shape[axis] - size
    bits = slack.bit_length()
    beyond = [(0, 2**bits - 1 - slack) if a == axis else (0, 0) for a in range(4)]
    images = jnp.pad(images, beyond)  # never reached, but the slices below all have their length
    for bit in reversed(range(bits)):
        length = images.shape[axis] - 2**bit
        near = lax.slice_in_dim(images, 0, length, axis=axis)
        far = lax.slice_in_dim(images, 2**bit, 2**bit + length, axis=axis)
        images = jnp.where((offset >> bit) & 1 == 1, far, near)
    return images


def mirror(images: jax.Array, flip: jax.Array) -> jax.Array:
    """Images flipped left to right where flip [B] is true."""
    return jnp.where(each(flip, images) > 0, images[:, :, ::-1], images)
