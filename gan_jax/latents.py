"""What a generator starts from: distributions of z, as objects of two pure functions."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple, Protocol

import jax
import jax.numpy as jnp

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
    """N(0, 1). threshold: entries beyond +- threshold are drawn again (BigGAN, arXiv:1809.11096, section 3.1).

    Inside a program the threshold may be traced, and is then taken as it is.
    """

    dim: int = 128
    threshold: float | None = None

    def __post_init__(self):
        ranges.whole("dim", self.dim)
        if self.threshold is not None and not isinstance(self.threshold, jax.core.Tracer):
            ranges.positive("threshold", self.threshold)

    def draw(self, key: Array, n: int) -> Array:
        """z [n, dim]."""
        if self.threshold is None:
            return jax.random.normal(key, (n, self.dim))
        return jax.random.truncated_normal(key, -self.threshold, self.threshold, (n, self.dim))

    def truncated(self, threshold: float) -> normal:
        if not isinstance(threshold, jax.core.Tracer):
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


class Code(NamedTuple):
    """Where a code stands in z."""

    start: int
    size: int  # categorical: its values, one-hot; 1: continuous

    @property
    def is_categorical(self) -> bool:
        return self.size > 1

    def of(self, z: Array) -> Array:
        """Its part of z [n, Z]: [n, size]."""
        return z[:, self.start : self.start + self.size]


@dataclasses.dataclass(frozen=True)
class coded:
    """Noise, and beside it codes that images are meant to show (InfoGAN, arXiv:1606.03657): z = noise, one-hots, numbers.

    noise: the distribution of what the codes leave open. categorical: values of each categorical code, all alike probable.
    continuous: how many codes are numbers of U(-1, 1).
    """

    noise: Latents = uniform(62)
    categorical: tuple[int, ...] = (10,)
    continuous: int = 2

    def __post_init__(self):
        ranges.wholes("categorical", self.categorical, 2)
        ranges.whole("continuous", self.continuous, 0)
        if not (self.categorical or self.continuous):
            raise ValueError("coded latents have a code at least: set categorical, such as (10,), or continuous")
        if getattr(self.noise, "codes", ()):
            raise ValueError("the noise of coded latents has no codes of its own: take 'normal' or 'uniform'")

    @property
    def dim(self) -> int:
        return self.noise.dim + sum(self.categorical) + self.continuous

    @property
    def codes(self) -> tuple[Code, ...]:
        """The categorical ones, then the continuous ones."""
        found, at = [], self.noise.dim
        for size in (*self.categorical, *(1,) * self.continuous):
            found.append(Code(at, size))
            at += size
        return tuple(found)

    def draw(self, key: Array, n: int) -> Array:
        """z [n, dim]."""
        of_noise, of_codes = jax.random.split(key)
        parts = [self.noise.draw(of_noise, n)]
        for i, code in enumerate(self.codes):
            own = jax.random.fold_in(of_codes, i)
            if code.is_categorical:
                parts.append(jax.nn.one_hot(jax.random.randint(own, (n,), 0, code.size), code.size))
            else:
                parts.append(jax.random.uniform(own, (n, 1), minval=-1.0, maxval=1.0))
        return jnp.concatenate(parts, axis=-1)

    def truncated(self, threshold: float) -> coded:
        """The noise without its tails; the codes stay."""
        return dataclasses.replace(self, noise=self.noise.truncated(threshold))
