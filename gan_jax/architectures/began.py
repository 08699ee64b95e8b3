"""BEGAN (Berthelot et al., arXiv:1703.10717): a discriminator that is an autoencoder, and a generator that is its decoder.

3 x 3 convolutions with ELU, two at each size. Where the paper is silent, carpedm20/BEGAN-tensorflow's layers are followed.
"""

from __future__ import annotations

import functools
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax import ranges
from gan_jax.architectures.parts.stem import Stem, base_size
from gan_jax.nn.conv.convolution import Conv
from gan_jax.nn.conv.resample import upsample_nearest
from gan_jax.nn.dense import Dense
from gan_jax.nn.tap import tap
from gan_jax.nn.weights import glorot
from gan_jax.types import Clock, Verdict, Weight, is_schedule, weight_at

SMALLEST = 8  # the side of the paper's smallest maps


class Generator(linen.Module):
    """latents [B, Z] -> images [B, H, W, C], unbounded: a dense layer, then two convolutions a size, nearest doubling between.

    width: n of the paper, of all layers. halvings: how often the image is halved to its smallest map; None: to a side of 8.
    skips: the first map, enlarged, is shown again after every doubling (section 3.5.1).
    carry: of a layer's input in what it hands on, where both have one shape: carry * x + (1 - carry) * f(x), "vanishing
        residuals". A number, or a schedule: the paper's goes from 1 to 0 over 16,000 steps.
    """

    image_shape: tuple[int, int, int]
    width: int = 128
    halvings: int | None = None
    skips: bool = True
    carry: Weight = 0.0
    dtype: Any = None

    def __post_init__(self):
        _check(self)
        super().__post_init__()

    @linen.compact
    def __call__(
        self, latents: jax.Array, label: jax.Array | None = None, train: bool = False, clock: Clock | None = None
    ) -> jax.Array:
        del label  # the data may have classes that this network does not know
        decoder = _Decoder(self.image_shape, self.width, _halvings(self), self.skips, self.dtype, name="decoder")
        return decoder(latents, _carried(self, _kept_carry(self), clock, train))


class Autoencoder(linen.Module):
    """images [B, H, W, C] -> Verdict, a discriminator: logits are minus the mean absolute error of their reconstruction.

    hidden: N_h, of the code h. The other fields as in `Generator`. Features: "conv0", "conv1", ..., the encoder's maps at
    every size, and "pooled": the code h [B, hidden].
    """

    reconstructs: ClassVar[bool] = True  # what the loss asks for

    image_shape: tuple[int, int, int]
    width: int = 128
    hidden: int = 64
    halvings: int | None = None
    skips: bool = True
    carry: Weight = 0.0
    dtype: Any = None

    def __post_init__(self):
        ranges.whole("hidden", self.hidden)
        _check(self)
        super().__post_init__()

    def setup(self):
        halvings = _halvings(self)
        self.encoder = _Encoder(self.image_shape, self.width, self.hidden, halvings, self.dtype)
        self.decoder = _Decoder(self.image_shape, self.width, halvings, self.skips, self.dtype)
        self.kept = _kept_carry(self)

    def __call__(
        self, images: jax.Array, label: jax.Array | None = None, train: bool = False, clock: Clock | None = None
    ) -> Verdict:
        del label
        carry = _carried(self, self.kept, clock, train)
        h, maps = self.encoder(images, carry)
        error = jnp.abs(self.decoder(h, carry) - images.astype(jnp.float32))  # L(v) of Eq. (1), with eta = 1
        return Verdict(-jnp.mean(error, (1, 2, 3)), {**maps, "pooled": h})

    def encode(self, images: jax.Array) -> jax.Array:
        """images [B, H, W, C] -> codes h [B, hidden]."""
        return self.encoder(images, _carried(self, self.kept))[0]

    def decode(self, h: jax.Array) -> jax.Array:
        """codes h [B, hidden] -> images [B, H, W, C]."""
        return self.decoder(h, _carried(self, self.kept))


class _Encoder(linen.Module):
    """images -> (codes [B, hidden], {"conv0": the last map of the full size, "conv1": of half of it, ...})."""

    image_shape: tuple[int, int, int]
    width: int
    hidden: int
    halvings: int
    dtype: Any = None

    @linen.compact
    def __call__(self, images: jax.Array, carry: jax.Array | float) -> tuple[jax.Array, dict[str, jax.Array]]:
        base_size(self.image_shape, self.halvings)
        layer = functools.partial(_layer, carry, self.dtype)
        maps, x = {}, layer("from_image", images, self.width)
        for i in range(self.halvings + 1):
            width = (i + 1) * self.width
            if i:
                x = layer(f"halve{i - 1}", x, i * self.width, strides=2)
            x = layer(f"conv{i}_0", x, width)
            x = maps[f"conv{i}"] = layer(f"conv{i}_1", x, width)
        h = Dense(self.hidden, kernel_init=glorot(), dtype=self.dtype, name="code")(x.reshape(x.shape[0], -1))
        return h.astype(jnp.float32), maps


class _Decoder(linen.Module):
    """codes or latents [B, N] -> images [B, H, W, C], float32."""

    image_shape: tuple[int, int, int]
    width: int
    halvings: int
    skips: bool
    dtype: Any = None

    @linen.compact
    def __call__(self, h: jax.Array, carry: jax.Array | float) -> jax.Array:
        size = base_size(self.image_shape, self.halvings)
        layer = functools.partial(_layer, carry, self.dtype)
        x = first = Stem(size, self.width, glorot(), dtype=self.dtype, name="stem")(h)
        for i in range(self.halvings + 1):
            if i and self.skips:  # enlarged by the very convolution that follows
                x = jnp.concatenate([x, first], axis=-1)
                first = upsample_nearest(first)
            x = layer(f"conv{i}_0", x, self.width, resample="up" if i else None)
            x = layer(f"conv{i}_1", x, self.width)
            x = tap(self, f"block{i}", x)
        return Conv(self.image_shape[-1], kernel_init=glorot(), dtype=self.dtype, name="to_image")(x).astype(
            jnp.float32
        )


def _layer(
    carry: jax.Array | float,
    dtype: Any,
    name: str,
    x: jax.Array,
    width: int,
    strides: int = 1,
    resample: str | None = None,
) -> jax.Array:
    """ELU of a convolution, and the share `carry` of x where it is of the same shape. Call it inside a compact module."""
    y = jax.nn.elu(Conv(width, strides=strides, kernel_init=glorot(), resample=resample, dtype=dtype, name=name)(x))
    mixes = not isinstance(carry, int | float) or carry > 0  # a traced one does
    if not mixes or strides != 1 or x.shape[-1] != width:
        return y
    before, share = (upsample_nearest(x) if resample else x), jnp.asarray(carry, y.dtype)
    return share * before.astype(y.dtype) + (1 - share) * y


def _kept_carry(module: Any) -> Any:
    """The last number of a schedule, in the collection "averages", for calls that know no time; None for a plain carry."""
    start = Clock(jnp.zeros((), jnp.int32), jnp.zeros(()))
    return module.variable("averages", "carry", weight_at, module.carry, start) if is_schedule(module.carry) else None


def _carried(module: Any, kept: Any, clock: Clock | None = None, train: bool = False) -> jax.Array | float:
    """The carry now."""
    if kept is None:
        return module.carry
    if not train or module.is_initializing():
        return kept.value
    if clock is None:
        raise ValueError("a carry that is a schedule needs the time: apply(..., train=True, clock=clock)")
    now = weight_at(module.carry, clock)
    if module.is_mutable_collection("averages"):
        kept.value = now
    return now


def _halvings(module: Any) -> int:
    if module.halvings is not None:
        return module.halvings
    (height, width), count = module.image_shape[:2], 0
    while min(height, width) >= 2 * SMALLEST and not (height % 2 or width % 2):
        height, width, count = height // 2, width // 2, count + 1
    return count


def _check(module: Any) -> None:
    ranges.whole("width", module.width)
    if module.halvings is not None:
        ranges.whole("halvings", module.halvings, 0, 12)
    ranges.weight("carry", module.carry, highest=1)
