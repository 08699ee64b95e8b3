"""BEGAN's loss, which keeps two reconstruction errors in balance."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from gan_jax import ranges
from gan_jax.types import PyTree, Term


@dataclasses.dataclass(frozen=True)
class boundary_equilibrium:
    """BEGAN's (Berthelot et al., arXiv:1703.10717, section 3.4), where D is an autoencoder and L = -D its reconstruction error.

        L_D = L(x) - k L(G(z)), L_G = L(G(z)), k <- clip(k + lambda_k (gamma L(x) - L(G(z))), 0, 1), k = 0 at first
        M   = L(x) + |gamma L(x) - L(G(z))|, "convergence"

    k keeps E[L(G(z))] at gamma times E[L(x)]. It moves with D's updates, by their fakes, where the paper's formula has those of
    G's: of the same distribution, and judged by the same D as L(x).

    gamma: the diversity ratio, from 0 to 1; smaller is sharper and less diverse (the paper: 0.3 to 0.7).
    lambda_k: the proportional gain of k.
    Reported: k, M, and "balance", gamma L(x) - L(G(z)), near 0 in equilibrium; G's update reports the last M too, so that its
    optimiser can be asked for a fall of the rate where M stalls (`optim.on_stall`).
    """

    gamma: float = 0.5
    lambda_k: float = 1e-3

    def __post_init__(self):
        ranges.within("gamma", self.gamma, 0, 1)
        ranges.positive("lambda_k", self.lambda_k)

    def check(self, game: Any) -> None:
        """Raises ValueError where the game's discriminator is no autoencoder."""
        judge = game.discriminator
        while hasattr(judge, "discriminator"):  # wrappers hand it on
            judge = judge.discriminator
        if not getattr(judge, "reconstructs", False):
            raise ValueError(
                f"boundary_equilibrium takes an autoencoder, whose logit is minus its reconstruction error, and "
                f"{type(judge).__module__.rpartition('.')[2]}.{type(judge).__name__} is none: set discriminator.type to "
                "'began.Autoencoder', or take another loss"
            )

    def init(self) -> PyTree:
        return {"k": jnp.zeros(()), "convergence": jnp.zeros(())}

    def right(self, real: jax.Array, fake: jax.Array) -> tuple[jax.Array, jax.Array]:
        """On their side of the middle between gamma E[L(x)] and E[L(G(z))], which are equal in equilibrium."""
        of_real, of_fake = -self.gamma * real, -fake
        middle = (jnp.mean(of_real) + jnp.mean(of_fake)) / 2
        return of_real < middle, of_fake > middle

    def discriminator(self, real: jax.Array, fake: jax.Array, memory: PyTree) -> Term:
        of_real, of_fake, k = -jnp.mean(real), -jnp.mean(fake), memory["k"]
        balance = jax.lax.stop_gradient(self.gamma * of_real - of_fake)
        convergence = jax.lax.stop_gradient(of_real) + jnp.abs(balance)
        kept = {"k": jnp.clip(k + self.lambda_k * balance, 0.0, 1.0), "convergence": convergence}
        return Term(of_real - k * of_fake, kept, {"k": k, "convergence": convergence, "balance": balance})

    def generator(self, real: jax.Array, fake: jax.Array, memory: PyTree) -> Term:
        return Term(-jnp.mean(fake), memory, {"convergence": memory["convergence"]})
