"""The Inception v3 of 2015-12-05 as a Flax module.

It is the network of TensorFlow's `classify_image_graph_def.pb`, not the one of later papers and libraries: averages do
not count the padding, the last block pools by maximum, and there are 1008 outputs. BatchNorm, whose statistics are
fixed, is part of the convolutions. Architecture: arXiv:1512.00567, Fig. 5 to 7 and 10; units are named as PyTorch's ports
name them, and the graph's own traits are those of torch-fidelity 0.4.0.
"""

from __future__ import annotations

from collections.abc import Iterator

import jax.numpy as jnp
import numpy as np
from flax import linen
from jax import lax

from gan_jax.nn.conv.convolution import conv
from gan_jax.types import Array

TAPS = ("64", "192", "768", "2048", "logits_unbiased", "logits")  # "logits_unbiased": before the bias is added
SIDE = 299  # pixels


class Inception(linen.Module):
    """Images float32 [B, 299, 299, 3] in [-1, 1] -> {tap: [B, F]}; nothing behind the last of `taps` is computed."""

    taps: tuple[str, ...] = TAPS

    @linen.compact
    def __call__(self, x: Array) -> dict[str, Array]:
        found = {}
        for name, activations in _stages(x):
            if name in self.taps:
                found[name] = activations.mean((1, 2)) if activations.ndim == 4 else activations
            if len(found) == len(set(self.taps)):
                break
        return {tap: found[tap] for tap in self.taps}


def _stages(x: Array) -> Iterator[tuple[str, Array]]:
    """The network, tap by tap."""
    x = _unit(x, "Conv2d_1a_3x3", 32, (3, 3), 2, "VALID")  # [B, 149, 149, 32]
    x = _unit(x, "Conv2d_2a_3x3", 32, (3, 3), 1, "VALID")  # [B, 147, 147, 32]
    x = _unit(x, "Conv2d_2b_3x3", 64, (3, 3))
    x = max_pool(x, 2, "VALID")  # [B, 73, 73, 64]
    yield "64", x
    x = _unit(x, "Conv2d_3b_1x1", 80)
    x = _unit(x, "Conv2d_4a_3x3", 192, (3, 3), 1, "VALID")  # [B, 71, 71, 192]
    x = max_pool(x, 2, "VALID")  # [B, 35, 35, 192]
    yield "192", x
    for name, pooled in (("Mixed_5b", 32), ("Mixed_5c", 64), ("Mixed_5d", 64)):
        x = _block_35(x, name, pooled)  # [B, 35, 35, 224 + pooled]
    x = _from_35_to_17(x, "Mixed_6a")  # [B, 17, 17, 768]
    for name, inner in (("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)):
        x = _block_17(x, name, inner)
    yield "768", x
    x = _from_17_to_8(x, "Mixed_7a")  # [B, 8, 8, 1280]
    x = _block_8(x, "Mixed_7b", maximum=False)  # [B, 8, 8, 2048]
    x = _block_8(x, "Mixed_7c", maximum=True)
    yield "2048", x
    product, bias = Logits(1008, name="fc")(x.mean((1, 2)))
    yield "logits_unbiased", product
    yield "logits", product + bias


def _block_35(x, name, pooled):
    unit = lambda x, branch, *options: _unit(x, f"{name}.{branch}", *options)
    double = unit(unit(x, "branch3x3dbl_1", 64), "branch3x3dbl_2", 96, (3, 3))
    branches = (
        unit(x, "branch1x1", 64),
        unit(unit(x, "branch5x5_1", 48), "branch5x5_2", 64, (5, 5)),
        unit(double, "branch3x3dbl_3", 96, (3, 3)),
        unit(x, "branch_pool", pooled, (1, 1), 1, "SAME", True),
    )
    return jnp.concatenate(branches, -1)


def _from_35_to_17(x, name):
    unit = lambda x, branch, *options: _unit(x, f"{name}.{branch}", *options)
    double = unit(unit(x, "branch3x3dbl_1", 64), "branch3x3dbl_2", 96, (3, 3))
    branches = (
        unit(x, "branch3x3", 384, (3, 3), 2, "VALID"),
        unit(double, "branch3x3dbl_3", 96, (3, 3), 2, "VALID"),
        max_pool(x, 2, "VALID"),
    )
    return jnp.concatenate(branches, -1)


def _block_17(x, name, inner):
    unit = lambda x, branch, *options: _unit(x, f"{name}.{branch}", *options)
    single = unit(unit(x, "branch7x7_1", inner), "branch7x7_2", inner, (1, 7))
    double = unit(unit(x, "branch7x7dbl_1", inner), "branch7x7dbl_2", inner, (7, 1))
    double = unit(unit(double, "branch7x7dbl_3", inner, (1, 7)), "branch7x7dbl_4", inner, (7, 1))
    branches = (
        unit(x, "branch1x1", 192),
        unit(single, "branch7x7_3", 192, (7, 1)),
        unit(double, "branch7x7dbl_5", 192, (1, 7)),
        unit(x, "branch_pool", 192, (1, 1), 1, "SAME", True),
    )
    return jnp.concatenate(branches, -1)


def _from_17_to_8(x, name):
    unit = lambda x, branch, *options: _unit(x, f"{name}.{branch}", *options)
    wide = unit(unit(x, "branch7x7x3_1", 192), "branch7x7x3_2", 192, (1, 7))
    wide = unit(wide, "branch7x7x3_3", 192, (7, 1))
    branches = (
        unit(unit(x, "branch3x3_1", 192), "branch3x3_2", 320, (3, 3), 2, "VALID"),
        unit(wide, "branch7x7x3_4", 192, (3, 3), 2, "VALID"),
        max_pool(x, 2, "VALID"),
    )
    return jnp.concatenate(branches, -1)


def _block_8(x, name, maximum):
    unit = lambda x, branch, *options: _unit(x, f"{name}.{branch}", *options)
    single = unit(x, "branch3x3_1", 384)
    double = unit(unit(x, "branch3x3dbl_1", 448), "branch3x3dbl_2", 384, (3, 3))
    branches = (
        unit(x, "branch1x1", 320),
        unit(single, "branch3x3_2a", 384, (1, 3)),
        unit(single, "branch3x3_2b", 384, (3, 1)),
        unit(double, "branch3x3dbl_3a", 384, (1, 3)),
        unit(double, "branch3x3dbl_3b", 384, (3, 1)),
        unit(max_pool(x, 1, "SAME") if maximum else x, "branch_pool", 192, (1, 1), 1, "SAME", not maximum),
    )
    return jnp.concatenate(branches, -1)


class Unit(linen.Module):
    """Convolution with bias, then ReLU: [B, H, W, I] -> [B, H', W', features]."""

    features: int
    window: tuple[int, int] = (1, 1)
    strides: int = 1
    padding: str = "SAME"
    averaged: bool = False  # `mean_pool` before the bias: for a 1 x 1 window the same as before the convolution

    @linen.compact
    def __call__(self, x: Array) -> Array:
        shape = (*self.window, x.shape[-1], self.features)
        kernel = self.param("kernel", linen.initializers.he_normal(), shape)
        bias = self.param("bias", linen.initializers.zeros, (self.features,))
        if self.padding == "VALID" and self.strides == 1:
            x = lax.platform_dependent(x, kernel, cpu=_padded_and_cropped, default=_unpadded)
        else:
            x = conv(x, kernel, self.strides, self.padding)
        return linen.relu((mean_pool(x) if self.averaged else x) + bias.reshape(1, 1, 1, -1))


def _unit(x, name, *options):
    return Unit(*options, name=name)(x)


def _unpadded(x, kernel):
    return conv(x, kernel, padding="VALID")


def _padded_and_cropped(x, kernel):
    """The same: XLA's CPU backend computes padded convolutions two to three times as fast as unpadded ones."""
    (up, left), (down, right) = (((k - 1) // 2 for k in kernel.shape[:2]), (k // 2 for k in kernel.shape[:2]))
    return conv(x, kernel)[:, up : x.shape[1] - down, left : x.shape[2] - right]


class Logits(linen.Module):
    """[B, F] -> the product [B, features] with a matrix, and the bias [1, features] that is still to be added."""

    features: int

    @linen.compact
    def __call__(self, x: Array) -> tuple[Array, Array]:
        kernel = self.param("kernel", linen.initializers.lecun_normal(), (x.shape[-1], self.features))
        return x @ kernel, self.param("bias", linen.initializers.zeros, (self.features,))[None]


def mean_pool(x: Array) -> Array:
    """The mean of those of the 3 x 3 pixels around each that lie inside the image: [B, H, W, C] -> the same."""
    counts = [np.convolve(np.ones(n, np.float32), np.ones(3, np.float32), "same") for n in x.shape[1:3]]
    return _pool(x, 0.0, lax.add, 1, "SAME") * (1 / np.outer(*counts))[None, :, :, None]


def max_pool(x: Array, strides: int, padding: str) -> Array:
    """The largest of every 3 x 3 pixels: [B, H, W, C] -> [B, H', W', C]. Padding is never the largest."""
    return _pool(x, -np.inf, lax.max, strides, padding)


def _pool(x, start, combine, strides, padding):
    def windows(x):
        return lax.reduce_window(x, start, combine, (1, 3, 3, 1), (1, strides, strides, 1), padding)

    def slices(x):  # rows, then columns: on CPUs four times as fast
        for axis in (1, 2):
            edge = int(padding == "SAME")
            x = lax.pad(x, jnp.asarray(start, x.dtype), [(edge, edge, 0) if a == axis else (0, 0, 0) for a in range(4)])
            parts = [lax.slice_in_dim(x, i, x.shape[axis] - 2 + i, strides, axis) for i in range(3)]
            x = combine(combine(*parts[:2]), parts[2])
        return x

    return lax.platform_dependent(x, cpu=slices, default=windows)
