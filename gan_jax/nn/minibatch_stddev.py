"""Minibatch standard deviation (Karras et al., arXiv:1710.10196, section 3)."""

from __future__ import annotations

import jax
import jax.numpy as jnp


def minibatch_stddev(x: jax.Array, group_size: int = 4, num_channels: int = 1, epsilon: float = 1e-8) -> jax.Array:
    """Appends how much the images of a group differ: x [B, *space, C] -> [B, *space, C + num_channels].

    The standard deviation over the group of every feature at every place, averaged over places and over each of
    `num_channels` equal slices of the channels. Biased: divided by the group's size.

    Groups are strided, as in the authors' code: of M = B / group_size groups, image i is in group i mod M. A batch that
    holds real images followed by fakes would so mix the two in a group: show them to the discriminator one after the
    other. Where the batch is laid over devices, the members of a group lie on different ones, and the mean over a group
    exchanges activations between them (small ones: the layer stands at 4 x 4 pixels).

    A batch smaller than a group is one group. Raises ValueError where the group size does not divide the batch, or
    `num_channels` the channels.
    """
    batch, *space, channels = x.shape
    group = min(group_size, batch)
    if batch % group:
        raise ValueError(f"groups of {group_size} images need a batch they divide, not {batch} images")
    if channels % num_channels:
        raise ValueError(f"{num_channels} slices of the channels need channels they divide, not {channels}")
    y = x.astype(jnp.promote_types(x.dtype, jnp.float32))
    y = y.reshape(group, batch // group, -1, num_channels, channels // num_channels)  # [G, M, pixels, N, C / N]
    variance = jnp.mean(jnp.square(y - jnp.mean(y, 0, keepdims=True)), 0)  # [M, pixels, N, C / N]
    stddev = jnp.mean(jnp.sqrt(variance + epsilon), (1, 3))  # [M, N]
    stddev = jnp.tile(stddev, (group, 1)).reshape(batch, *(1 for _ in space), num_channels)  # row i: that of i mod M
    stddev = jnp.broadcast_to(stddev, (batch, *space, num_channels)).astype(x.dtype)
    return jnp.concatenate([x, stddev], -1)
