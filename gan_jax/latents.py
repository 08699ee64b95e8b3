"""What a generator starts from: distributions of z, as objects of two pure functions."""

from __future__ import annotations

import dataclasses
from typing import Protocol

import jax

from gan_jax import ranges
from gan_jax.types import Array


class Latents(Protocol):
    """A distribution of latents."""

    @property
    def dim(self) -> int:  # Z
        ...

    def draw(self, key: Array, n: int) -> Array:  # [n, Z]
        ...

    def truncated(self, threshold: float) -> Latents:  # the same without its tails; raises ValueError where it has none
        ...


@dataclasses.dataclass(frozen=True)
class normal:
    """N(0, 1). threshold: entries beyond +- threshold are drawn again (BigGAN, arXiv:1809.11096, section 3.1)."""

    dim: int = 128
    threshold: float | None = None

    def __post_init__(self):
        ranges.whole("dim", self.dim)
        if self.threshold is not None:
            ranges.positive("threshold", self.threshold)

    def draw(self, key: Array, n: int) -> Array:
        """z [n, dim]."""
        if self.threshold is None:
            return jax.random.normal(key, (n, self.dim))
        return jax.random.truncated_normal(key, -self.threshold, self.threshold, (n, self.dim))

    def truncated(self, threshold: float) -> normal:
        ranges.positive("truncation", threshold)
        return dataclasses.replace(self, threshold=threshold)


@dataclasses.dataclass(frozen=True)
class uniform:
    """U(low, high)."""

    dim: int = 128
    low: float = -1.0
    high: float = 1.0

    def __post_init__(self):
        ranges.whole("dim", self.dim)
        ranges.finite("low", self.low)
        ranges.finite("high", self.high)
        if self.low >= self.high:
            raise ValueError(f"uniform latents go from low to high, got {self.low} and {self.high}")

    def draw(self, key: Array, n: int) -> Array:
        """z [n, dim]."""
        return jax.random.uniform(key, (n, self.dim), minval=self.low, maxval=self.high)

    def truncated(self, threshold: float) -> uniform:
        raise ValueError("truncation is for normal latents; this model's are uniform")
