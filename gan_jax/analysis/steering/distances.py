"""How far images are from a transformation's targets, where these are known."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np

from gan_jax.types import Array

Masked = Callable[[Array, Array, Array], Array]  # images, targets [n, H, W, C], masks [n, H, W, 1] -> [n]


def masked_squared_error(images: Array, targets: Array, masks: Array) -> Array:
    """The mean squared difference over the pixels whose mask is not 0. -> [n]."""
    squares = jnp.mean(jnp.square(images - targets), -1, keepdims=True)
    return _mean(squares, masks)


def blurred(sigma: float) -> Masked:
    """`masked_squared_error` after a Gaussian blur, in pixels, of what is known of both (arXiv:2001.10238, section 2.1).

    Pixels out of the mask do not enter the blur: the blur of the masked difference is divided by that of the mask.
    """
    reach = max(int(np.ceil(3 * sigma)), 1)
    window = np.exp(-0.5 * np.square(np.arange(-reach, reach + 1) / sigma)) if sigma else np.ones(1)
    window = (window / window.sum()).astype(np.float32)

    def distance(images: Array, targets: Array, masks: Array) -> Array:
        along = [jnp.asarray(_band(window, n)) for n in images.shape[1:3]]
        smooth = lambda x: jnp.einsum("ij,njkc,lk->nilc", along[0], x, along[1])
        weight = smooth(masks)
        apart = smooth((images - targets) * masks) / jnp.maximum(weight, 1e-6)
        return _mean(jnp.mean(jnp.square(apart), -1, keepdims=True), masks)

    return distance


def perceptual(distance: Callable[[Array, Array], Array]) -> Masked:
    """By LPIPS (`features.lpips`), or any distance of images: pixels out of the mask are made the target's."""
    return lambda images, targets, masks: distance(masks * images + (1 - masks) * targets, targets)


def _band(window: np.ndarray, n: int) -> np.ndarray:
    """[n, n]: the blur along an axis as a product; beyond its ends is nothing."""
    places = np.arange(n)
    apart = places[:, None] - places[None, :] + len(window) // 2
    return np.where((apart >= 0) & (apart < len(window)), window[np.clip(apart, 0, len(window) - 1)], 0.0).astype(
        np.float32
    )


def _mean(values: Array, masks: Array) -> Array:
    return jnp.sum(values * masks, (1, 2, 3)) / jnp.maximum(jnp.sum(masks, (1, 2, 3)), 1.0)
