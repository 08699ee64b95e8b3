"""SNGAN's residual networks at 32, 48, 64 and 128 pixels (Miyato et al., arXiv:1802.05957; projection: 1802.05637).

Upsampling is to the nearest neighbour, downsampling by the mean, and a shortcut is learned (1 x 1) where the shape
changes, as in the authors' code. Torch-mimicry's blocks upsample by linear interpolation. compare_gan's (of SS-GAN's
published numbers) upsample by zeros and begin at N(0, 0.02^2), which are settings here; their shortcuts are 3 x 3, always
learned, and have no setting.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax import ranges
from gan_jax.architectures.parts.stem import Stem, base_size, generator_norm
from gan_jax.architectures.parts.verdict import pooled_verdict
from gan_jax.nn.conv.convolution import Conv
from gan_jax.nn.conv.resample import downsample_mean, upsample_interpolated, upsample_nearest
from gan_jax.nn.tap import tap
from gan_jax.nn.weights import Initializer, glorot, normal
from gan_jax.types import Verdict

# By the image's height: width of the first map, then of each doubling block.
GENERATOR_WIDTHS = {
    32: (256, 256, 256, 256),
    48: (512, 256, 128, 64),
    64: (1024, 512, 256, 128, 64),
    128: (1024, 1024, 512, 256, 128, 64),
}
# Width of each block, and how many of the first blocks halve the image.
DISCRIMINATOR_WIDTHS = {
    32: ((128, 128, 128, 128), 2),
    48: ((64, 128, 256, 512, 1024), 4),
    64: ((64, 128, 256, 512, 1024), 5),
    128: ((64, 128, 256, 512, 1024, 1024), 5),
}
# Of the 3 x 3 convolutions of the blocks, and of all other weights.
INITIALIZERS = {"glorot": (glorot(math.sqrt(2)), glorot()), "normal": (normal(0.02), normal(0.02))}
UPSAMPLING = ("nearest", "linear", "zeros")


def _of_size(table: dict[int, Any], height: int) -> Any:
    if height not in table:
        raise ValueError(
            f"SNGAN has no widths for images {height} pixels high (it has {', '.join(map(str, table))}): set widths"
        )
    return table[height]


def _initializers(name: str) -> tuple[Initializer, Initializer]:
    if name not in INITIALIZERS:
        raise ValueError(f"initialization is one of {', '.join(INITIALIZERS)}, not {name!r}")
    return INITIALIZERS[name]


class Generator(linen.Module):
    """latents [B, Z] -> images [B, H, W, C] in [-1, 1]: a dense stem, residual blocks that double the size, tanh.

    widths: of the first map, then of each doubling; by default the paper's for the image's height.
    norm: "batch", "conditional_batch" (labels), "self_modulated" (sBN of SS-GAN) or "none".
    upsample: "nearest" (the paper), "linear" (torch-mimicry) or "zeros" (compare_gan: a pixel becomes the first of a cell of
        2 x 2 whose others are zero).
    initialization: "glorot" (the paper: uniform, with a gain of sqrt(2) for the blocks' 3 x 3 convolutions) or "normal"
        (compare_gan: stddev 0.02), of all weights.
    """

    image_shape: tuple[int, int, int]
    widths: tuple[int, ...] = ()
    norm: str = "batch"
    upsample: str = "nearest"
    initialization: str = "glorot"
    num_classes: int = 0
    dtype: Any = None

    def __post_init__(self):
        ranges.wholes("widths", self.widths)
        ranges.whole("num_classes", self.num_classes, 0)
        super().__post_init__()

    @linen.compact
    def __call__(self, latents: jax.Array, label: jax.Array | None = None, train: bool = False) -> jax.Array:
        if self.upsample not in UPSAMPLING:
            raise ValueError(f"upsample is one of {', '.join(UPSAMPLING)}, not {self.upsample!r}")
        residual, plain = _initializers(self.initialization)
        first, *widths = self.widths or _of_size(GENERATOR_WIDTHS, self.image_shape[0])
        size = base_size(self.image_shape, len(widths))
        normalize = generator_norm(self.norm, latents, label, self.num_classes, train)
        x = Stem(size, first, plain, dtype=self.dtype, name="stem")(latents)
        for i, width in enumerate(widths):
            x = self._block(f"block{i}", x, width, normalize, residual, plain)
            x = tap(self, f"block{i}", x)
        if self.norm == "conditional_batch":  # the last norm knows no class
            normalize = generator_norm("batch", latents, None, 0, train)
        x = jax.nn.relu(normalize("norm", x))
        x = Conv(self.image_shape[-1], kernel_init=plain, dtype=self.dtype, name="to_image")(x)
        return jnp.tanh(x.astype(jnp.float32))

    def _block(self, name, x, width, normalize, residual, plain):
        conv = lambda part, side, init, resample=None: Conv(
            width, (side, side), kernel_init=init, dtype=self.dtype, resample=resample, name=f"{name}_{part}"
        )
        h = jax.nn.relu(normalize(f"{name}_norm1", x))
        if self.upsample == "zeros":  # between pixels, the shortcut is its bias
            h, shortcut = conv("conv1", 3, residual, "unpool")(h), conv("shortcut", 1, plain, "unpool")(x)
        else:
            # Interpolation and a 1 x 1 convolution commute: convolving first is a quarter of the work.
            if self.upsample == "nearest":
                h, double = conv("conv1", 3, residual, "up")(h), upsample_nearest
            else:
                h, double = conv("conv1", 3, residual)(upsample_interpolated(h)), upsample_interpolated
            shortcut = double(conv("shortcut", 1, plain)(x))
        return shortcut + conv("conv2", 3, residual)(jax.nn.relu(normalize(f"{name}_norm2", h)))


class Discriminator(linen.Module):
    """images [B, H, W, C] -> Verdict: residual blocks, ReLU, pooling over the image, a linear layer, and a projection.

    widths, halvings: of the blocks, and how many of the first blocks halve the image; by default the paper's.
    scheme: "spectral", "equalized" or None, of every weight. pooling: "sum" (the paper) or "mean" (compare_gan).
    rectified_shortcut: a block's shortcut too sees its input after the ReLU, as in torch-mimicry, whose ReLU overwrites
        what it is given; in the paper only the convolutions do.
    initialization: as in Generator.
    Features: "block0", "block1", ... (maps) and "pooled" [B, F].
    """

    image_shape: tuple[int, int, int]
    widths: tuple[int, ...] = ()
    halvings: int | None = None
    scheme: str | None = "spectral"
    pooling: str = "sum"
    num_classes: int = 0
    rectified_shortcut: bool = False
    initialization: str = "glorot"
    dtype: Any = None

    def __post_init__(self):
        ranges.wholes("widths", self.widths)
        if self.halvings is not None:
            ranges.whole("halvings", self.halvings, 0)
        ranges.whole("num_classes", self.num_classes, 0)
        super().__post_init__()

    @linen.compact
    def __call__(self, images: jax.Array, label: jax.Array | None = None, train: bool = False) -> Verdict:
        widths, halvings = self.widths, self.halvings
        if not widths:
            widths, default = _of_size(DISCRIMINATOR_WIDTHS, self.image_shape[0])
            halvings = default if halvings is None else halvings
        if halvings is None:
            raise ValueError("set halvings, the number of blocks that halve the image, together with widths")
        base_size(self.image_shape, halvings)
        if self.pooling not in ("sum", "mean"):
            raise ValueError(f"pooling is 'sum' or 'mean', not {self.pooling!r}")
        pool = functools.partial(getattr(jnp, self.pooling), axis=(1, 2))
        residual, plain = _initializers(self.initialization)
        features, x = {}, images
        for i, width in enumerate(widths):
            x = self._block(f"block{i}", x, width, residual, plain, first=i == 0, halve=i < halvings)
            features[f"block{i}"] = x
        return pooled_verdict(x, features, label, self.num_classes, self.scheme, plain, pool)

    def _block(self, name, x, width, residual, plain, first, halve):
        hidden = width if first else x.shape[-1]
        conv = lambda part, features, kernel, init, resample=None: Conv(
            features,
            kernel,
            scheme=self.scheme,
            kernel_init=init,
            dtype=self.dtype,
            resample=resample,
            name=f"{name}_{part}",
        )
        pool = downsample_mean if halve else lambda x: x
        rectified = x if first else jax.nn.relu(x)
        x = rectified if self.rectified_shortcut else x
        h = conv("conv1", hidden, (3, 3), residual)(rectified)
        h = conv("conv2", width, (3, 3), residual, "down" if halve else None)(jax.nn.relu(h))
        if first or halve or width != x.shape[-1]:
            # Pooling and a 1 x 1 convolution commute: pooling first is a quarter of the work.
            x = conv("shortcut", width, (1, 1), plain)(pool(x))
        return h + x
