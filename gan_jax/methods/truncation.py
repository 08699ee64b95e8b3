"""Samples nearer to the average: by the codes of a mapping network, or by the latents themselves."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from gan_jax.methods.samplers import GeneratorSampler, require_unlabelled


def truncated(sampler: GeneratorSampler, by: float | None) -> GeneratorSampler:
    """The same, truncated in its own way: by psi where there is a mapping network, else by a threshold of the latents."""
    return with_truncation(sampler, by) if getattr(sampler, "maps", False) else with_latent_truncation(sampler, by)


def with_truncation(sampler: GeneratorSampler, psi: Any, layers: int | None = None) -> GeneratorSampler:
    """The same, with codes w nearer to their average: w' = average + psi (w - average) (arXiv:1812.04948, appendix B).

    psi: a number, or one a layer [layers]; 0: one image for all latents, below 0: the other side of it. layers: of a single
    psi, the number of the first layers, which it is for; None: all. None leaves the sampler as it is.
    Raises ValueError for a generator without a mapping network, and where psi does not fit its layers.
    """
    if psi is None:
        if layers is not None:
            raise ValueError("layers of a truncation need its psi")
        return sampler
    require_unlabelled(sampler)
    if not getattr(sampler, "maps", False):
        raise ValueError("truncation by psi is for generators with a mapping network; this one has none")
    known = sampler.layers
    psi = np.asarray(psi, np.float32)
    if not np.all(np.isfinite(psi)):
        raise ValueError(f"psi is a number, got {psi}")
    if psi.ndim:
        if psi.shape != (known,) or layers is not None:
            raise ValueError(f"psi is a number, or one for each of the {known} layers; got {list(psi.shape)} of them")
        return sampler.replace(psi=jnp.asarray(psi))
    if layers is not None and not 0 <= layers <= known:
        raise ValueError(f"a truncation is of the first 0 to {known} layers, not {layers}")
    return sampler.replace(psi=jnp.where(jnp.arange(known) < (known if layers is None else layers), psi, 1.0))


def with_latent_truncation(sampler: GeneratorSampler, threshold: float | None) -> GeneratorSampler:
    """The same, with normal latents drawn again where they are beyond +- threshold. None leaves it as it is.

    Raises ValueError for latents that have no tails, and after statistics that depend on the latents.
    """
    if threshold is None:
        return sampler
    require_unlabelled(sampler)
    if not hasattr(sampler, "latents"):
        raise ValueError("truncation is for generators of latents; this one starts from images")
    if sampler.statistics == "standing":
        raise ValueError("truncate before taking standing statistics: they depend on the latents")
    return sampler.replace(latents=sampler.latents.truncated(threshold))
