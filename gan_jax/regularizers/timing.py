"""Wrappers that say when a regulariser plays: `every(n, .)`, `after(n, .)`, `from_height(n, .)`.

Its heads rest while it does not.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from gan_jax import ranges
from gan_jax.types import Head, Play, PyTree, Term


@dataclasses.dataclass(frozen=True)
class _Sometimes:
    n: int
    regularizer: Any

    def __post_init__(self):
        ranges.whole("n", self.n)

    def heads(self) -> Mapping[str, Head]:
        return self.regularizer.heads()

    def init(self) -> PyTree:
        return self.regularizer.init()

    def measures(self) -> Mapping[str, Any]:
        return self.regularizer.measures()

    def discriminator(self, play: Play, memory: PyTree) -> Term:
        return self._when(self._now(play), lambda: self._scaled(self.regularizer.discriminator(play, memory)), memory)

    def generator(self, play: Play, memory: PyTree) -> Term:
        return self._when(self._now(play), lambda: self._scaled(self.regularizer.generator(play, memory)), memory)

    def _now(self, play: Play) -> jax.Array:
        raise TypeError("use every or after")

    def _scaled(self, term: Term) -> Term:
        return term

    @staticmethod
    def _when(now: jax.Array, term: Any, memory: PyTree) -> Term:
        # Metrics of a resting regulariser read zero.
        zero = lambda: jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), jax.eval_shape(term))
        played = jax.lax.cond(now, term, lambda: zero()._replace(memory=memory))
        inner = jnp.zeros((), bool) if played.rests is None else played.rests
        return played._replace(rests=jnp.logical_or(~now, inner))


@dataclasses.dataclass(frozen=True)
class every(_Sometimes):
    """Plays at every n-th update of the player, with n times its loss, so that its mean is kept (lazy regularisation:
    Karras et al., arXiv:1912.04958). The other updates do not compute it."""

    def _now(self, play: Play) -> jax.Array:
        return play.update % self.n == 0

    def _scaled(self, term: Term) -> Term:
        return term._replace(loss=self.n * term.loss)


@dataclasses.dataclass(frozen=True)
class after(_Sometimes):
    """Plays from round n on: a warm-up of n rounds without it."""

    def _now(self, play: Play) -> jax.Array:
        return play.clock.round >= self.n


@dataclasses.dataclass(frozen=True)
class from_height(_Sometimes):
    """Plays in phases whose images are n pixels high or more: in a run that grows, from there on. The other phases'
    programs do not hold it."""

    def discriminator(self, play: Play, memory: PyTree) -> Term:
        return self._if_high(play, lambda: self.regularizer.discriminator(play, memory), memory)

    def generator(self, play: Play, memory: PyTree) -> Term:
        return self._if_high(play, lambda: self.regularizer.generator(play, memory), memory)

    def _if_high(self, play: Play, term: Any, memory: PyTree) -> Term:
        if play.real["image"].shape[1] >= self.n:
            return term()
        return Term(jnp.zeros(()), memory, rests=jnp.ones((), bool))
