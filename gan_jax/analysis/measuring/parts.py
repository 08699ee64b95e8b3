"""Segmentations of the data sets whose parts are known, for images of any generator of theirs."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.analysis.measuring.figures import figure_mask
from gan_jax.analysis.segmentation import Segmentation
from gan_jax.data.figure_drawing import PARTS, SHAPES
from gan_jax.features.embedded import embedded_classifier, embedded_segmenter
from gan_jax.features.segmenter import Segmenter
from gan_jax.nn.compiling import compiled
from gan_jax.types import Array

_SHADES = (1, 3)  # channels of an image that is grey


def face_parts_segmentation() -> Segmentation:
    """Hair, eyes, glasses, beard and mouth of images like the embedded faces, by the small segmenter that ships.

    Images are grey or RGB, of 32 x 32 pixels or a whole number of times as many: of larger ones the means of cells are looked
    at, and masks repeated. How well its masks overlap with the true ones is told in `gan_jax.features.embedded`.
    Differentiable: `soft`. Raises ValueError for images of other sides.
    """
    segmenter, likely = embedded_segmenter("faces"), compiled(_soft)
    masks = lambda images: np.asarray(likely(segmenter, images)) > 0.5
    return Segmentation(segmenter.parts, masks, functools.partial(jax.jit(_soft), segmenter))


def figures_segmentation() -> Segmentation:
    """The figure of each shape, and the background, of images like those of source `figures`, 32 x 32.

    Its pixels by their colour, in closed form (`figures.figure_mask`); which shape it is, by the classifier that ships. A mask
    of an image is that of one shape: the others are empty. Not differentiable.
    """
    classifier = embedded_classifier("figures")
    look = compiled(lambda extractor, images: extractor(images)["logits"])

    def masks(images: Any) -> np.ndarray:
        images = np.asarray(images)
        figure = figure_mask(images)[..., None]  # [n, S, S, 1]
        pixels = np.clip(np.round(images * 127.5 + 127.5), 0, 255).astype(np.uint8)
        shape = np.argmax(np.asarray(look(classifier, pixels)), -1).reshape(-1, 1, 1, 1)
        return np.concatenate([figure & (shape == np.arange(len(SHAPES))), ~figure], -1)

    return Segmentation(PARTS, masks)


def _soft(segmenter: Segmenter, images: Array) -> Array:
    """How likely each pixel is of each part: images [n, k * 32, k * 32, 1 or 3] -> [n, k * 32, k * 32, 5]."""
    side = segmenter.shape[0]
    n, height, width, channels = images.shape
    k = height // side
    if height != width or height != k * side or channels not in _SHADES:
        raise ValueError(
            f"the segmenter of faces takes images of {side} x {side} pixels or a whole number of times that, grey or RGB; "
            f"got {list(images.shape)}"
        )
    grey = jnp.mean(jnp.asarray(images, jnp.float32), -1)
    cells = jnp.mean(grey.reshape(n, side, k, side, k), (2, 4))[..., None]
    likely = jax.nn.sigmoid(segmenter(cells))  # [n, 32, 32, K]
    return jnp.repeat(jnp.repeat(likely, k, 1), k, 2)
