"""One update of a player: the gradient of its loss, and one step of every network that is trained with it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from gan_jax.methods.accumulation import mean_over_parts
from gan_jax.methods.clipping import clipped
from gan_jax.nn.spectral import iterate
from gan_jax.types import Array, Clock, Network, PyTree

# The collections that a network's forward passes move. In its own player's update alone: statistics of batches, and what
# adapts to the data that it sees. In every update of a round: averages over all that passed (StyleGAN's of w).
MOVED_BY_ITS_PLAYER = ("batch_stats", "adaptive")
MOVED_BY_ALL = ("averages",)
COLLECTIONS = ("params", "spectral", *MOVED_BY_ITS_PLAYER, *MOVED_BY_ALL)


class Outcome(NamedTuple):
    """What a player's loss tells besides its value. All of it is averaged over the parts of a batch."""

    metrics: Mapping[str, Array]  # scalars; "total" is the loss
    moved: Mapping[str, PyTree] = {}  # by network, the collections that this update's passes moved
    memory: PyTree = ()
    rests: Mapping[str, Array] = {}  # by network, [] bool: whether it rests in this update


def update(
    networks: Mapping[str, Network],
    trained: Sequence[str],
    loss: Callable[[Mapping[str, PyTree], Any, Array], tuple[Array, Outcome]],
    batch: Any,
    key: Array,
    optimizers: Mapping[str, optax.GradientTransformation],
    clock: Clock,
    parts: int = 1,
    clip: Mapping[str, float] | None = None,
) -> tuple[dict[str, Network], Outcome]:
    """(networks, what the loss told) after one descent of the networks `trained` on (params, batch, key) -> (loss, Outcome).

    params: {name: parameters} of those networks. parts: in how many the batch is played, see `mean_over_parts`.
    clip: by network, where it is trained its parameters are clipped to +- this before the gradient is taken. A network that
    rests keeps everything: parameters, optimiser, statistics, spectral vectors.
    """
    params = {name: clipped(networks[name].params, (clip or {}).get(name)) for name in trained}

    def gradient(batch: Any, key: Array) -> tuple[PyTree, Outcome]:
        return jax.grad(lambda params: loss(params, batch, key), has_aux=True)(params)

    gradients, outcome = mean_over_parts(gradient, batch, key, parts)
    told = {"clock": clock, "value": outcome.metrics["total"], "metrics": outcome.metrics}
    networks = dict(networks)
    for name in dict.fromkeys((*trained, *outcome.moved)):
        before = networks[name]
        after = before.replace(stats=before.stats | outcome.moved.get(name, {}))
        if name in trained:
            after = descended(after.replace(params=params[name]), optimizers[name], gradients[name], told)
        networks[name] = resting(outcome.rests.get(name), before, after)
    norms = _norms(gradients, [networks[name].params for name in trained])
    single = _single(outcome.moved, trained)
    if taken := sorted(single.keys() & (outcome.metrics.keys() | norms.keys())):
        raise ValueError(
            f"a network's statistic and a number of its update are both named {taken[0]!r}: rename the statistic"
        )
    return networks, outcome._replace(metrics={**outcome.metrics, **single, **norms})


def descended(
    network: Network,
    optimizer: optax.GradientTransformation,
    gradients: PyTree,
    told: Mapping[str, Any],
) -> Network:
    """The network after one step of its optimiser. Spectral norm's vectors follow the new weights.

    told: what the update knows, for optimisers that ask: "clock", "value" (the loss) and "metrics".
    """
    optimizer = optax.with_extra_args_support(optimizer)
    updates, opt_state = optimizer.update(gradients, network.opt_state, network.params, **told)
    params = optax.apply_updates(network.params, updates)
    stats = network.stats
    if "spectral" in stats:  # one power iteration an update: the vectors always belong to the weights as they are
        stats = stats | {"spectral": iterate(params, stats["spectral"])}
    return network.replace(params=params, stats=stats, opt_state=opt_state)


def resting(rests: Array | None, before: PyTree, after: PyTree) -> PyTree:
    """`before` where rests [] bool is true, else `after`."""
    return after if rests is None else jax.tree.map(lambda b, a: jnp.where(rests, b, a), before, after)


def begun_anew(anew: Array | None, network: Network, optimizer: optax.GradientTransformation) -> Network:
    """The network, its optimiser as at the start where anew [] bool is true."""
    if anew is None:
        return network
    return network.replace(opt_state=resting(anew, optimizer.init(network.params), network.opt_state))


def _single(moved: Mapping[str, PyTree], trained: Collection[str]) -> dict[str, Array]:
    """The single numbers among the collections that trained networks moved, such as augmented.Augmented's probability."""
    own = {name: tree for name, tree in moved.items() if name in trained}
    return {path[-1].key: leaf for path, leaf in jax.tree.leaves_with_path(own) if leaf.ndim == 0}


def _norms(gradients: PyTree, params: PyTree) -> dict[str, Array]:
    return {"gradient_norm": optax.tree.norm(gradients), "parameter_norm": optax.tree.norm(params)}
