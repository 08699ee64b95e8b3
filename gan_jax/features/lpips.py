"""LPIPS: how different two images look, as a distance between their activations in VGG-16. arXiv:1801.03924."""

from __future__ import annotations

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from gan_jax.features.resize import rgb
from gan_jax.features.vgg import TAPS, VGG16, WIDTHS
from gan_jax.features.weights import Weights, weights_hash
from gan_jax.types import Array, PyTree

HEADS = {tap: widths[-1] for tap, widths in zip(TAPS, WIDTHS, strict=False)}  # tap: channels, and weights of its head
SMALLEST = 16  # pixels, so that four pools leave one
_SHIFT = np.array(
    [-0.030, -0.088, -0.188], np.float32
)  # colours of ImageNet for images in [-1, 1], of the authors' v0.1
_SCALE = np.array([0.458, 0.448, 0.450], np.float32)


class Distance(struct.PyTreeNode):
    """LPIPS with its weights: x, y [B, H, W, 1 or 3] in [-1, 1] -> [B]. A pytree, so that jitted functions take it."""

    variables: PyTree
    name: str = struct.field(pytree_node=False)  # as in records: "lpips_vgg16"
    weights: str = struct.field(pytree_node=False)  # SHA-256 of all weights

    def __call__(self, x: Array, y: Array) -> Array:
        return lpips(self.variables, x, y)


def lpips_distance(vgg16: Weights | PyTree, heads: Weights | PyTree) -> Distance:
    """LPIPS from the weights of VGG-16 (`published_weights("vgg16")`) and of its heads (`"vgg16_lpips"`)."""
    backbone, heads = (w.variables if isinstance(w, Weights) else w for w in (vgg16, heads))
    convolutions = {name: layer for name, layer in backbone["params"].items() if name.startswith("conv")}
    variables = {"vgg16": {"params": convolutions}, "heads": heads["heads"]}
    return Distance(jax.tree.map(jnp.asarray, variables), "lpips_vgg16", weights_hash(variables))


def lpips(variables: Mapping[str, PyTree], x: Array, y: Array) -> Array:
    """The learned distance of image pairs: x, y [B, H, W, 1 or 3] in [-1, 1], at least 16 pixels a side -> float32 [B].

    variables: {"vgg16": variables of `VGG16`, "heads": {tap: [F]}}. Eq. (1) of arXiv:1801.03924: at each tap, activations
    are scaled to length 1 along channels, and the squares of their differences weighted, averaged over pixels, and summed.
    """
    if x.ndim != 4 or x.shape != y.shape or min(x.shape[1:3]) < SMALLEST:
        least = f"at least {SMALLEST} pixels a side"
        raise ValueError(f"LPIPS compares images [B, H, W, C] of one shape, {least}; got {x.shape} and {y.shape}")
    scaled = ((rgb(image) - _SHIFT.reshape(1, 1, 1, 3)) / _SCALE.reshape(1, 1, 1, 3) for image in (x, y))
    with jax.default_matmul_precision("highest"):
        found = VGG16(tuple(HEADS)).apply(variables["vgg16"], jnp.concatenate(tuple(scaled)))
    return sum(_distance_at(*jnp.split(found[tap], 2), variables["heads"][tap]) for tap in HEADS)


def _distance_at(x, y, head):
    """[B, h, w, F] twice, and the head's [F] -> [B]."""
    squares = (_of_length_one(x) - _of_length_one(y)) ** 2
    return jnp.sum(squares * head.reshape(1, 1, 1, -1), -1).mean((1, 2))


def _of_length_one(x):
    squares = jnp.sum(x**2, -1, keepdims=True)
    length = jnp.sqrt(jnp.where(squares > 0, squares, 1.0))  # a root of 0 would have no gradient
    return x / jnp.where(squares > 0, length + 1e-10, 1e-10)
