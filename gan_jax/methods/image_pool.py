"""A pool of earlier fakes, from which a discriminator is shown some in place of new ones (Shrivastava et al., arXiv:1612.07828).

As CycleGAN has it: 50 images; half of the new ones change places with one of the pool once it is full.
"""

from __future__ import annotations

from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec

from gan_jax.types import Array, over_data

Pool = Mapping[str, Array]  # "images" [size, H, W, C], "filled" [] int32: how many of them are there


def empty_pool(size: int, shape: tuple[int, ...]) -> dict[str, Array]:
    """A pool of `size` images of a shape, of which none is there yet."""
    return {"images": jnp.zeros((size, *shape)), "filled": jnp.zeros((), jnp.int32)}


def served(pool: Pool, images: Array, key: Array) -> tuple[dict[str, Array], Array]:
    """(the pool afterwards, what the discriminator is shown in place of images [B, H, W, C]).

    Images are served one after the other, whatever the batch: while the pool fills, each is stored and shown itself. Then
    a coin is tossed for each: it is shown itself, or one of the pool is, chosen uniformly, whose place it takes.
    A pool of size 0 shows what it is given. The pool is whole on every device.
    """
    size = pool["images"].shape[0]
    if not size:
        return dict(pool), images

    def serve(carry: tuple[Array, Array], turn: tuple[Array, Array]) -> tuple[tuple[Array, Array], Array]:
        (kept, filled), (index, image) = carry, turn
        tossed, chosen = jax.random.split(jax.random.fold_in(key, index))
        full = filled >= size
        changes = full & jax.random.bernoulli(tossed)
        place = jnp.where(full, jax.random.randint(chosen, (), 0, size), filled)
        old = jax.lax.dynamic_index_in_dim(kept, place, keepdims=False)
        new = jnp.where(changes | ~full, image, old)
        kept = jax.lax.dynamic_update_index_in_dim(kept, new, place, 0)
        return (kept, jnp.minimum(filled + 1, size)), jnp.where(changes, old, image)

    turns = jnp.arange(len(images)), _whole(images.astype(pool["images"].dtype))
    (kept, filled), shown = jax.lax.scan(serve, (_whole(pool["images"]), pool["filled"]), turns)
    return {"images": kept, "filled": filled}, over_data(shown.astype(images.dtype))


def _whole(x: Array) -> Array:
    """x on every device of the mesh in force: images are served in order."""
    if not jax.sharding.get_abstract_mesh().axis_names:
        return x
    return jax.lax.with_sharding_constraint(x, PartitionSpec())
