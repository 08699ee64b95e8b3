"""Images against those that they should be, pixel by pixel; and how sharp images are. Images are uint8 [N, H, W, C]."""

from __future__ import annotations

import numpy as np

_AT_ONCE = 256


def mean_error(images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The mean |x - y| of each pair, in units of [-1, 1]: float64 [N], from 0 to 2. As L1 losses have it.

    Raises ValueError where the shapes differ.
    """
    if images.shape != targets.shape:
        raise ValueError(f"an error by pixel compares images of one shape, not {images.shape} with {targets.shape}")
    each = lambda x, y: np.abs(x.astype(np.int16) - y).reshape(len(x), -1).mean(1) / 127.5
    return np.concatenate(
        [each(images[i : i + _AT_ONCE], targets[i : i + _AT_ONCE]) for i in range(0, len(images), _AT_ONCE)]
    )


def best_constant(targets: np.ndarray) -> np.ndarray:
    """The one colour that is nearest to all targets by `mean_error`: uint8 [C], the median of each channel."""
    return np.median(targets.reshape(-1, targets.shape[-1]), axis=0).astype(np.uint8)


def sharpness(images: np.ndarray) -> np.ndarray:
    """The mean absolute difference of neighbouring pixels, along both axes and all channels, in units of [-1, 1]: [N].

    A picture blurred over n pixels loses about n - 1 parts of n of what its fine texture adds; a single large step, such as a
    coast, adds the same however blurred. Noise counts as texture: hold it against that of the targets. Needs 2 x 2 pixels.
    """
    if min(images.shape[1:3]) < 2:
        raise ValueError(f"sharpness is of images from 2 x 2 pixels on, not of {images.shape[1:3]}")

    def each(x: np.ndarray) -> np.ndarray:
        x = x.astype(np.int16)
        along = [np.abs(np.diff(x, axis=axis)).reshape(len(x), -1).mean(1) for axis in (1, 2)]
        return (along[0] + along[1]) / 2 / 127.5

    return np.concatenate([each(images[i : i + _AT_ONCE]) for i in range(0, len(images), _AT_ONCE)])
