"""Optimisers and moving averages."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import optax

from gan_jax.types import PyTree, Weight


def adam(
    learning_rate: Weight = 2e-4,
    b1: float = 0.5,
    b2: float = 0.999,
    eps: float = 1e-8,
    clip_norm: float | None = None,
    orthogonal: float = 0.0,
) -> optax.GradientTransformation:
    """Adam; a schedule counts this player's own updates. clip_norm: of the whole gradient, None for no clipping.

    orthogonal: beta of `orthogonal_regularization`, whose gradient joins the loss's (BigGAN's generator: 1e-4).
    """
    transform = _clipped(optax.adam(learning_rate, b1=b1, b2=b2, eps=eps), clip_norm)
    return optax.chain(orthogonal_regularization(orthogonal), transform) if orthogonal else transform


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

    if beta < 0:
        raise ValueError(f"orthogonal must be 0 or more, got {beta}")
    return optax.GradientTransformation(lambda params: optax.EmptyState(), update)


def orthogonal_gradient(matrix: jax.Array) -> jax.Array:
    """The gradient of |W^T W o (1 - I)|^2 by W [M, N]: 4 W (W^T W o (1 - I)) -> [M, N].

    W (W^T W o (1 - I)) = W W^T W - W diag(W^T W), so that the smaller of the two squares will do.
    """
    tall = matrix.shape[0] > matrix.shape[1]
    cubed = matrix @ (matrix.T @ matrix) if tall else (matrix @ matrix.T) @ matrix
    return 4 * (cubed - matrix * jnp.sum(jnp.square(matrix), axis=0, keepdims=True))


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
