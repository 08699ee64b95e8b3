"""Walks through latents z or codes w, and the images on the way."""

from __future__ import annotations

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.game import Sampler
from gan_jax.nn.compiling import compiled
from gan_jax.nn.sphere import slerp
from gan_jax.types import Array, Batch

SPACES = ("z", "w")
_AT_ONCE = 16


def places(sampler: Sampler, key: Array, indices: Array, space: str | None = None) -> tuple[str, Batch]:
    """Where a walk stops: the space, and the codes of the elements `indices` [n]. space: None: w where there is one, else z.

    Raises ValueError for a space that the sampler does not have.
    """
    if sampler.given:
        raise ValueError(f"a walk is for generators of latents; this one starts from {' and '.join(sampler.given)}")
    codes = dict(sampler.map(sampler.starts(key, indices)))
    space = space or ("w" if "w" in codes else "z")
    if space not in SPACES or space not in codes:
        has = " and ".join(name for name in SPACES if name in codes)
        raise ValueError(f"this generator has no space {space!r} to walk in; it has {has}")
    return space, codes


def on_the_way(sampler: Sampler, space: str, codes: Batch, frames: int, loop: bool = True) -> Iterator[np.ndarray]:
    """Images [H, W, C] of a walk from stop to stop, `frames` to a stretch, the first stop included.

    codes: those of the stops, as `places` gives them. loop: from the last stop back to the first; otherwise the last
    image is the last stop. z goes along the sphere, w straight on. Label and noise are the first stop's throughout.
    """
    stops = len(codes[space])
    if stops < 2 or frames < 1:
        raise ValueError(f"a walk has 2 stops or more, and 1 frame a stretch or more; got {stops} and {frames}")
    ways = stops if loop else stops - 1
    times = np.arange(ways * frames + (not loop)) / frames

    def image(codes: Batch, time: Array) -> Array:
        first = jnp.floor(time).astype(jnp.int32)
        a, b = codes[space][first % stops], codes[space][(first + 1) % stops]
        t = jnp.broadcast_to(time - first, a.shape[:-1])
        here = slerp(a, b, t) if space == "z" else (1 - t[..., None]) * a + t[..., None] * b
        rest = {name: leaf[0] for name, leaf in codes.items()}
        return {**rest, space: here}

    def several(sampler: Sampler, codes: Batch, times: Array) -> Array:
        starts = jax.vmap(lambda time: image(codes, time))(times)
        if space == "z":
            starts = sampler.map({name: leaf for name, leaf in starts.items() if name != "w"})
        return sampler.synthesize(starts)[0]

    several = compiled(several)
    for begin in range(0, len(times), _AT_ONCE):
        part = times[begin : begin + _AT_ONCE]
        padded = np.concatenate([part, np.zeros(_AT_ONCE - len(part))]).astype(np.float32)
        yield from np.asarray(several(sampler, _once_more(codes), padded))[: len(part)]


def _once_more(codes: Batch) -> Batch:
    """codes, whose noise is meant to be drawn again."""
    is_key = lambda leaf: jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    return {name: jax.random.clone(leaf) if is_key(leaf) else leaf for name, leaf in codes.items()}
