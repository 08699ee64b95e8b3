"""The first layers and the norms that generator families share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from flax import linen

from gan_jax.nn.dense import Dense
from gan_jax.nn.norms.batch_norm import BatchNorm
from gan_jax.nn.norms.conditional_norm import ConditionalBatchNorm, SelfModulatedBatchNorm
from gan_jax.nn.weights import Initializer

NORMS = ("none", "batch", "conditional_batch", "self_modulated")


def base_size(image_shape: tuple[int, ...], halvings: int) -> tuple[int, int]:
    """The height and width from which `halvings` doublings lead to an image [H, W, C]."""
    height, width = image_shape[:2]
    step = 2**halvings
    if height % step or width % step:
        raise ValueError(
            f"images of {height} x {width} cannot come from {halvings} doublings: each side must be a multiple of {step}"
        )
    return height // step, width // step


class Stem(linen.Module):
    """Latents [B, Z] to the first map [B, h, w, features] by one dense layer."""

    size: tuple[int, int]
    features: int
    kernel_init: Initializer
    use_bias: bool = True
    scheme: str | None = None
    dtype: Any = None

    @linen.compact
    def __call__(self, latents: jax.Array) -> jax.Array:
        height, width = self.size
        dense = Dense(
            height * width * self.features,
            use_bias=self.use_bias,
            scheme=self.scheme,
            kernel_init=self.kernel_init,
            dtype=self.dtype,
        )
        return dense(latents).reshape(-1, height, width, self.features)


def generator_norm(
    kind: str, latents: jax.Array, label: jax.Array | None, num_classes: int, train: bool
) -> Callable[[str, jax.Array], jax.Array]:
    """A function (name, x) -> x that normalises in the generator's way; call it inside a compact module.

    kind: "none", "batch", "conditional_batch" (a scale and bias for each class), or "self_modulated" (both computed
    from the latents: SS-GAN's sBN).
    """
    if kind in ("none", "batch", "self_modulated") and num_classes:
        raise ValueError(
            f"norm={kind!r} knows no classes: set generator.norm to 'conditional_batch', or num_classes to 0"
        )
    if kind == "none":
        return lambda name, x: x
    if kind == "batch":
        return lambda name, x: BatchNorm(name=name)(x, train=train)
    if kind == "conditional_batch":
        if label is None or not num_classes:
            raise ValueError("norm='conditional_batch' needs labels: set method.num_classes to the data's classes")
        return lambda name, x: ConditionalBatchNorm(num_classes=num_classes, name=name)(x, label, train=train)
    if kind == "self_modulated":
        return lambda name, x: SelfModulatedBatchNorm(name=name)(x, latents, train=train)
    raise ValueError(f"unknown norm {kind!r}; known: {', '.join(NORMS)}")
