"""Segmenters trained here: small fully convolutional networks that say which parts of an image each pixel belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen, struct

from gan_jax.features.weights import Weights
from gan_jax.nn.conv.convolution import Conv
from gan_jax.nn.conv.resample import upsample_nearest
from gan_jax.nn.norms.batch_norm import BatchNorm
from gan_jax.types import Array, PyTree

_HE = linen.initializers.variance_scaling(2.0, "fan_in", "normal")  # arXiv:1502.01852


class UNet(linen.Module):
    """images [B, H, W, C] in [-1, 1] -> logits float32 [B, H, W, K], one for each of K parts, which may overlap.

    The shape of Ronneberger et al., arXiv:1505.04597, small: two convolutions of 3 x 3 with BatchNorm and ReLU a level, the
    first of a lower level at stride 2; on the way up the nearest pixel is repeated, joined to its level's features, and
    goes through the same two. H and W are multiples of 2 ** (levels - 1), else it raises ValueError.

    widths: of the levels, from full size down.
    """

    parts: int
    widths: tuple[int, ...] = (24, 48, 64)

    @linen.compact
    def __call__(self, images: Array, train: bool = False) -> Array:
        cell = 2 ** (len(self.widths) - 1)
        if images.shape[1] % cell or images.shape[2] % cell:
            raise ValueError(f"this network takes sides that are multiples of {cell}, not {list(images.shape[1:3])}")
        x, seen = images, []
        for level, width in enumerate(self.widths):
            x = self._layer(f"down{level}_conv1", x, width, 2 if level else 1, train)
            x = self._layer(f"down{level}_conv2", x, width, 1, train)  # [B, H / 2 ** level, W / 2 ** level, width]
            seen.append(x)
        for level, width in reversed(list(enumerate(self.widths[:-1]))):
            x = jnp.concatenate([upsample_nearest(x), seen[level]], -1)
            x = self._layer(f"up{level}_conv1", x, width, 1, train)
            x = self._layer(f"up{level}_conv2", x, width, 1, train)
        return Conv(self.parts, (1, 1), name="logits")(x).astype(jnp.float32)

    def _layer(self, name: str, x: Array, width: int, stride: int, train: bool) -> Array:
        x = Conv(width, (3, 3), stride, padding=1, use_bias=False, kernel_init=_HE, name=name)(x)
        return jax.nn.relu(BatchNorm(name=f"{name}_norm")(x, train=train))


class Segmenter(struct.PyTreeNode):
    """A network with its weights: images float32 [B, H, W, C] in [-1, 1] -> logits [B, H, W, K], above 0 inside a part.

    Raises ValueError for images of another shape than it was trained on.
    """

    module: linen.Module = struct.field(pytree_node=False)
    variables: PyTree
    parts: tuple[str, ...] = struct.field(pytree_node=False)  # K names
    shape: tuple[int, ...] = struct.field(pytree_node=False)  # (H, W, C) that it was trained on
    weights: str = struct.field(pytree_node=False)  # SHA-256 of the weights, see `gan_jax.features.weights`

    def __call__(self, images: Array) -> Array:
        if tuple(images.shape[1:]) != self.shape or not jnp.issubdtype(images.dtype, jnp.floating):
            raise ValueError(
                f"this segmenter takes floats in [-1, 1], [B, {', '.join(map(str, self.shape))}], as it was trained on, "
                f"not {images.dtype} {list(images.shape)}"
            )
        return self.module.apply(self.variables, images)


def segmenter_of(weights: Weights) -> Segmenter:
    """The segmenter that `gan_jax.verbs.segmenter` wrote. Raises ValueError for other weights."""
    facts: Mapping[str, Any] = weights.facts
    if missing := [key for key in ("shape", "parts", "architecture") if key not in facts]:
        raise ValueError(f"these are no weights of a segmenter trained here: their facts lack {', '.join(missing)}")
    settings = dict(facts["architecture"])
    if (kind := settings.pop("type", None)) != "UNet":
        raise ValueError(f"unknown architecture {kind!r} of a segmenter; known: UNet")
    parts = tuple(facts["parts"])
    module = UNet(len(parts), tuple(settings["widths"]))
    variables = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), weights.variables)
    return Segmenter(module, variables, parts, tuple(facts["shape"]), weights.sha256)
