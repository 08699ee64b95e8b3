"""Adversarial losses. Both players minimise; larger logits mean "more real". Logits of any shape, means over all.

Each is a frozen dataclass of four pure functions: `init() -> memory`, `discriminator(real, fake, memory) -> Term`,
`generator(real, fake, memory) -> Term` and `right(real, fake)`, where real and fake are logits: which of the real and which
of the fake ones D tells right. Three have a memory: `top_k` and `resting`, which wrap one, and `boundary_equilibrium`. A loss
that asks something of the rest of the game has `check(game)` besides, see `methods.fitting`.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
from jax.nn import relu, softplus

from gan_jax import ranges
from gan_jax.types import AdversarialLoss, ByImages, Clock, PyTree, Term, Weight, weight_at


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


@dataclasses.dataclass(frozen=True)
class top_k:
    """G learns from its k best fakes alone: those to which D gives the highest logits (Sinha et al., arXiv:2002.06224).

    D's loss is the loss's own. G's is the loss's mean over the k; its logits are single ones or a map's entries.

    loss: any loss that is a mean over fakes, or over pairs of a real with a fake by index.
    fraction: k over the number of fakes, from above 0 to 1; a number or a schedule of G's updates. The paper lowers it
        from 1 by a factor of 0.99 an epoch down to 0.5: {"schedule": "exponential_decay", "init_value": 1.0,
        "transition_steps": updates an epoch, "decay_rate": 0.99, "end_value": 0.5}.
    """

    loss: AdversarialLoss
    fraction: Weight

    def __post_init__(self):
        if isinstance(self.fraction, ByImages):
            raise ValueError("top_k's fraction is a number or a schedule of G's updates, not of images shown")
        if not callable(self.fraction) and not 0 < self.fraction <= 1:
            raise ValueError(f"top_k's fraction is more than 0 and at most 1, got {self.fraction}")

    def init(self) -> PyTree:
        return {"loss": self.loss.init(), "updates": jnp.zeros((), jnp.int32)}

    def right(self, real: jax.Array, fake: jax.Array) -> tuple[jax.Array, jax.Array]:
        return self.loss.right(real, fake)

    def discriminator(self, real: jax.Array, fake: jax.Array, memory: PyTree) -> Term:
        term = self.loss.discriminator(real, fake, memory["loss"])
        return term._replace(memory=memory | {"loss": term.memory})

    def generator(self, real: jax.Array, fake: jax.Array, memory: PyTree) -> Term:
        whole = self.loss.generator(real, fake, memory["loss"])  # for its memory, and for what it refuses
        real, fake = real.ravel(), fake.ravel()
        single = lambda real, fake: self.loss.generator(real[None], fake[None], memory["loss"]).loss
        if real.size == fake.size:
            losses = jax.vmap(single)(real, fake)
        else:  # no pairs: the real ones do not matter
            losses = jax.vmap(single, (None, 0))(real[0], fake)
        k = jnp.clip(
            jnp.round(weight_at(self.fraction, Clock(memory["updates"], jnp.zeros(()))) * fake.size), 1, fake.size
        )
        order = jnp.argsort(-jax.lax.stop_gradient(fake))
        best = jnp.argsort(order) < k  # of each, its place among all
        loss = jnp.sum(jnp.where(best, losses, 0.0)) / k
        kept = {"loss": whole.memory, "updates": memory["updates"] + 1}
        return Term(loss, kept, {**whole.metrics, "top_k": k / fake.size})


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


@dataclasses.dataclass(frozen=True)
class resting:
    """D rests while it is ahead: it is updated only where it told at most a share `above` of its last batch right.

    3D-GAN's rule (Wu et al., arXiv:1610.07584, section 3.1: an accuracy of at most 80 % in the last batch). What D then
    keeps is all of it: parameters, optimiser, statistics. Its accuracy is taken in every update, also while it rests, so G,
    which goes on, wakes it. The accuracy is the mean of the shares of real and of fake ones told right, by `loss`.

    loss: any loss. above: from 0 to below 1.
    """

    loss: AdversarialLoss
    above: float = 0.8

    def __post_init__(self):
        if isinstance(self.above, bool) or not 0 <= self.above < 1:
            raise ValueError(f"resting: above is a share of right answers from 0 to below 1, got {self.above!r}")

    def init(self) -> PyTree:
        return {"loss": self.loss.init(), "accuracy": jnp.zeros(())}

    def right(self, real: jax.Array, fake: jax.Array) -> tuple[jax.Array, jax.Array]:
        return self.loss.right(real, fake)

    def discriminator(self, real: jax.Array, fake: jax.Array, memory: PyTree) -> Term:
        term = self.loss.discriminator(real, fake, memory["loss"])
        right = [jnp.mean(each.astype(jnp.float32)) for each in self.loss.right(real, fake)]
        rests = memory["accuracy"] > self.above
        metrics = {**term.metrics, "rests": rests.astype(jnp.float32)}
        return Term(term.loss, {"loss": term.memory, "accuracy": sum(right) / 2}, metrics, rests)

    def generator(self, real: jax.Array, fake: jax.Array, memory: PyTree) -> Term:
        term = self.loss.generator(real, fake, memory["loss"])
        return term._replace(memory={**memory, "loss": term.memory})
