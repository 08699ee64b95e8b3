"""3D-GAN's volumetric networks (Wu et al., arXiv:1610.07584), and the critic without normalisation of their later use.

Kernels of 4 x 4 x 4 with stride 2 and no biases: at 64^3 with the default widths 17,569,664 parameters in the generator
and 11,048,832 in the discriminator.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax import ranges
from gan_jax.nn.conv.convolution import Conv, ConvTranspose
from gan_jax.nn.dense import Dense
from gan_jax.nn.norms.batch_norm import BatchNorm
from gan_jax.nn.tap import tap
from gan_jax.nn.weights import normal
from gan_jax.types import Verdict

WINDOW = (4, 4, 4)
_NORMS = ("batch", "none")


def _base(shape: tuple[int, ...], doublings: int) -> tuple[int, ...]:
    """The sides of the first map, from which `doublings` doublings lead to voxels (D, H, W, 1)."""
    if len(shape) != 4 or shape[3] != 1:
        raise ValueError(f"these networks are for voxels (depth, height, width, 1): set data.shape to it, not {shape}")
    step = 2**doublings
    if wrong := [side for side in shape[:3] if side % step]:
        raise ValueError(
            f"{doublings} widths are {doublings} doublings, so each side is a multiple of {step}, and {wrong[0]} is none"
            f" (voxels of {' x '.join(map(str, shape[:3]))}). Give another number of widths: 4 for a side of 64, 3 for 32."
        )
    return tuple(side // step for side in shape[:3])


def _check(widths: tuple[int, ...], norm: str) -> None:
    ranges.wholes("widths", widths)
    if norm not in _NORMS:
        raise ValueError(f"norm of 3D-GAN's networks is 'batch' or 'none', not {norm!r}")


class Generator(linen.Module):
    """latents [B, Z] -> voxels [B, D, H, W, 1] from 0 to 1: transposed convolutions, the last to a sigmoid.

    widths: of the first map and of every doubling but the last, which makes the voxels: 4 of them for a side of 64, whose
    first map is of 4 x 4 x 4, and the paper's. norm: "batch" on all of them, or "none". The first layer, a transposed
    convolution of a single voxel in the paper, is the product that it is.
    """

    image_shape: tuple[int, int, int, int]
    widths: tuple[int, ...] = (512, 256, 128, 64)
    norm: str = "batch"
    dtype: Any = None

    def __post_init__(self):
        _check(self.widths, self.norm)
        super().__post_init__()

    @linen.compact
    def __call__(self, latents: jax.Array, label: jax.Array | None = None, train: bool = False) -> jax.Array:
        first, *widths = self.widths
        base = _base(self.image_shape, len(self.widths))
        made = lambda name, x: jax.nn.relu(BatchNorm(name=name)(x, train=train) if self.norm == "batch" else x)
        x = Dense(math.prod(base) * first, use_bias=False, kernel_init=normal(), dtype=self.dtype, name="stem")(latents)
        x = made("stem_norm", x.reshape(-1, *base, first))
        for i, width in enumerate(widths):
            x = ConvTranspose(width, WINDOW, use_bias=False, dtype=self.dtype, name=f"deconv{i}")(x)
            x = tap(self, f"block{i}", made(f"norm{i}", x))
        x = ConvTranspose(1, WINDOW, use_bias=False, dtype=self.dtype, name="to_voxels")(x)
        return jax.nn.sigmoid(x.astype(jnp.float32))


class Discriminator(linen.Module):
    """voxels [B, D, H, W, 1] -> Verdict: strided convolutions with leaky ReLU 0.2, then one linear layer on the flat map.

    norm: "batch", on every layer but the last, or "none": WGAN-GP's critic, as a penalty on single shapes forbids
    statistics over the batch. Features: "conv0", ... (maps) and "pooled": the flat last map.
    """

    image_shape: tuple[int, int, int, int]
    widths: tuple[int, ...] = (64, 128, 256, 512)
    norm: str = "batch"
    scheme: str | None = None
    dtype: Any = None

    def __post_init__(self):
        _check(self.widths, self.norm)
        super().__post_init__()

    @linen.compact
    def __call__(self, images: jax.Array, label: jax.Array | None = None, train: bool = False) -> Verdict:
        _base(self.image_shape, len(self.widths))
        features, x = {}, images
        for i, width in enumerate(self.widths):
            x = Conv(width, WINDOW, 2, use_bias=False, scheme=self.scheme, dtype=self.dtype, name=f"conv{i}")(x)
            if self.norm == "batch":
                x = BatchNorm(name=f"norm{i}")(x, train=train)
            x = features[f"conv{i}"] = jax.nn.leaky_relu(x, 0.2)
        pooled = features["pooled"] = x.reshape(x.shape[0], -1).astype(jnp.float32)
        head = Dense(1, use_bias=False, scheme=self.scheme, kernel_init=normal(), name="head")
        return Verdict(head(pooled)[:, 0], features)
