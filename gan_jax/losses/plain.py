"""Losses of logits alone."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
from jax.nn import relu, softplus

from gan_jax import ranges
from gan_jax.types import PyTree, Term


@dataclasses.dataclass(frozen=True)
class _Memoryless:
    def init(self) -> PyTree:
        return ()

    def right(self, real: jax.Array, fake: jax.Array) -> tuple[jax.Array, jax.Array]:
        return real > 0, fake < 0


@dataclasses.dataclass(frozen=True)
class nothing(_Memoryless):
    """L_D = L_G = 0: no game, so that what regularisers ask of each network is all that it learns."""

    def discriminator(self, real: jax.Array, fake: jax.Array, memory: PyTree) -> Term:
        return Term(jnp.zeros(()))

    def generator(self, real: jax.Array, fake: jax.Array, memory: PyTree) -> Term:
        return Term(jnp.zeros(()))


@dataclasses.dataclass(frozen=True)
class hinge(_Memoryless):
    """L_D = E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))], L_G = -E[D(G(z))] (arXiv:1705.02894, 1802.05957)."""

    def discriminator(self, real: jax.Array, fake: jax.Array, memory: PyTree) -> Term:
        return Term(jnp.mean(relu(1.0 - real)) + jnp.mean(relu(1.0 + fake)))

    def generator(self, real: jax.Array, fake: jax.Array, memory: PyTree) -> Term:
        return Term(-jnp.mean(fake))


@dataclasses.dataclass(frozen=True)
class non_saturating(_Memoryless):
    """Cross-entropy, and L_G = -E[log sigma(D(G(z)))] (Goodfellow et al., arXiv:1406.2661)."""

    def discriminator(self, real: jax.Array, fake: jax.Array, memory: PyTree) -> Term:
        return Term(jnp.mean(softplus(-real)) + jnp.mean(softplus(fake)))

    def generator(self, real: jax.Array, fake: jax.Array, memory: PyTree) -> Term:
        return Term(jnp.mean(softplus(-fake)))


@dataclasses.dataclass(frozen=True)
class saturating(non_saturating):
    """Cross-entropy, and L_G = E[log(1 - sigma(D(G(z))))]: the game of one value (Goodfellow et al., arXiv:1406.2661, Eq. 1).

    Where D tells real and fake well apart, sigma is near 0 on fakes and the gradient of L_G vanishes.
    """

    def generator(self, real: jax.Array, fake: jax.Array, memory: PyTree) -> Term:
        return Term(-jnp.mean(softplus(fake)))


@dataclasses.dataclass(frozen=True)
class wasserstein(_Memoryless):
    """L_D = E[D(G(z))] - E[D(x)], L_G = -E[D(G(z))] (Arjovsky et al., arXiv:1701.07875).

    It bounds a distance only while D is Lipschitz: by weight clipping, a gradient penalty or spectral norm. Then
    "wasserstein_estimate", E[D(x)] - E[D(G(z))], which D reports, estimates D's Lipschitz constant times the distance from
    below: it falls as samples become better. Logits are right on their side of the middle between the two means: only
    differences mean anything.
    """

    def right(self, real: jax.Array, fake: jax.Array) -> tuple[jax.Array, jax.Array]:
        middle = (jnp.mean(real) + jnp.mean(fake)) / 2
        return real > middle, fake < middle

    def discriminator(self, real: jax.Array, fake: jax.Array, memory: PyTree) -> Term:
        estimate = jnp.mean(real) - jnp.mean(fake)
        return Term(-estimate, (), {"wasserstein_estimate": estimate})

    def generator(self, real: jax.Array, fake: jax.Array, memory: PyTree) -> Term:
        return Term(-jnp.mean(fake))


@dataclasses.dataclass(frozen=True)
class least_squares(_Memoryless):
    """L_D = (E[(D(x) - 1)^2] + E[D(G(z))^2]) / 2, L_G = E[(D(G(z)) - 1)^2] / 2 (Mao et al., arXiv:1611.04076, Eq. 9).

    factor: in place of the 1/2; CycleGAN has 1.
    """

    factor: float = 0.5

    def __post_init__(self):
        ranges.positive("factor", self.factor)

    def right(self, real: jax.Array, fake: jax.Array) -> tuple[jax.Array, jax.Array]:
        return real > 0.5, fake < 0.5  # the targets are 1 and 0

    def discriminator(self, real: jax.Array, fake: jax.Array, memory: PyTree) -> Term:
        return Term(self.factor * (jnp.mean((real - 1.0) ** 2) + jnp.mean(fake**2)))

    def generator(self, real: jax.Array, fake: jax.Array, memory: PyTree) -> Term:
        return Term(self.factor * jnp.mean((fake - 1.0) ** 2))


@dataclasses.dataclass(frozen=True)
class relativistic(_Memoryless):
    """L_D = E[softplus(D(G(z)) - D(x))], L_G = E[softplus(D(x) - D(G(z)))] over pairs by index (arXiv:1807.00734, 2501.05441)."""

    def right(self, real: jax.Array, fake: jax.Array) -> tuple[jax.Array, jax.Array]:
        _check_pairs(real, fake)
        return real > fake, real > fake

    def discriminator(self, real: jax.Array, fake: jax.Array, memory: PyTree) -> Term:
        _check_pairs(real, fake)
        return Term(jnp.mean(softplus(fake - real)))

    def generator(self, real: jax.Array, fake: jax.Array, memory: PyTree) -> Term:
        _check_pairs(real, fake)
        return Term(jnp.mean(softplus(real - fake)))


def _check_pairs(real: jax.Array, fake: jax.Array) -> None:
    if real.shape != fake.shape:
        raise ValueError(
            f"the relativistic loss pairs each real logit with a fake one, got {real.shape} and {fake.shape}: "
            "set method.generator_batch_multiple to 1"
        )
