"""One step of one network."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax

from gan_jax.nn.spectral import iterate
from gan_jax.types import Network, PyTree


def descend(
    network: Network,
    optimizer: optax.GradientTransformation,
    gradients: PyTree,
    stats: PyTree,
    clip: float | None = None,
) -> Network:
    """The network after one step of its optimiser. stats: its statistics as this update moved them.

    clip: the parameters are clipped to +- this; None does not. Spectral norm's vectors follow the new weights.
    """
    updates, opt_state = optimizer.update(gradients, network.opt_state, network.params)
    params = optax.apply_updates(network.params, updates)
    if clip is not None:
        params = jax.tree.map(lambda p: jnp.clip(p, -clip, clip), params)
    if "spectral" in stats:  # one power iteration an update: the vectors always belong to the weights as they are
        stats = stats | {"spectral": iterate(params, stats["spectral"])}
    return network.replace(params=params, stats=stats, opt_state=opt_state)
