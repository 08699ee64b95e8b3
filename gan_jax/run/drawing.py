"""Drawing images from a sampler, some at a time."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from gan_jax.nn.compiling import compiled
from gan_jax.types import Sampler

_AT_ONCE = 64


def draw(
    sampler: Sampler, num: int, seed: int = 0, truncation: float | None = None, label: int | None = None
) -> dict[str, np.ndarray]:
    """{"image": float32 [num, H, W, C] in [-1, 1], "label": int32 [num] where the model has classes}.

    The n-th image depends on seed, num and n alone. label: one class for all; None draws classes uniformly.
    """
    if num < 1:
        raise ValueError(f"num must be 1 or more, got {num}")
    key = jax.random.key(seed)
    latents = sampler.latents(jax.random.fold_in(key, 0), num, truncation)
    labels = sampler.labels(jax.random.fold_in(key, 1), num)
    if label is not None:
        if labels is None:
            raise ValueError("this model is unconditional: it takes no label")
        if not 0 <= label < sampler.num_classes:
            raise ValueError(f"label must be 0 to {sampler.num_classes - 1}, got {label}")
        labels = jnp.full(num, label, jnp.int32)
    synthesize = compiled(lambda s, z, y: s.synthesize(s.map(z, y), y)[0])
    images = []
    for first in tqdm(range(0, num, _AT_ONCE), desc="sampling", unit="batch", disable=num <= _AT_ONCE):
        rows = jnp.arange(first, first + _AT_ONCE) % num  # the last batch is filled up: one compilation for all
        part = synthesize(sampler, latents[rows], None if labels is None else labels[rows])
        images.append(np.asarray(part)[: num - first])
    drawn = {"image": np.concatenate(images)}
    return drawn if labels is None else {**drawn, "label": np.asarray(labels)}
