"""What a classifier learns of an image: one class of several, or yes/no attributes of which any number may be true.

Classes are labels int [N], told by a softmax; attributes are labels bool [N, K], told by K sigmoids.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax

from gan_jax.types import Array


def checked(images: np.ndarray, labels: np.ndarray, num_outputs: int, which: str) -> tuple[np.ndarray, np.ndarray]:
    """The same, labels as int32 or bool. Raises ValueError where they are no images and labels of `num_outputs`."""
    images, labels = np.asarray(images), np.asarray(labels)
    if images.dtype != np.uint8 or images.ndim != 4 or not len(images):
        raise ValueError(f"{which} images must be uint8 [N, H, W, C], not {images.dtype} {list(images.shape)}")
    if labels.dtype == bool:
        if labels.shape != (len(images), num_outputs):
            raise ValueError(
                f"{which} attributes must be bool [{len(images)}, {num_outputs}], a row for each image, not "
                f"{list(labels.shape)}"
            )
        return images, labels
    if labels.shape != (len(images),) or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"{which} labels must be {len(images)} integers, one for each image, not {labels.dtype} {labels.shape}"
        )
    if labels.min() < 0 or labels.max() >= num_outputs:
        raise ValueError(
            f"{which} labels run from {labels.min()} to {labels.max()}; they must be 0 to {num_outputs - 1}"
        )
    return images, labels.astype(np.int32)


def loss(logits: Array, labels: Array, smoothing: float) -> Array:
    """Minus the log-likelihood of an image's label, the mean over a batch: of classes int [B], or attributes bool [B, K].

    That is the softmax's cross-entropy, or the sum of the K sigmoids'.
    smoothing: the share of a label that is spread over all classes, or over yes and no.
    """
    if labels.dtype == bool:
        targets = (1 - smoothing) * labels.astype(logits.dtype) + smoothing / 2
        return jnp.mean(jnp.sum(optax.sigmoid_binary_cross_entropy(logits, targets), -1))
    targets = optax.smooth_labels(jax.nn.one_hot(labels, logits.shape[-1]), smoothing)
    return jnp.mean(optax.softmax_cross_entropy(logits, targets))


def correct(logits: Array, labels: Array) -> Array:
    """Whether the likeliest class is the right one, bool [B]; or each attribute's likelier answer, bool [B, K]."""
    return (logits > 0) == labels if labels.dtype == bool else jnp.argmax(logits, -1) == labels
