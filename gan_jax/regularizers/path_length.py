"""StyleGAN2's path length regulariser (Karras et al., arXiv:1912.04958, section 3.2)."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import jax
import jax.numpy as jnp

from gan_jax import ranges
from gan_jax.regularizers.base import Nothing
from gan_jax.types import Play, PyTree, Term, Weight, weight_at


def path_lengths(synthesize, codes: jax.Array, directions: jax.Array) -> jax.Array:
    """|J_w^T y|: codes w [B, layers, W] -> [B], the root of the mean over layers of the sum over W of its square.

    synthesize: codes -> images [B, H, W, C]. directions: y, as the images, of standard deviation 1 / sqrt(H W).
    """
    slope = jax.grad(lambda w: jnp.sum(synthesize(w) * directions))(codes)
    return jnp.sqrt(jnp.mean(jnp.sum(jnp.square(slope), -1), -1) + 1e-12)


@dataclasses.dataclass(frozen=True)
class path_length(Nothing):
    """L_G += weight * E[(|J_w^T y| - a)^2]: a step in w changes the image by as much everywhere. a follows the mean length.

    weight: 2 in the paper. shrink: a pass is of 1 / shrink of the batch. decay: a moves by 1 - decay of the way; it is used
    as it is after that, and has a gradient, as in the authors' code. For generators with a mapping network. The paper
    plays it at every 4th update: `timing.every`.
    """

    weight: Weight = 2.0
    shrink: int = 2
    decay: float = 0.99

    def __post_init__(self):
        ranges.weight("weight", self.weight)
        ranges.whole("shrink", self.shrink)
        ranges.decay("decay", self.decay)

    def check(self, game: Any) -> None:
        """Raises ValueError where the generator has no codes w."""
        if not hasattr(game.generator, "synthesize"):
            raise ValueError(
                "path_length measures steps of codes w, and this generator has no mapping network: take stylegan.Generator or "
                "stylegan2.Generator, or leave path_length out"
            )

    def init(self) -> PyTree:
        return jnp.zeros((), jnp.float32)

    def generator(self, play: Play, memory: PyTree) -> Term:
        n = max(len(play.latents["z"]) // self.shrink, 1)
        z = play.latents["z"][:n]
        label = None if play.latents.get("label") is None else play.latents["label"][:n]
        generator = play.nets["generator"]
        shape = play.fake["image"].shape[1:]
        directions = jax.random.normal(play.key, (n, *shape)) / math.sqrt(shape[0] * shape[1])
        codes = generator(z, label, method="map")
        lengths = path_lengths(lambda w: generator(w, label, method="synthesize"), codes, directions)
        mean = memory + (1 - self.decay) * (jnp.mean(lengths) - memory)
        penalty = jnp.mean(jnp.square(lengths - mean))
        metrics = {"path_length": jnp.mean(lengths), "path_penalty": penalty}
        return Term(weight_at(self.weight, play.clock) * penalty, jax.lax.stop_gradient(mean), metrics)
