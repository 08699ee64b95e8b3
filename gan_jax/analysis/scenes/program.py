"""The program that draws a scene: one, whatever its numbers are, for its image and its activations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from gan_jax.game import Edit
from gan_jax.methods.truncation import with_latent_truncation
from gan_jax.nn.compiling import compiled
from gan_jax.nn.sphere import slerp
from gan_jax.types import Array, Batch


class Numbers(NamedTuple):
    """A scene as arrays: another scene is the same program."""

    first: Batch  # starts of one image, leaves [1, ...]
    second: Batch
    between: Array  # []
    mixed: Array  # [layers of w] bool; [0] without codes w
    edits: Mapping[str, Edit]  # of all layers, always


def codes_of(sampler: Any, numbers: Numbers) -> Batch:
    """Codes of the image between two, leaves [1, ...]. At 0 it is the first, to the bit."""
    t = numbers.between
    if numbers.mixed.size:
        codes, other = sampler.map(numbers.first), sampler.map(numbers.second)["w"]
        w = jnp.where(t == 0, codes["w"], (1 - t) * codes["w"] + t * other)
        return {**codes, "w": jnp.where(numbers.mixed.reshape(1, -1, 1), other, w)}
    if "z" not in numbers.first:
        return sampler.map(numbers.first)
    a, b = numbers.first["z"], numbers.second["z"]
    z = jnp.where(t == 0, a, slerp(a, b, jnp.broadcast_to(t, a.shape[:-1])))
    return sampler.map({**numbers.first, "z": z})


def _starts(sampler: Any, seed: Array, index: Array, threshold: Array | None) -> Batch:
    if threshold is not None:
        sampler = _truncated(sampler, threshold)
    return sampler.starts(jax.random.key(seed), index[None])


def _truncated(sampler: Any, threshold: Array) -> Any:
    """Inside the directions, which move latents beyond it."""
    inner = getattr(sampler, "sampler", None)
    if inner is None:
        return with_latent_truncation(sampler, threshold)
    return sampler.replace(sampler=with_latent_truncation(inner, threshold))


def _made(sampler: Any, numbers: Numbers) -> tuple[Array, Mapping[str, Array]]:
    image, sown = sampler.synthesize(codes_of(sampler, numbers), tuple(numbers.edits), numbers.edits)
    return image[0], {name: x[0] for name, x in sown.items()}


starts_of = compiled(_starts)  # of one image, leaves [1, ...]. threshold: [] or None
made_of = compiled(_made)  # -> [H, W, C], and by layer [h, w, F], as they are after the edits
