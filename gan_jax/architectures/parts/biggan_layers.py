"""How the layers of a BigGAN or BigGAN-deep are made."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax

from gan_jax.nn.attention import SelfAttention
from gan_jax.nn.conv.convolution import Conv
from gan_jax.nn.weights import Initializer, glorot, normal, orthogonal

INITIALIZERS = {"orthogonal": orthogonal(), "normal": normal(0.02), "glorot": glorot()}


def initializer(name: str) -> Initializer:
    """The initializer of a name. Raises ValueError for one that is not known."""
    if name not in INITIALIZERS:
        raise ValueError(f"initialization is one of {', '.join(INITIALIZERS)}, not {name!r}")
    return INITIALIZERS[name]


@dataclasses.dataclass(frozen=True)
class Layers:
    """Makes one network's layers, all with the same scheme, initialiser and precision; use it inside a compact module."""

    scheme: str | None
    init: Initializer
    dtype: Any

    def conv(self, name: str, width: int, side: int, resample: str | None = None) -> Conv:
        """A convolution with a window of side x side."""
        return Conv(
            width,
            (side, side),
            scheme=self.scheme,
            kernel_init=self.init,
            dtype=self.dtype,
            resample=resample,
            name=name,
        )

    def attend(self, x: jax.Array, name: str = "attention") -> jax.Array:
        return SelfAttention(self.scheme, self.init, self.dtype, name=name)(x)
