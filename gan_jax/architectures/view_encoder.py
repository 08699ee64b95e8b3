"""3D-VAE-GAN's image encoder (Wu et al., arXiv:1610.07584, section 3.2)."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax import ranges
from gan_jax.nn.conv.convolution import Conv
from gan_jax.nn.dense import Dense
from gan_jax.nn.norms.batch_norm import BatchNorm
from gan_jax.nn.weights import normal


class Encoder(linen.Module):
    """views [B, H, W, C] -> (mean, log variance), each [B, dim]: strided convolutions, then one layer on the flat map.

    Each convolution is followed by batch normalisation and ReLU; the last layer, a convolution of the whole map in the
    paper, is the product that it is. The defaults are the paper's for views of 256 x 256 (unverified: widths, kernels and
    strides as others report them). views: images in [-1, 1].

    widths, kernels, strides: of each convolution, as many of each. dim: of the latents.
    """

    widths: tuple[int, ...] = (64, 128, 256, 512)
    kernels: tuple[int, ...] = (11, 5, 5, 5)
    strides: tuple[int, ...] = (4, 2, 2, 2)
    dim: int = 200
    dtype: Any = None

    def __post_init__(self):
        for name in ("widths", "kernels", "strides"):
            ranges.wholes(name, getattr(self, name))
        ranges.whole("dim", self.dim)
        if not len(self.widths) == len(self.kernels) == len(self.strides):
            raise ValueError(
                f"the encoder has a kernel and a stride for each width, and there are {len(self.widths)} widths,"
                f" {len(self.kernels)} kernels and {len(self.strides)} strides"
            )
        super().__post_init__()

    @linen.compact
    def __call__(
        self, views: jax.Array, label: jax.Array | None = None, train: bool = False
    ) -> tuple[jax.Array, jax.Array]:
        x = views
        for i, (width, kernel, stride) in enumerate(zip(self.widths, self.kernels, self.strides, strict=True)):
            x = Conv(width, (kernel, kernel), stride, use_bias=False, dtype=self.dtype, name=f"conv{i}")(x)
            x = jax.nn.relu(BatchNorm(name=f"norm{i}")(x, train=train))
        flat = x.reshape(x.shape[0], -1).astype(jnp.float32)
        both = Dense(2 * self.dim, kernel_init=normal(), name="head")(flat)
        return both[:, : self.dim], both[:, self.dim :]
