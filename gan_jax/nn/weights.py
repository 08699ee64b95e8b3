"""How a layer's weight is initialised and reparametrised."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax.nn.spectral import normalize_once, spectral_normalize

Initializer = Callable[..., jax.Array]
SCHEMES = (None, "spectral", "equalized")


def normal(stddev: float = 0.02) -> Initializer:
    """N(0, stddev^2): DCGAN's."""
    return linen.initializers.normal(stddev)


def glorot(gain: float = 1.0) -> Initializer:
    """Glorot-uniform, times a gain: SNGAN's."""
    return linen.initializers.variance_scaling(gain**2, "fan_avg", "uniform")


orthogonal = linen.initializers.orthogonal  # BigGAN's


def weight(
    module: linen.Module,
    name: str,
    init: Initializer,
    shape: tuple[int, ...],
    scheme: str | None,
    fan_in: int,
    gain: float = math.sqrt(2),
) -> jax.Array:
    """A float32 parameter of the module, as the layer is to use it.

    `scheme` None: as stored. "spectral": divided by its largest singular value (Miyato et al., arXiv:1802.05957).
    "equalized": stored as N(0, 1), whatever `init`, and multiplied by gain / sqrt(fan_in) (Karras et al.,
    arXiv:1710.10196); gain 1 where no rectifier follows.
    """
    if scheme not in SCHEMES:
        raise ValueError(f"unknown weight scheme {scheme!r}; known: {', '.join(map(repr, SCHEMES))}")
    if scheme == "equalized":
        return module.param(name, linen.initializers.normal(1.0), shape, jnp.float32) * (gain / math.sqrt(fan_in))
    value = module.param(name, init, shape, jnp.float32)
    return spectral_normalize(module, name, value) if scheme == "spectral" else value


def ready_for_passes(network: linen.Module, variables: Mapping[str, Any]) -> Mapping[str, Any]:
    """Its variables, with what every pass would do to its weights done once: for several passes with the same ones.

    Spectral norm divides; convolutions' kernels take the network's dtype, if it has one. The passes' gradients are added up
    behind both, so that devices that share a batch sum one gradient of a kernel instead of one a pass (XLA joins sums over
    devices that are added up, but not through a conversion); in bfloat16 they are added in bfloat16.
    """
    variables = normalize_once(variables)
    if (dtype := getattr(network, "dtype", None)) is None:
        return variables
    is_kernel = lambda path, leaf: leaf.ndim > 2 and path[-1].key == "kernel"
    cast = lambda path, leaf: leaf.astype(dtype) if is_kernel(path, leaf) else leaf
    return {**variables, "params": jax.tree.map_with_path(cast, variables["params"])}
