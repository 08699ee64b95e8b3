"""Sums of latents: mean of A - mean of B + mean of C (Radford et al., arXiv:1511.06434, figure 7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.analysis.walks import places
from gan_jax.game import Sampler
from gan_jax.nn.compiling import compiled
from gan_jax.runtime.writers.voxels import as_images
from gan_jax.types import Array, Batch

_made = compiled(lambda sampler, codes: sampler.synthesize(codes)[0])


class Sum(NamedTuple):
    """members: by name "a", "b", "c" images [n, H, W, C], or voxels [n, D, H, W, 1]. means: those of their mean latents [3, ...].

    image: of the sum [H, W, C]. codes: of the sum, leaves [1, ...]. lengths: of the mean latents and the sum [4], over the
    root mean square length of the members.
    """

    space: str
    members: dict[str, np.ndarray]
    means: np.ndarray
    image: np.ndarray
    codes: Batch
    lengths: np.ndarray


def latent_sum(
    sampler: Sampler, key: Array, a: Sequence[int], b: Sequence[int], c: Sequence[int], space: str | None = None
) -> Sum:
    """The image of mean(A) - mean(B) + mean(C). a, b, c: indices of elements of the sample that `key` stands for.

    space: "z" or "w"; None: w where there is one. Means are taken as they are: a mean of k normal latents is shorter than
    these by the root of k, which `lengths` says, and sums of uniform latents may leave their range. Label and noise are
    those of the first of C.
    Raises ValueError for an empty group, and a space that there is not.
    """
    if not (len(a) and len(b) and len(c)):
        raise ValueError(
            "a sum is of three groups of images, and one of them is empty: name at least one index in each"
        )
    indices = jnp.asarray([*a, *b, *c], jnp.uint32)
    space, codes = places(sampler, key, indices, space)
    ends = np.cumsum([0, len(a), len(b), len(c)])
    groups = [slice(first, last) for first, last in zip(ends, ends[1:], strict=False)]
    latents = codes[space]
    means = jnp.stack([jnp.mean(latents[group], 0) for group in groups])  # [3, ...]
    total = (means[0] - means[1] + means[2])[None]
    with jax.debug_key_reuse(False):
        other = {name: jnp.repeat(leaf[ends[2] : ends[2] + 1], 4, 0) for name, leaf in codes.items()}
        summed = {**other, space: jnp.concatenate([means, total])}
        if space == "z":
            summed = sampler.map({name: leaf for name, leaf in summed.items() if name != "w"})
        both = {name: jnp.concatenate([leaf, summed[name]]) for name, leaf in codes.items()}
        images, four = np.split(np.asarray(_made(sampler, both)), [len(indices)])
    length = lambda x: np.linalg.norm(np.asarray(x).reshape(len(x), -1), axis=1)
    usual = max(float(np.sqrt(np.mean(np.square(length(latents))))), 1e-12)
    return Sum(
        space,
        dict(zip("abc", (images[group] for group in groups), strict=True)),
        four[:3],
        four[3],
        {name: leaf[3:] for name, leaf in summed.items()},
        length(summed[space]) / usual,
    )


def table_of(found: Sum) -> tuple[np.ndarray, int]:
    """Tiles [N, H, W, C] and how many stand in a row: A, B and C a row each, with the image of its mean at the end; below
    them the sum, under these. Empty places are black. Voxels [D, H, W, 1] are shown from the front and from behind.
    """
    across = 1 + max(map(len, found.members.values()))
    means, (total,) = as_images(found.means), as_images(found.image[None])
    empty = np.full_like(total, -1.0)
    rows = []
    for elements, mean in zip(found.members.values(), means, strict=True):
        rows += [*as_images(elements), *[empty] * (across - 1 - len(elements)), mean]
    return np.stack([*rows, *[empty] * (across - 1), total]), across
