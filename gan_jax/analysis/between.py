"""What lies between real images: through a generator, or through the autoencoder of a discriminator (BEGAN)."""

from __future__ import annotations

from typing import Any

import numpy as np

from gan_jax.analysis.walks import on_the_way
from gan_jax.game import Sampler
from gan_jax.nn.compiling import compiled
from gan_jax.types import Batch

_coded = compiled(lambda observer, images: observer.discriminator.apply(observer.variables, images, method="encode"))
_decoded = compiled(lambda observer, h: observer.discriminator.apply(observer.variables, h, method="decode"))


def ways_between(sampler: Sampler, codes: Batch, space: str, columns: int) -> np.ndarray:
    """Images [(n - 1) * columns, H, W, C]: a row from the image of each of n codes to that of the next, both ends among them.

    codes: as `projection.project` finds them; space: "z", along the sphere, or "w". Raises ValueError for fewer than two.
    """
    _check(len(codes[space]), columns)
    pair = lambda i: {name: leaf[i : i + 2] for name, leaf in codes.items()}
    walk = lambda i: np.stack(list(on_the_way(sampler, space, pair(i), columns - 1, loop=False)))
    return np.concatenate([walk(i) for i in range(len(codes[space]) - 1)])


def ways_through_encoder(observer: Any, images: np.ndarray, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """(Reconstructions [n, H, W, C] of n images, and the ways between them as in `ways_between`): decoded mixtures of codes h.

    Raises ValueError where the discriminator is no autoencoder, and for fewer than two images.
    """
    if not getattr(observer.discriminator, "reconstructs", False):
        raise ValueError("this discriminator is no autoencoder, and has no code of an image: take --through=generator")
    _check(len(images), columns)
    h = np.asarray(_coded(observer, np.asarray(images, np.float32)))  # [n, N_h]
    t = np.linspace(0, 1, columns, dtype=np.float32).reshape(1, -1, 1)
    mixed = (1 - t) * h[:-1, None] + t * h[1:, None]  # [n - 1, columns, N_h]
    return np.asarray(_decoded(observer, h)), np.asarray(_decoded(observer, mixed.reshape(-1, h.shape[-1])))


def _check(n: int, columns: int) -> None:
    if n < 2 or columns < 2:
        raise ValueError(f"a way is between 2 images or more, in 2 steps or more; got {n} images and {columns} steps")
