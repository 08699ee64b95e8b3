"""Weights kept in a box, as WGAN keeps its critic's (Arjovsky et al., arXiv:1701.07875)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax.types import PyTree

_NORMALIZED = (
    "method.clip_weights clips the weights of a discriminator under spectral norm, which divides each of them by its largest "
    "singular value: its size changes nothing there, and clipping turns its direction. One of the two keeps a critic "
    "Lipschitz: set discriminator.scheme to None, or leave method.clip_weights unset"
)


def clipped(params: PyTree, limit: float | None) -> PyTree:
    """Every parameter from -limit to limit; as they are where it is None."""
    return params if limit is None else jax.tree.map(lambda p: jnp.clip(p, -limit, limit), params)


def doubts(discriminator: linen.Module) -> tuple[str, ...]:
    """A sentence where the weights that are clipped are under spectral norm."""
    schemes = {getattr(module, "scheme", None) for module in _with_those_inside(discriminator)}
    return (_NORMALIZED,) if "spectral" in schemes else ()


def _with_those_inside(module: linen.Module) -> Iterator[linen.Module]:
    """The module, and those that it wraps."""
    yield module
    for field in dataclasses.fields(module):
        inside = getattr(module, field.name, None)
        if isinstance(inside, linen.Module) and field.name != "parent":
            yield from _with_those_inside(inside)
