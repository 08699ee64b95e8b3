"""Optimisers and moving averages."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax

from gan_jax import ranges
from gan_jax.types import Clock, PyTree, Weight, is_schedule, weight_at


def adam(
    learning_rate: Weight = 2e-4,
    b1: float = 0.5,
    b2: Weight = 0.999,
    eps: float = 1e-8,
    clip_norm: float | None = None,
    orthogonal: float = 0.0,
) -> optax.GradientTransformation:
    """Adam. learning_rate, b2: numbers, or schedules of the round or of images.

    clip_norm: of the whole gradient, None: no clipping.
    orthogonal: beta of `orthogonal_regularization`, whose gradient joins the loss's (BigGAN's generator: 1e-4).
    """
    ranges.decay("b1", b1)
    ranges.positive("eps", eps)
    ranges.not_negative("orthogonal", orthogonal)
    transform = _clipped(optax.chain(_scale_by_adam(b1, b2, eps), at_rate(learning_rate)), clip_norm)
    return optax.chain(orthogonal_regularization(orthogonal), transform) if orthogonal else transform


def rmsprop(
    learning_rate: Weight = 5e-5, decay: float = 0.99, eps: float = 1e-8, clip_norm: float | None = None
) -> optax.GradientTransformation:
    """RMSProp, as WGAN with weight clipping uses it: PyTorch's, which adds eps to the root of the mean square."""
    ranges.decay("decay", decay)
    ranges.positive("eps", eps)
    scale = optax.scale_by_rms(decay=decay, eps=eps, initial_scale=0.0, eps_in_sqrt=False)
    return _clipped(optax.chain(scale, at_rate(learning_rate)), clip_norm)


def sgd(
    learning_rate: Weight = 1e-2, momentum: float = 0.0, clip_norm: float | None = None
) -> optax.GradientTransformation:
    """Stochastic gradient descent."""
    ranges.decay("momentum", momentum)
    trace = optax.trace(decay=momentum) if momentum else optax.identity()
    return _clipped(optax.chain(trace, at_rate(learning_rate)), clip_norm)


def _scale_by_adam(b1: float, b2: Weight, eps: float) -> optax.GradientTransformation:
    """optax.scale_by_adam, whose b2 may be a schedule. The bias is corrected as if the present b2 had held from the start, as
    PyTorch does where b2 is set anew before each step."""
    if not is_schedule(b2):
        ranges.decay("b2", b2)
        return optax.scale_by_adam(b1=b1, b2=b2, eps=eps)

    def update(
        updates: PyTree, state: PyTree, params: PyTree = None, *, clock: Clock | None = None, **told: Any
    ) -> tuple:
        if clock is None:
            raise ValueError("a b2 that is a schedule needs the time: update(gradients, state, clock=clock)")
        return optax.scale_by_adam(b1=b1, b2=weight_at(b2, clock), eps=eps).update(updates, state)

    return optax.GradientTransformationExtraArgs(optax.scale_by_adam(b1=b1, eps=eps).init, update)


def at_rate(rate: Weight) -> optax.GradientTransformation:
    """Times minus the rate. A schedule is asked at the clock of the update, never at a count of its own.

    A transformation with a schedule takes it as an extra argument: update(gradients, state, params, clock=clock).
    """
    ranges.weight("learning_rate", rate)
    if not is_schedule(rate):
        return optax.scale_by_learning_rate(rate)

    def update(
        updates: PyTree, state: PyTree, params: PyTree = None, *, clock: Clock | None = None, **told: Any
    ) -> tuple:
        if clock is None:
            raise ValueError("a learning rate that is a schedule needs the time: update(gradients, state, clock=clock)")
        now = -weight_at(rate, clock)
        return jax.tree.map(lambda leaf: now.astype(leaf.dtype) * leaf, updates), state

    return optax.GradientTransformationExtraArgs(lambda params: optax.EmptyState(), update)


def on_stall(
    optimizer: optax.GradientTransformation,
    metric: str = "convergence",
    factor: float = 0.5,
    window: int = 500,
    patience: int = 4,
    tolerance: float = 1e-3,
    lowest: float = 0.0,
) -> optax.GradientTransformationExtraArgs:
    """An optimiser whose steps become `factor` as long wherever a number of its player's updates stalls (BEGAN: M).

    metric: its name, without the player's prefix; smaller is better. It stalls where, `patience` times in a row, its mean over
    `window` updates is not below the best one by the share `tolerance`. lowest: of the steps' whole factor.
    The update takes that number among its extra arguments: update(gradients, state, params, metrics={metric: ...}).
    """
    ranges.within("factor", factor, 1e-6, 1 - 1e-6)
    ranges.whole("window", window)
    ranges.whole("patience", patience)
    ranges.within("tolerance", tolerance, 1e-9, 1)
    ranges.within("lowest", lowest, 0, 1)
    plateau = optax.contrib.reduce_on_plateau(
        factor, patience, rtol=tolerance, accumulation_size=window, min_scale=lowest
    )
    optimizer = optax.with_extra_args_support(optimizer)

    def init(params: PyTree) -> dict:
        begun = plateau.init(params)._replace(best_value=jnp.float32(1e30))  # infinity is for what went wrong
        return {"optimizer": optimizer.init(params), "plateau": begun}

    def update(updates: PyTree, state: PyTree, params: PyTree = None, **told: Any) -> tuple:
        metrics = told.get("metrics", {})
        if metric not in metrics:
            raise ValueError(f"on_stall watches {metric!r}, and this update reports {', '.join(metrics) or 'nothing'}")
        updates, of_optimizer = optimizer.update(updates, state["optimizer"], params, **told)
        updates, seen = plateau.update(updates, state["plateau"], value=metrics[metric])
        return updates, {"optimizer": of_optimizer, "plateau": seen}

    return optax.GradientTransformationExtraArgs(init, update)


def orthogonal_regularization(beta: float) -> optax.GradientTransformation:
    """Adds to each kernel's gradient that of beta |W^T W o (1 - I)|^2: Eq. (3), arXiv:1809.11096.

    W [window * I, O]: the inner products of different outputs' weights fall, their norms are left alone. Kernels alone:
    no embedding, norm or bias; those of heads that this optimiser trains too. BigGAN-PyTorch adds half of this
    gradient, 2 where the formula's derivative has 4: its beta is half of the one meant here.
    """

    def add(path: tuple, gradient: jax.Array, parameter: jax.Array) -> jax.Array:
        if getattr(path[-1], "key", None) != "kernel":
            return gradient
        matrix = parameter.reshape(-1, parameter.shape[-1])
        return gradient + beta * orthogonal_gradient(matrix).reshape(parameter.shape).astype(gradient.dtype)

    def update(gradients: PyTree, state: PyTree, params: PyTree = None) -> tuple[PyTree, PyTree]:
        if params is None:
            raise ValueError("orthogonal_regularization needs the parameters: update(gradients, state, params)")
        return jax.tree_util.tree_map_with_path(add, gradients, params), state

    ranges.not_negative("orthogonal", beta)
    return optax.GradientTransformation(lambda params: optax.EmptyState(), update)


def orthogonal_gradient(matrix: jax.Array) -> jax.Array:
    """The gradient of |W^T W o (1 - I)|^2 by W [M, N]: 4 W (W^T W o (1 - I)) -> [M, N].

    W (W^T W o (1 - I)) = W W^T W - W diag(W^T W), so that the smaller of the two squares will do.
    """
    tall = matrix.shape[0] > matrix.shape[1]
    cubed = matrix @ (matrix.T @ matrix) if tall else (matrix @ matrix.T) @ matrix
    return 4 * (cubed - matrix * jnp.sum(jnp.square(matrix), axis=0, keepdims=True))


def _clipped(transform: optax.GradientTransformation, clip_norm: float | None) -> optax.GradientTransformation:
    if clip_norm is None:
        return transform
    ranges.positive("clip_norm", clip_norm)
    return optax.chain(optax.clip_by_global_norm(clip_norm), transform)


@dataclasses.dataclass(frozen=True)
class Ema:
    """A moving average of a network over rounds: average <- d * average + (1 - d) * now.

    decay: d a round. half_life_kimg: instead, thousands of real images after which half of an average is left, whatever
    the number of images a round; a number, or a schedule of the round or of images, where 0 is no average but the network
    itself. start: first round that averages; before it the average is the network itself.
    before: the average takes the network as it is before the round's own update of it (Progressive GAN, StyleGAN).
    """

    decay: float | None = 0.999
    half_life_kimg: Weight | None = None
    start: int = 0
    before: bool = False

    def __post_init__(self):
        if (self.decay is None) == (self.half_life_kimg is None):
            raise ValueError("an average takes either decay or half_life_kimg: set the other to None")
        if self.decay is not None:
            ranges.decay("decay", self.decay)
        elif not is_schedule(self.half_life_kimg):
            ranges.positive("half_life_kimg", self.half_life_kimg)
        ranges.whole("start", self.start, 0)

    def decay_a_round(self, images: int, clock: Clock | None = None) -> float | jax.Array:
        """d of a round of so many real images. clock: when; a schedule needs it."""
        if self.half_life_kimg is None:
            return self.decay
        if not is_schedule(self.half_life_kimg):
            return 0.5 ** (images / (1000.0 * float(self.half_life_kimg)))
        half_life = 1000.0 * weight_at(self.half_life_kimg, clock)
        return jnp.where(half_life > 0, 0.5 ** (images / jnp.maximum(half_life, 1e-6)), 0.0)

    def update(self, average: PyTree, now: PyTree, clock: Clock, images: int, copied: Sequence[str] = ()) -> PyTree:
        """The average after a round of so many images. copied: collections that are taken over from `now` as they are."""
        decay = jnp.where(clock.round < self.start, 0.0, self.decay_a_round(images, clock))

        def moved(path: tuple, a: jax.Array, b: jax.Array) -> jax.Array:
            names = [getattr(key, "key", None) for key in path[:2]]
            if names[0] != "params" and any(name in copied for name in names):
                return b
            return (decay * a + (1.0 - decay) * b).astype(a.dtype)

        return jax.tree.map_with_path(moved, average, now)
