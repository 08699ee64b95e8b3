"""Drawing from a trained generator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
from flax import linen, struct

from gan_jax.types import Array

LATENTS = ("normal", "uniform")


def draw_latents(key: Array, n: int, latent_dim: int, kind: str, truncation: float | None = None) -> Array:
    """z [n, latent_dim]: "normal" N(0, 1), or "uniform" U(-1, 1).

    truncation: normal entries beyond +- truncation are drawn again (BigGAN, arXiv:1809.11096, section 3.1).
    """
    if kind == "uniform":
        if truncation is not None:
            raise ValueError("truncation is for normal latents; this model's are uniform")
        return jax.random.uniform(key, (n, latent_dim), minval=-1.0, maxval=1.0)
    if truncation is None:
        return jax.random.normal(key, (n, latent_dim))
    if truncation <= 0:
        raise ValueError(f"truncation must be more than 0, got {truncation}")
    return jax.random.truncated_normal(key, -truncation, truncation, (n, latent_dim))


class GeneratorSampler(struct.PyTreeNode):
    """A generator and its variables, for evaluation: running statistics, no state. A `gan_jax.types.Sampler`.

    It is a pytree, so it can be handed to a jitted function.
    """

    generator: linen.Module = struct.field(pytree_node=False)
    variables: Any
    latent_dim: int = struct.field(pytree_node=False)
    latent: str = struct.field(pytree_node=False)
    num_classes: int = struct.field(pytree_node=False)

    def latents(self, key: Array, n: int, truncation: float | None = None) -> Array:
        """z [n, latent_dim]."""
        return draw_latents(key, n, self.latent_dim, self.latent, truncation)

    def labels(self, key: Array, n: int) -> Array | None:
        """Uniformly drawn classes [n] int32; None where the generator is unconditional."""
        return jax.random.randint(key, (n,), 0, self.num_classes) if self.num_classes else None

    def map(self, latents: Array, label: Array | None = None) -> Array:
        """Codes: the latents themselves, since these generators have no mapping network."""
        return latents

    def synthesize(
        self, codes: Array, label: Array | None = None, taps: tuple[str, ...] = ()
    ) -> tuple[Array, Mapping[str, Array]]:
        """Images [n, H, W, C] in [-1, 1], and the activations named by taps."""
        noise = {"noise": jax.random.key(0)}
        if not taps:
            return self.generator.apply(self.variables, codes, label, train=False, rngs=noise), {}
        images, sown = self.generator.apply(self.variables, codes, label, train=False, rngs=noise, mutable=["taps"])
        known = {name: values[-1] for name, values in sown.get("taps", {}).items()}
        if missing := [tap for tap in taps if tap not in known]:
            raise ValueError(f"the generator has no tap {', '.join(missing)}; it has {', '.join(known)}")
        return images, {tap: known[tap] for tap in taps}
