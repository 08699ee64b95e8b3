"""How a layer's weight begins, and what is done to it before the layer uses it."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
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


def strided_glorot(gain: float = 1.0, strides: int = 1, transpose: bool = False) -> Initializer:
    """`glorot`, where a kernel of those strides counts the values that meet one pixel: WGAN-GP's.

    Of a strided convolution 1 / strides^2 of the window's outputs come from one pixel, of a transposed one as many of its
    inputs go to one. strides of 1 are `glorot` itself.
    """

    def init(key: jax.Array, shape: Sequence[int], dtype: Any = jnp.float32) -> jax.Array:
        window, skipped = math.prod(shape[:-2]), strides ** (len(shape) - 2)
        fan_in, fan_out = window * shape[-2], window * shape[-1]
        fans = fan_in / skipped + fan_out if transpose else fan_in + fan_out / skipped
        limit = gain * math.sqrt(6 / fans)
        return jax.random.uniform(key, shape, dtype, -limit, limit)

    return init


orthogonal = linen.initializers.orthogonal  # BigGAN's


def weight(
    module: linen.Module,
    name: str,
    init: Initializer,
    shape: tuple[int, ...],
    scheme: str | None,
    fan_in: int,
    gain: float = math.sqrt(2),
    lr_multiplier: float = 1.0,
) -> jax.Array:
    """Makes a float32 parameter of the module, and returns it as the layer uses it, by the scheme:

    None: as it is stored. "spectral": divided by its largest singular value (Miyato et al., arXiv:1802.05957).
    "equalized": it begins as N(0, 1), whatever `init` says, and is multiplied by gain / sqrt(fan_in) at each use (Karras et
    al., arXiv:1710.10196); a layer that no rectifier follows sets gain to 1. fan_in: inputs of one output.
    lr_multiplier, of "equalized" alone: it begins that much larger and is used that much smaller, so that steps of one
    size move it so much less (StyleGAN's mapping: 0.01).
    """
    if scheme not in SCHEMES:
        raise ValueError(f"unknown weight scheme {scheme!r}; known: {', '.join(map(repr, SCHEMES))}")
    if lr_multiplier != 1.0 and scheme != "equalized":
        raise ValueError(f"lr_multiplier is of weights with scheme 'equalized', not {scheme!r}")
    if scheme == "equalized":
        begun = linen.initializers.normal(1.0 / lr_multiplier)
        return module.param(name, begun, shape, jnp.float32) * (gain * lr_multiplier / math.sqrt(fan_in))
    value = module.param(name, init, shape, jnp.float32)
    return spectral_normalize(module, name, value) if scheme == "spectral" else value


def ready_for_passes(network: linen.Module, variables: Mapping[str, Any]) -> Mapping[str, Any]:
    """The network's variables, prepared for several passes: what each pass would do to the same weights is done here, once.

    Weights under spectral norm are divided, and convolutions' kernels are converted to the network's dtype, if it has one;
    but for those below a name in the network's `in_float32`, if it has that.
    This also saves traffic between devices that share a batch. Each pass has a gradient by the kernel; here they are added
    up before they go back through the conversion, and XLA sums the total over the devices once. If every pass converted by
    itself, XLA would sum each pass's gradient over the devices. In bfloat16 the gradients are added in bfloat16.
    """
    variables = normalize_once(variables)
    if (dtype := getattr(network, "dtype", None)) is None:
        return variables
    kept = getattr(network, "in_float32", ())
    is_kernel = lambda path, leaf: leaf.ndim > 2 and path[-1].key == "kernel"
    cast = lambda path, leaf: leaf.astype(dtype) if is_kernel(path, leaf) and not _below(path, kept) else leaf
    return {**variables, "params": jax.tree.map_with_path(cast, variables["params"])}


def _below(path: tuple, names: Collection[str]) -> bool:
    return any(each.key in names for each in path)
