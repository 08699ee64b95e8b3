"""What can be measured of any image: how light it is, and where, how large and how turned what it shows is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.ndimage import map_coordinates

LEAST_AREA = 0.02  # of the image: less of a thing has no place or size to speak of (arXiv:2001.10238, section 3)
Saliency = Callable[[np.ndarray], np.ndarray]  # images [n, H, W, C] in [-1, 1] -> [n, H, W], from 0 on
_QUIET = 0.1  # of the range from black to white: nearer to the ground's colour is the ground
_DEGREES, _MOST_TURNED = 360, 90


def unlike_the_border(images: np.ndarray) -> np.ndarray:
    """How far each pixel is from the border's median colour, from 0 to 1; less than a tenth is 0. -> [n, H, W]."""
    border = np.concatenate([images[:, [0, -1]].swapaxes(1, 2), images[:, :, [0, -1]]], 1)  # [n, H + W, 2, C]
    ground = np.median(border.reshape(len(images), -1, images.shape[-1]), 1)
    apart = np.mean(np.abs(images - ground[:, None, None]), -1) / 2
    return np.where(apart < _QUIET, 0.0, apart)


def factors_of(images: np.ndarray, saliency: Saliency = unlike_the_border) -> dict[str, np.ndarray]:
    """By name float64 [n]: brightness, and of each colour, as a share of the range; contrast, their deviation over pixels;
    of what is salient: place_x and place_y, its barycentre as a share of the side; size, the natural logarithm of its root
    mean square distance from there, as a share of the side.

    Place and size are NaN where what is salient covers less than a fiftieth of the image.
    """
    pixels = (np.asarray(images, np.float64) + 1) / 2
    found = {"brightness": pixels.mean((1, 2, 3)), "contrast": pixels.mean(-1).std((1, 2))}
    if images.shape[-1] == 3:
        found |= {name: pixels[..., i].mean((1, 2)) for i, name in enumerate(("red", "green", "blue"))}
    weight = np.asarray(saliency(images), np.float64)
    there = np.mean(weight > 0, (1, 2)) >= LEAST_AREA
    weight = np.where(there[:, None, None], weight, np.nan)
    share = weight / weight.sum((1, 2), keepdims=True)
    y, x = (np.arange(n) + 0.5 for n in weight.shape[1:])
    place_y, place_x = share.sum(2) @ y, share.sum(1) @ x
    squares = np.square(y[:, None] - place_y[:, None, None]) + np.square(x - place_x[:, None, None])
    return found | {
        "place_x": place_x / len(x),
        "place_y": place_y / len(y),
        "size": 0.5 * np.log(np.maximum((share * squares).sum((1, 2)), 1e-12)) - np.log(len(x)),
    }


def turns(images: np.ndarray, references: np.ndarray, saliency: Saliency = unlike_the_border) -> np.ndarray:
    """By how many radians each image is its reference turned clockwise about the centre, up to 90 degrees. [n] float64.

    Where the correlation of both, ring by ring, is greatest. NaN where little is salient.
    """
    of = [_on_rings(np.asarray(saliency(each), np.float64)) for each in (images, references)]
    spectra = [np.fft.rfft(rings, axis=-1) for rings in of]
    along = np.fft.irfft((spectra[0] * spectra[1].conj()).sum(1), _DEGREES, axis=-1)  # [n, degrees]
    turned = np.arange(-_MOST_TURNED, _MOST_TURNED + 1)
    seen = along[:, turned % _DEGREES]
    best = seen.argmax(1)
    inner = np.clip(best, 1, len(turned) - 2)
    low, middle, high = (seen[np.arange(len(seen)), inner + k] for k in (-1, 0, 1))
    bend = low - 2 * middle + high
    finer = np.where((best == inner) & (bend < 0), 0.5 * (low - high) / np.where(bend < 0, bend, 1.0), 0.0)
    empty = [np.mean(np.asarray(saliency(each)) > 0, (1, 2)) < LEAST_AREA for each in (images, references)]
    return np.where(empty[0] | empty[1], np.nan, np.deg2rad(turned[best] + finer))


def _on_rings(weight: np.ndarray) -> np.ndarray:
    """[n, H, W] -> [n, rings, degrees], each ring less its mean and weighted by its length."""
    middle = [(n - 1) / 2 for n in weight.shape[1:]]
    radii = np.arange(1.0, min(middle) + 0.5)
    angle = np.deg2rad(np.arange(_DEGREES))
    y = middle[0] + radii[:, None] * np.sin(angle)
    x = middle[1] + radii[:, None] * np.cos(angle)
    rings = np.stack([map_coordinates(each, [y, x], order=1, mode="nearest") for each in weight])
    return (rings - rings.mean(-1, keepdims=True)) * np.sqrt(radii)[:, None]


def changes(
    images: np.ndarray, references: np.ndarray, saliency: Saliency = unlike_the_border
) -> dict[str, np.ndarray]:
    """How each factor of images [n, A, H, W, C] differs from that of references [n, H, W, C]: by name [n, A].

    "angle" is that of `turns`.
    """
    n, a = images.shape[:2]
    flat = images.reshape(n * a, *images.shape[2:])
    after, before = factors_of(flat, saliency), factors_of(references, saliency)
    found = {name: value.reshape(n, a) - before[name][:, None] for name, value in after.items()}
    return found | {"angle": turns(flat, np.repeat(references, a, 0), saliency).reshape(n, a)}
