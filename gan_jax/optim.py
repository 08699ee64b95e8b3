"""Optimisers and moving averages."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import optax

from gan_jax.types import PyTree, Weight


def adam(
    learning_rate: Weight = 2e-4, b1: float = 0.5, b2: float = 0.999, eps: float = 1e-8, clip_norm: float | None = None
) -> optax.GradientTransformation:
    """Adam; a schedule counts this player's own updates. clip_norm: of the whole gradient, None for no clipping."""
    return _clipped(optax.adam(learning_rate, b1=b1, b2=b2, eps=eps), clip_norm)


def rmsprop(
    learning_rate: Weight = 5e-5, decay: float = 0.99, eps: float = 1e-8, clip_norm: float | None = None
) -> optax.GradientTransformation:
    """RMSProp, as WGAN with weight clipping uses it: PyTorch's, which adds eps to the root of the mean square."""
    return _clipped(optax.rmsprop(learning_rate, decay=decay, eps=eps, eps_in_sqrt=False), clip_norm)


def sgd(
    learning_rate: Weight = 1e-2, momentum: float = 0.0, clip_norm: float | None = None
) -> optax.GradientTransformation:
    """Stochastic gradient descent."""
    return _clipped(optax.sgd(learning_rate, momentum=momentum or None), clip_norm)


def _clipped(transform: optax.GradientTransformation, clip_norm: float | None) -> optax.GradientTransformation:
    return transform if clip_norm is None else optax.chain(optax.clip_by_global_norm(clip_norm), transform)


@dataclasses.dataclass(frozen=True)
class Ema:
    """A moving average of a network over rounds: average <- d * average + (1 - d) * now.

    decay: d a round. half_life_kimg: instead, thousands of real images after which half of an average is left;
    images_a_round converts it. start: first round that averages; before it the average is the network itself.
    """

    decay: float | None = 0.999
    half_life_kimg: float | None = None
    start: int = 0
    images_a_round: int = 0

    def __post_init__(self):
        if (self.decay is None) == (self.half_life_kimg is None):
            raise ValueError("an average takes either decay or half_life_kimg: set the other to None")
        if self.half_life_kimg is not None and self.images_a_round < 1:
            raise ValueError("half_life_kimg needs images_a_round")

    @property
    def decay_a_round(self) -> float:
        if self.half_life_kimg is None:
            return self.decay
        return 0.5 ** (self.images_a_round / (1000.0 * self.half_life_kimg))

    def update(self, average: PyTree, now: PyTree, round: jax.Array) -> PyTree:
        """The average after a round."""
        decay = jnp.where(round < self.start, 0.0, self.decay_a_round)
        return jax.tree.map(lambda a, b: (decay * a + (1.0 - decay) * b).astype(a.dtype), average, now)
