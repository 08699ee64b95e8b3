"""What a population of generators lives by: mutation, fitness, selection (Wang et al., E-GAN, arXiv:1803.00657)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import lax
from jax.nn import sigmoid, softplus

from gan_jax.types import Array, PyTree

# A mutation is a descent of one of these: D's logits on fakes -> [], to be made small.
MUTATIONS: dict[str, Callable[[Array], Array]] = {
    "minimax": lambda fake: -jnp.mean(softplus(fake)),  # E[log(1 - sigmoid(D(G(z))))]
    "heuristic": lambda fake: jnp.mean(softplus(-fake)),  # -E[log sigmoid(D(G(z)))]
    "least_squares": lambda fake: jnp.mean(
        (sigmoid(fake) - 1.0) ** 2
    ),  # of D's probability, as the authors' code has it
}


def fitness(fake: Array, gradients: PyTree, gamma: float) -> tuple[Array, Array, Array]:
    """(F, quality, diversity), each [], of a generator (arXiv:1803.00657).

    F = E[sigmoid(D(G(z)))] + gamma * Fd, Fd = -log |grad L_D|: the norm of the gradient, by all of D's parameters, of D's
    loss on real images and on these fakes. A gradient that is small says that D finds no region of theirs to push down.

    fake: D's logits on fakes, any shape. The authors' Theano code takes beta * log |grad L_D|^2 off E[sigmoid]: gamma is
    twice its beta. Their PyTorch code adds log |grad L_D|, the other sign than the paper's.
    """
    quality = jnp.mean(sigmoid(fake))
    diversity = -jnp.log(optax.tree.norm(gradients))
    return quality + gamma * diversity, quality, diversity


def fittest(fitness: Array, n: int) -> Array:
    """The n fittest of all children, the fittest first: fitness [children] -> int32 [n]. Of equals the first.

    The same children as by going through them and letting each that is fitter than the weakest survivor take its place, as
    the authors' code does. A child whose fitness is not finite comes last.
    """
    return lax.top_k(jnp.where(jnp.isfinite(fitness), fitness, -jnp.inf), n)[1]


def over_members(function: Callable[..., Any], *members: PyTree) -> PyTree:
    """function, of each member of a population: leaves [n, ...] -> leaves [n, ...].

    On CPUs one after the other: there a convolution of many images with many kernels, which lowers to one of groups, takes
    longer. Elsewhere all at once.
    """
    in_turn = lambda *members: lax.map(lambda each: function(*each), members)
    return lax.platform_dependent(*members, cpu=in_turn, default=jax.vmap(function))
