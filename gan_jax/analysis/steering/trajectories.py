"""Latents whose images are transformed ones, step by step from each image (Plumerault et al., arXiv:2001.10238, section 2.1)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from tqdm import tqdm

from gan_jax.analysis.steering.distances import Masked, blurred
from gan_jax.analysis.steering.transformations import Transformation
from gan_jax.analysis.steering.walk import Ground, reuse
from gan_jax.game import Sampler
from gan_jax.nn.compiling import compiled
from gan_jax.types import Array, Batch

AMOUNTS = (0.1, 0.2, 0.3, 0.4, 0.5)  # of either sign


class Trajectories(NamedTuple):
    """Of N images, for T amounts."""

    start: np.ndarray  # [N, D]
    points: np.ndarray  # [N, T, D]
    amounts: np.ndarray  # [T]
    errors: np.ndarray  # [N, T], at the end
    images: np.ndarray  # [N, T, H, W, C]
    targets: np.ndarray  # [N, T, H, W, C]


def find_trajectories(
    sampler: Sampler,
    ground: Ground,
    key: Array,
    transformation: Transformation,
    num: int = 200,
    amounts: Sequence[float] | np.ndarray = AMOUNTS,
    steps: int = 50,
    rate: float = 0.01,
    distance: Masked | None = None,
    batch_size: int = 20,
    progress: bool = True,
) -> Trajectories:
    """For each of `num` images and each amount, of either sign, the latents whose image is nearest to the transformed one.

    The search for an amount begins where that for the one before it ended, and Adam anew. In z the latents stay within the
    ball of radius sqrt(D), in which normal latents lie; uniform ones within their range. distance: by default the blurred
    one, of 3 pixels at a side of 128 and in proportion elsewhere, as the authors' images are of 128.
    Raises ValueError for amounts that do not rise from above 0, and for numbers out of their ranges.
    """
    amounts = np.asarray(amounts, np.float32)
    if amounts.ndim != 1 or not len(amounts) or amounts[0] <= 0 or (np.diff(amounts) <= 0).any():
        raise ValueError(f"amounts rise, from above 0 on, and both signs are sought; got {amounts.tolist()}")
    if num < 1 or steps < 1 or batch_size < 1 or not 0 < rate < np.inf:
        raise ValueError(
            f"a search takes images, steps and a rate above 0; got {num=}, {steps=}, {batch_size=}, {rate=}"
        )
    optimizer = optax.adam(rate)
    keep_within = _bounds(sampler, ground)

    def search(sampler: Any, codes: Batch, points: Array, images: Array, by: Array) -> tuple:
        targets, masks = transformation.apply(images, by)
        apart = distance or blurred(3.0 * images.shape[2] / 128)
        start = ground.points(codes)
        made = lambda points: ground.images(sampler, codes, points - start)

        def once(carry, _):
            points, state = carry
            slope = jax.grad(lambda points: jnp.sum(apart(made(points), targets, masks)))(points)
            updates, state = optimizer.update(slope, state, points)
            return (keep_within(optax.apply_updates(points, updates)), state), None

        (points, _), _ = jax.lax.scan(once, (points, optimizer.init(points)), length=steps)
        found = made(points)
        return points, apart(found, targets, masks), found, targets

    drawn = compiled(lambda sampler, codes: sampler.synthesize(codes)[0])
    search, batch_size, parts = compiled(search), min(batch_size, num), []
    total = 2 * len(amounts) * math.ceil(num / batch_size)
    with tqdm(total=total, desc="searching latents", unit="target", disable=not progress) as bar, reuse():
        for first in range(0, num, batch_size):
            indices = jnp.arange(first, first + batch_size, dtype=jnp.uint32)  # the last batch too: one program for all
            codes = sampler.map(sampler.starts(key, indices))
            images, start = drawn(sampler, codes), ground.points(codes)
            found = []
            for sign in (-1.0, 1.0):
                points, side = start, []
                for amount in amounts:
                    points, *rest = search(sampler, codes, points, images, jnp.full(batch_size, sign * amount))
                    side.append([np.asarray(each) for each in (points, *rest)])
                    bar.update()
                found += side if sign > 0 else side[::-1]
            along = [np.stack(each, 1) for each in zip(*found, strict=True)]  # [batch, T, ...]
            parts.append([np.asarray(start), *along])
    start, points, errors, images, targets = (np.concatenate(each)[:num] for each in zip(*parts, strict=True))
    return Trajectories(start, points, np.concatenate([-amounts[::-1], amounts]), errors, images, targets)


def _bounds(sampler: Sampler, ground: Ground) -> Any:
    """Points [n, D] -> the nearest that the generator was trained on."""
    latents = getattr(sampler, "latents", None)
    if ground.space == "w" or not hasattr(sampler, "latents"):
        return lambda points: points
    if hasattr(latents, "low"):
        return lambda points: jnp.clip(points, latents.low, latents.high)

    def within(points: Array) -> Array:
        length = jnp.linalg.norm(points, axis=1, keepdims=True)
        return points * jnp.minimum(1.0, math.sqrt(points.shape[1]) / jnp.maximum(length, 1e-12))

    return within
