"""Drawing elements from a sampler, some at a time."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
from tqdm import tqdm

from gan_jax.game import Sampler, check_seed, sampled
from gan_jax.nn.compiling import compiled
from gan_jax.run.divergence import require_finite
from gan_jax.run.work_folder import read_config
from gan_jax.setup.setup import Setup
from gan_jax.types import Batch

_AT_ONCE = 64

_sampled = compiled(sampled)


def draw(
    sampler: Sampler, num: int, seed: int = 0, given: Callable[[np.ndarray], Batch] | None = None
) -> dict[str, np.ndarray]:
    """{"image": float32 [num, *shape] in [-1, 1], "label": int32 [num] where the model has classes}.

    Element i depends on the weights, the seed and i alone, here as in scores. given: indices [n] -> what a sampler of
    images starts from, {"a": [n, H, W, C]}. Raises ValueError where the sampler needs it and it is missing, and
    where an image is not finite.
    """
    if num < 1:
        raise ValueError(f"num must be 1 or more, got {num}")
    key = sample_key(seed)
    require_given(sampler, given)
    images, labels = [], []
    for first in tqdm(range(0, num, _AT_ONCE), desc="sampling", unit="batch", disable=num <= _AT_ONCE):
        indices = np.arange(first, first + _AT_ONCE, dtype=np.uint32)  # the last batch too: one program for all
        part, starts = _sampled(sampler, key, indices, None if given is None or not sampler.given else given(indices))
        images.append(np.asarray(part)[: num - first])
        if "label" in starts:
            labels.append(np.asarray(starts["label"])[: num - first])
    drawn = {"image": require_finite(np.concatenate(images), "samples")}
    return {**drawn, "label": np.concatenate(labels)} if labels else drawn


def require_images(workdir: str | Path, verb: str, voxels: bool = False) -> tuple[int, ...]:
    """The shape of a run's elements. Raises, before a checkpoint is read, what `require_kind` raises."""
    shape = Setup.of(read_config(workdir)).stretches[-1].phase.shape
    require_kind(shape, verb, f"the run in {workdir}", voxels)
    return shape


def require_kind(shape: tuple[int, ...], verb: str, what: str, voxels: bool = False) -> None:
    """Raises ValueError unless elements are images, [H, W, C], or, where `voxels`, voxels, [D, H, W, 1]. what: makes them."""
    if len(shape) != 3 and not (voxels and len(shape) == 4):
        kind = "points" if len(shape) == 1 else "voxels"
        takes = "images and voxels" if voxels else "images"
        raise ValueError(
            f"{verb} is of {takes}, and {what} makes {kind} of shape {list(shape)}: gan_jax sample draws these"
        )


def check_memory(num: int, shape: tuple[int, ...]) -> None:
    """Raises ValueError for more images than this machine's memory holds: they are held before they are written."""
    needs, has = 8 * num * math.prod(shape), os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needs > has:
        raise ValueError(
            f"{num:,} images need about {needs / 1e9:,.0f} GB of memory, and this machine has {has / 1e9:,.0f}: draw fewer at "
            "a time, each time with another --seed"
        )


def sample_key(seed: int) -> jax.Array:
    """The key of the sample that a seed stands for. Raises ValueError for a seed that a key cannot hold."""
    return jax.random.key(check_seed(seed))


def require_given(sampler: Sampler, given: Any) -> None:
    """Raises ValueError where a sampler starts from real elements and there are none."""
    if sampler.given and given is None:
        raise ValueError(f"this sampler starts from {' and '.join(sampler.given)} of the data, and was given none")


def chosen_sampler(samplers: dict[str, Any], name: str | None) -> Any:
    """The sampler of this name, or the first. Raises ValueError, with those there are, where it has none of that name."""
    if name is None:
        return next(iter(samplers.values()))
    if name not in samplers:
        raise ValueError(f"this model has no sampler {name!r}; it has {', '.join(samplers)}")
    return samplers[name]
