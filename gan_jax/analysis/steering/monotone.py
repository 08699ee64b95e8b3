"""The direction along which trajectories of latents lie, and its rising map to amounts (arXiv:2001.10238, section 2.2)."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax

from gan_jax.analysis.steering.trajectories import Trajectories
from gan_jax.analysis.steering.walk import Monotone
from gan_jax.types import Array, named_key

DECILE = 0.9  # errors above this quantile are left out
_KNOTS = np.linspace(-4, 4, 17, dtype=np.float32)  # in standard deviations of <u, p>


def fit_monotone(
    found: Trajectories,
    key: Array,
    epochs: int = 100,
    batch_size: int = 32,
    rate: float = 0.01,
    l2: float = 0.1,
) -> tuple[Monotone, float]:
    """The unit vector u and rising piecewise linear g of the least mean of (g(<u, p_t>) - g(<u, p_0>) - t)^2 + l2 |u|^2.

    By Adam over mixed batches. Pairs whose error is above the 9th decile are left out. Points are centred, and scaled by one
    number to a mean variance of 1, for the fit; knots lie half a standard deviation apart. The length of u trades with the
    slopes of g, as in the authors' model; what is returned has u of length 1 and the same g. The rate is ours.

    -> the walk, and the share of the variance of t that it explains on the pairs kept.
    Raises ValueError for fewer than 10 pairs, and numbers out of their ranges.
    """
    kept = found.errors <= np.quantile(found.errors, DECILE)
    images, amounts = np.nonzero(kept)
    if len(images) < 10 or epochs < 1 or batch_size < 1 or not 0 < rate < np.inf or not 0 <= l2 < np.inf:
        raise ValueError(
            f"a direction is fitted to 10 pairs or more, with numbers above 0; got {len(images)} pairs, {epochs=}, "
            f"{batch_size=}, {rate=}, {l2=}"
        )
    mean = found.start.mean(0)
    scale = float(np.sqrt(np.mean(np.var(found.start, 0)))) if len(found.start) > 1 else 1.0
    scale = scale if scale > 1e-12 else 1.0
    first = jnp.asarray((found.start[images] - mean) / scale)  # [M, D]
    last = jnp.asarray((found.points[images, amounts] - mean) / scale)
    wanted = jnp.asarray(found.amounts[amounts])  # [M]
    of_start, of_order = named_key(key, "monotone start"), named_key(key, "monotone order")
    dim = first.shape[1]
    params = {"u": jax.random.normal(of_start, (dim,)) / np.sqrt(dim), "slopes": jnp.full(len(_KNOTS) - 1, -2.0)}
    optimizer = optax.adam(rate)
    batch_size = min(batch_size, len(wanted))

    def loss(params: dict, chosen: Array) -> Array:
        g = _map_of(params)
        apart = g(last[chosen] @ params["u"]) - g(first[chosen] @ params["u"]) - wanted[chosen]
        return jnp.mean(jnp.square(apart)) + l2 * jnp.sum(jnp.square(params["u"]))

    def epoch(carry: tuple, key: Array) -> tuple:
        order = jax.random.permutation(key, len(wanted))
        batches = order[: len(order) // batch_size * batch_size].reshape(-1, batch_size)

        def once(carry, chosen):
            params, state = carry
            updates, state = optimizer.update(jax.grad(loss)(params, chosen), state, params)
            return (optax.apply_updates(params, updates), state), None

        return jax.lax.scan(once, carry, batches)[0], None

    run = jax.jit(lambda carry, keys: jax.lax.scan(epoch, carry, keys)[0])
    params, _ = run((params, optimizer.init(params)), jax.random.split(of_order, epochs))
    walk = _walk(jax.tree.map(np.asarray, params), mean, scale)
    told = walk.amount(jnp.asarray(found.points[images, amounts]) @ walk.vector) - walk.amount(
        jnp.asarray(found.start[images]) @ walk.vector
    )
    unexplained = np.mean(np.square(np.asarray(told) - np.asarray(wanted))) / np.mean(np.square(np.asarray(wanted)))
    return walk, float(1 - unexplained)


def _map_of(params: dict):
    """g of <u, p>: its knots are multiples of |u|, the standard deviation of <u, p>; it goes on straight beyond them."""
    slopes = jax.nn.softplus(params["slopes"])  # [K - 1]
    knots = jax.lax.stop_gradient(jnp.linalg.norm(params["u"])) * _KNOTS
    bends = jnp.diff(slopes)

    def g(x: Array) -> Array:
        return slopes[0] * x + jax.nn.relu(x[:, None] - knots[None, 1:-1]) @ bends

    return g


def _walk(params: dict, mean: np.ndarray, scale: float) -> Monotone:
    """The same map for the unit vector and for points as they are."""
    length = max(float(np.linalg.norm(params["u"])), 1e-12)
    unit = params["u"] / length
    slopes = np.logaddexp(0, params["slopes"]) * length / scale  # per unit along the unit vector
    knots = _KNOTS * scale + float(mean @ unit)
    values = np.concatenate([[0.0], np.cumsum(slopes * np.diff(knots))]).astype(np.float32)
    return Monotone(jnp.asarray(unit), jnp.asarray(knots, jnp.float32), jnp.asarray(values))
