"""The factors of figures (source `figures`) read from the pixels of any image of one, in closed form."""

from __future__ import annotations

import numpy as np

_LEAST_CONTRAST = 0.15  # of a figure to its ground, in RGB from 0 to 1; where there is less there is none
_CORE = 0.9  # of the largest distance from the ground: pixels that the figure covers whole
_OVERSHOOT = 4  # generators without a last tanh go a little beyond -1 and 1; values of 0 .. 255 go further
_EMPTY, _FULL = (
    0.1,
    0.9,
)  # coverage below and above is taken for none and for all: grounds of generated images are uneven


def measured_factors(images: np.ndarray) -> dict[str, np.ndarray]:
    """float64 [n] by name, in the units of `gan_jax.data.figure_drawing.FACTORS`, of images [n, S, S, 3] in [-1, 1].

    background: the mean channel of the median of the border's pixels, from black 0 to white 1.
    hue: the angle, in turns, of what the figure adds to the ground, on the circle around grey: how light both are, how
        saturated the figure is and how edges are mixed change nothing.
    x, y: the barycentre of the pixels, each counted by how much of it the figure covers, in sides of the image.
    size: the square root of the covered area, in sides of the image.

    An image without a figure (nothing differs from its ground by 0.15 of the range or more) has a background alone, and NaN.
    On the 1,000 test images at 32 x 32 the largest errors are: hue 0.0006, x 0.0022 and y 0.0021 (0.07 of a pixel), size 0.0030
    (0.1 of a pixel), background 0.002 (half a step of 8 bits); root mean squares a third of these or less, but for rounding.
    """
    pixels, ground = _with_ground(images)
    covered = _coverage(pixels, ground)
    side, area = images.shape[1], covered.sum((1, 2))
    found = area > 0
    safe = np.where(found, area, 1.0)
    middle = (np.arange(side) + 0.5) / side
    added = pixels - ground[:, None, None]
    red, green, blue = (added * np.sum(added**2, -1, keepdims=True)).sum((1, 2)).T  # what differs most counts most
    hue = np.arctan2(np.sqrt(3) * (green - blue), 2 * red - green - blue) / (2 * np.pi) % 1
    factors = {
        "hue": hue,
        "x": (covered.sum(1) @ middle) / safe,
        "y": (covered.sum(2) @ middle) / safe,
        "size": np.sqrt(area) / side,
    }
    return {**{name: np.where(found, each, np.nan) for name, each in factors.items()}, "background": ground.mean(-1)}


def figure_mask(images: np.ndarray) -> np.ndarray:
    """bool [n, S, S]: the pixels that the figure covers by half or more, of images [n, S, S, 3] in [-1, 1].

    By their colour: how far they are on the way from the ground's to the figure's.
    """
    return _coverage(*_with_ground(images)) >= 0.5


def _with_ground(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """RGB from 0 to 1, and the colour of each ground [n, 3]."""
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[-1] != 3 or images.shape[1] != images.shape[2]:
        raise ValueError(f"figures are images [n, S, S, 3]; got {list(images.shape)}")
    if not np.issubdtype(images.dtype, np.floating) or not np.all(np.abs(images) <= _OVERSHOOT):
        raise ValueError(
            f"images are floats in [-1, 1], got {images.dtype}{'' if images.dtype.kind != 'f' else ' beyond it, or NaN'}: "
            "of 8 bits take images / 127.5 - 1"
        )
    pixels = np.clip((np.asarray(images, np.float64) + 1) / 2, 0, 1)
    border = np.concatenate([pixels[:, 0], pixels[:, -1], pixels[:, 1:-1, 0], pixels[:, 1:-1, -1]], 1)
    return pixels, np.median(border, 1)


def _coverage(pixels: np.ndarray, ground: np.ndarray) -> np.ndarray:
    """[n, S, S], from 0 to 1; all 0 where there is no figure."""
    added = pixels - ground[:, None, None]
    distance = np.linalg.norm(added, axis=-1)
    most = distance.max((1, 2), keepdims=True)
    core = (distance >= _CORE * most)[..., None]
    colour = (added * core).sum((1, 2)) / core.sum((1, 2))  # the figure's, less the ground's
    square = np.maximum(np.sum(colour**2, -1), 1e-12).reshape(-1, 1, 1)
    covered = np.clip(np.einsum("nhwc,nc->nhw", added, colour) / square, 0, 1)
    covered = np.where(covered < _EMPTY, 0.0, np.where(covered > _FULL, 1.0, covered))
    return np.where(most >= _LEAST_CONTRAST, covered, 0.0)
