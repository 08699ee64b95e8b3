"""What networks from image to image share: norms of images, dropout, and the sizes that they take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax.nn.conv.convolution import Conv, ConvTranspose
from gan_jax.nn.norms.batch_norm import BatchNorm
from gan_jax.nn.norms.instance_norm import InstanceNorm

NORMS = ("batch", "instance", "none")
UPSAMPLING = ("transposed", "resize")


def gain_init(key: jax.Array, shape: Sequence[int], dtype: Any = jnp.float32) -> jax.Array:
    """N(1, 0.02^2): how pix2pix begins the scales of batch normalisation."""
    return 1 + 0.02 * jax.random.normal(key, shape, dtype)


def image_norm(kind: str, train: bool) -> Callable[[str, jax.Array], jax.Array]:
    """A function (name, x) -> x that normalises; call it inside a compact module. kind: one of `NORMS`.

    Instance normalisation has no parameters and epsilon 1e-5, as CycleGAN's.
    """
    if kind == "batch":
        return lambda name, x: BatchNorm(scale_init=gain_init, name=name)(x, train=train)
    if kind == "instance":
        return lambda name, x: InstanceNorm(name=name)(x)
    return lambda name, x: x


def dropped(module: linen.Module, x: jax.Array, rate: float, active: bool) -> jax.Array:
    """x with each number set to 0 at this rate and the others divided by 1 - rate; x itself where it is not active.

    Draws from the random stream "noise" of the module that is given.
    """
    if not active or not rate:
        return x
    kept = jax.random.bernoulli(module.make_rng("noise"), 1 - rate, x.shape)
    return jnp.where(kept, x / (1 - rate), jnp.zeros((), x.dtype))


def doubling(kind: str, features: int, window: int, **settings: Any) -> Conv:
    """A layer of twice the height and width, made inside a compact module. kind: one of `UPSAMPLING`.

    "transposed": the papers' transposed convolution of stride 2. "resize": nearest neighbours, then a 3 x 3 convolution
    with zeros beyond the edge, which leaves no checkerboard (Odena et al., 2016, doi:10.23915/distill.00003).
    """
    if kind == "resize":
        return Conv(features, (3, 3), resample="up", **settings)
    around = ((1, 1), (1, 1)) if window == 4 else ((1, 0), (1, 0))  # of the strided convolution that it transposes
    return ConvTranspose(features, (window, window), 2, around, **settings)


def require_halvings(shape: Sequence[int], times: int, network: str) -> None:
    """Raises ValueError unless height and width can be halved so often without a rest.

    shape: (H, W, ...). The error says how often they can, and the nearest sizes that fit.
    """
    step = 2**times
    wrong = [side for side in dict.fromkeys(shape[:2]) if side % step or not side]
    if not wrong:
        return
    often = lambda side: (side & -side).bit_length() - 1
    count = lambda n: f"{n} time{'' if n == 1 else 's'}"
    near = lambda side: " or ".join(str(n) for n in (side // step * step, (side // step + 1) * step) if n)
    told = "; ".join(f"{side} can be halved {count(often(side))}, the nearest that fit: {near(side)}" for side in wrong)
    raise ValueError(
        f"images of {shape[0]} x {shape[1]} do not fit {network}, which halves each side {count(times)}: {told}"
    )
