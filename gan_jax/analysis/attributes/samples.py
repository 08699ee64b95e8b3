"""Latents of a sample and the attribute scores of its images."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from gan_jax.game import Sampler
from gan_jax.nn.compiling import compiled
from gan_jax.types import Array, Batch, named_key

SPACES = ("z", "w", "w+")
Scores = Callable[[np.ndarray], Mapping[str, np.ndarray]]  # images [n, H, W, C] in [-1, 1] -> by attribute [n]
_AT_ONCE = 64


class Scored(NamedTuple):
    """latents: [n, D] of z or w; of w+ [n, layers, D]. scores: by attribute [n], the larger the more of it."""

    space: str
    latents: np.ndarray
    scores: dict[str, np.ndarray]


def scored(
    sampler: Sampler,
    key: Array,
    num: int,
    scores: Scores,
    space: str | None = None,
    progress: bool = True,
) -> Scored:
    """Elements 0 .. num - 1 of key's sample. scores: any function of images.

    space: "z"; "w": the code that all layers share; "w+": one code a layer, each of an element of its own, so that layers can
    be told apart. Codes w are always those of latents through the mapping network, as the sampler truncates them (of "w" the
    first layer's). None: "w" where there is one, else "z".
    Raises ValueError for a space that the sampler does not have, and scores of another shape than [n].
    """
    space = space_of(sampler, space)
    latents, told = [], []
    for first in tqdm(range(0, num, _AT_ONCE), desc="scoring", unit="batch", disable=not progress):
        indices = np.arange(first, first + _AT_ONCE, dtype=np.uint32)  # the last batch too: one program for all
        points, images = _drawn(sampler, key, indices, space)
        latents.append(np.asarray(points)[: num - first])
        told.append(_checked(scores(np.asarray(images)[: num - first]), min(_AT_ONCE, num - first)))
    joined = {name: np.concatenate([each[name] for each in told]) for name in told[0]}
    return Scored(space, _used(sampler, space, np.concatenate(latents)), joined)


def space_of(sampler: Sampler, space: str | None) -> str:
    """The space asked for, or the sampler's own. Raises ValueError, with those there are, for one that it does not have."""
    if sampler.given:
        raise ValueError(f"attributes are of latents, and this sampler starts from {' and '.join(sampler.given)}")
    one = jax.eval_shape(lambda: sampler.map(sampler.starts(jax.random.key(0), jnp.zeros(1, jnp.uint32))))
    space = space or ("w" if "w" in one else "z")
    if space not in SPACES or space[0] not in one:
        has = " and ".join(name for name in SPACES if name[0] in one)
        raise ValueError(f"this generator has no space {space!r}; it has {has}")
    return space


def _codes(sampler: Any, key: Array, indices: Array, space: str) -> tuple[Array, Batch]:
    """The points [n, ...] of a space, and codes to synthesize from."""
    starts = sampler.starts(key, indices)
    codes = sampler.map(starts)
    if space == "z":
        return starts["z"], codes
    if space == "w":
        return codes["w"][:, 0], codes
    n, layers, _ = codes["w"].shape
    each = indices.reshape(-1, 1) * layers + jnp.arange(layers, dtype=indices.dtype).reshape(1, -1)
    own = sampler.map(sampler.starts(named_key(key, "layers"), each.ravel()))
    w = own["w"].reshape(n, layers, layers, -1)[:, jnp.arange(layers), jnp.arange(layers)]  # layer l of element l
    return w, {**codes, "w": w}


def _draw(sampler: Any, key: Array, indices: Array, space: str) -> tuple[Array, Array]:
    points, codes = _codes(sampler, key, indices, space)
    return points, sampler.synthesize(codes)[0]


_drawn = compiled(_draw, static_argnums=3)


def _used(sampler: Any, space: str, latents: np.ndarray) -> np.ndarray:
    """z, with 0 for what no image is made of."""
    if space != "z" or (used := getattr(sampler, "z_used", latents.shape[1])) == latents.shape[1]:
        return latents
    return np.concatenate([latents[:, :used], np.zeros_like(latents[:, used:])], 1)


def _checked(told: Mapping[str, np.ndarray], n: int) -> dict[str, np.ndarray]:
    found = {name: np.asarray(each, np.float64) for name, each in told.items()}
    if wrong := [name for name, each in found.items() if each.shape != (n,)]:
        raise ValueError(f"a score is a number an image, [{n}]; {wrong[0]} is {list(found[wrong[0]].shape)}")
    return found
