"""Drawing from a trained generator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import jax
import jax.numpy as jnp
from flax import linen, struct

from gan_jax.types import Array, over_data

LATENTS = ("normal", "uniform")
BATCH_NORM = ("running", "batch", "standing")


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
    """A generator and its variables, for evaluation: no state. A `gan_jax.types.Sampler`.

    Batch normalisation uses the running statistics, or, with `of_batch`, those of the very batch being drawn.
    It is a pytree, so it can be handed to a jitted function.
    """

    generator: linen.Module = struct.field(pytree_node=False)
    variables: Any
    latent_dim: int = struct.field(pytree_node=False)
    latent: str = struct.field(pytree_node=False)
    num_classes: int = struct.field(pytree_node=False)
    of_batch: bool = struct.field(pytree_node=False, default=False)

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
        images, sown = self._apply(codes, label, self.of_batch, ["taps"] if taps else [])
        known = {name: values[-1] for name, values in sown.get("taps", {}).items()}
        if missing := [tap for tap in taps if tap not in known]:
            raise ValueError(f"the generator has no tap {', '.join(missing)}; it has {', '.join(known)}")
        return images, {tap: known[tap] for tap in taps}

    def with_batch_norm(
        self,
        statistics: str,
        key: Array,
        truncation: float | None = None,
        passes: int = 16,
        batch_size: int = 64,
    ) -> Self:
        """The same generator with batch normalisation by other statistics.

        statistics: "running": as training left them (of their average, where the weights are averaged).
            "batch": those of the very batch being drawn: an image then depends on its neighbours.
            "standing": the mean over `passes` batches of `batch_size`, drawn anew with these weights and this
            truncation (BigGAN, arXiv:1809.11096, appendix D). Jit this function: it runs the generator.
        """
        if statistics not in BATCH_NORM:
            raise ValueError(f"batch normalisation is by one of {', '.join(BATCH_NORM)}, not {statistics!r}")
        if passes < 1:
            raise ValueError(f"standing statistics are the mean of 1 pass or more, got {passes}")
        if statistics != "standing" or not self.variables.get("batch_stats"):
            return self.replace(of_batch=statistics == "batch")

        def moments(i: Array) -> Any:
            drawn = jax.random.fold_in(key, i)
            latents = self.latents(jax.random.fold_in(drawn, 0), batch_size, truncation)
            label = self.labels(jax.random.fold_in(drawn, 1), batch_size)
            latents, label = over_data((latents, label))
            _, moved = self._apply(self.map(latents, label), label, True, ["batch_stats", "batch_moments"])
            return jax.tree.map(lambda sown: sown[0], moved["batch_moments"], is_leaf=lambda x: isinstance(x, tuple))

        standing = jax.tree.map(lambda m: jnp.mean(m, 0), jax.lax.map(moments, jnp.arange(passes)))
        return self.replace(variables={**self.variables, "batch_stats": standing}, of_batch=False)

    def _apply(self, codes: Array, label: Array | None, train: bool, mutable: list[str]) -> tuple[Array, Mapping]:
        rngs = {"noise": jax.random.key(0)}
        out = self.generator.apply(self.variables, codes, label, train=train, rngs=rngs, mutable=mutable or False)
        return out if mutable else (out, {})
