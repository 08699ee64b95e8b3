"""Adversarial losses. Both players minimise; larger logits mean "more real". Logits of any shape, means over all.

Each is a frozen dataclass of four pure functions: `init() -> memory`, `discriminator(real, fake, memory) -> Term`,
`generator(real, fake, memory) -> Term` and `right(real, fake)`, where real and fake are logits: which of the real and which
of the fake ones D tells right. Three have a memory: `top_k` and `resting`, which wrap one, and `boundary_equilibrium`. A loss
that asks something of the rest of the game has `check(game)` besides, see `methods.fitting`.
"""

from gan_jax.losses.equilibrium import boundary_equilibrium
from gan_jax.losses.plain import (
    hinge,
    least_squares,
    non_saturating,
    nothing,
    relativistic,
    saturating,
    wasserstein,
)
from gan_jax.losses.wrappers import resting, top_k

__all__ = [
    "boundary_equilibrium",
    "hinge",
    "least_squares",
    "non_saturating",
    "nothing",
    "relativistic",
    "resting",
    "saturating",
    "top_k",
    "wasserstein",
]
