"""Batch normalisation (Ioffe & Szegedy, arXiv:1502.03167).

Under `jit` with a batch laid over devices the means below are means over all of it: statistics are global for free.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen
from jax import lax

from gan_jax.nn.weights import Initializer


def _slices(x: jax.Array, groups: int) -> jax.Array:
    if x.shape[0] % groups:
        raise ValueError(f"batch normalisation in {groups} groups needs a batch they divide, not {x.shape[0]} images")
    return x.reshape(groups, x.shape[0] // groups, *x.shape[1:])  # [G, B / G, *space, C]


def batch_moments(x: jax.Array, groups: int = 1) -> tuple[jax.Array, jax.Array]:
    """Mean and biased variance of each channel, over each of `groups` equal slices of the batch.

    x [B, *space, C] -> two [groups, C] in float32 (or wider, as x). Two passes: no difference of large squares.
    Raises ValueError where `groups` does not divide B.
    """
    x = _slices(x.astype(jnp.promote_types(x.dtype, jnp.float32)), groups)
    axes = tuple(range(1, x.ndim - 1))
    mean = jnp.mean(x, axes, keepdims=True)  # [G, 1, ..., 1, C]
    variance = jnp.mean(jnp.square(x - mean), axes)  # [G, C]
    return mean.reshape(variance.shape), variance


def normalize(x: jax.Array, mean: jax.Array, variance: jax.Array, epsilon: float = 1e-5) -> jax.Array:
    """(x - mean) / sqrt(variance + epsilon): Algorithm 1, arXiv:1502.03167.

    x [B, *space, C], mean and variance [G, C], one row for each of G equal slices of the batch -> as x.
    """
    groups, channels = mean.shape
    shape = (groups,) + (1,) * (x.ndim - 1) + (channels,)
    inverse = lax.rsqrt(variance + epsilon)
    slices = _slices(x.astype(jnp.promote_types(x.dtype, jnp.float32)), groups)
    return ((slices - mean.reshape(shape)) * inverse.reshape(shape)).reshape(x.shape).astype(x.dtype)


def scale_and_shift(x: jax.Array, scale: jax.Array | None, bias: jax.Array | None) -> jax.Array:
    """scale * x + bias. x [B, *space, C]; scale and bias [C], or [B, C] for every image its own, or None -> as x."""
    everywhere = lambda v: v.astype(x.dtype).reshape((-1,) + (1,) * (x.ndim - 2) + (x.shape[-1],))
    if scale is not None:
        x = x * everywhere(scale)
    if bias is not None:
        x = x + everywhere(bias)
    return x


class BatchNorm(linen.Module):
    """Batch normalisation: [B, *space, C] -> the same, in `dtype` (None: x's).

    `train=True` normalises by the batch and, where the collection "batch_stats" is mutable, moves the running
    statistics: new = decay * old + (1 - decay) * batch. `train=False` normalises by the running statistics.

    The running variance is the unbiased one (divided by n - 1), as in PyTorch, Chainer and TensorFlow's fused kernel;
    the batch is normalised by the biased one. All statistics are float32.

    `groups` > 1 keeps statistics over each of so many equal slices of the batch apart, as a paper's unsynchronised
    replicas did; the running statistics take their mean. Where "batch_moments" is mutable too, the batch's own moments
    are sown there, at the running statistics' names. `condition` is ignored: the plain norm stands in any place
    where a conditional one may. `scale_init`: how the scales begin, if not at 1.
    """

    decay: float = 0.9
    epsilon: float = 1e-5
    use_scale: bool = True
    use_bias: bool = True
    groups: int = 1
    dtype: Any = None
    scale_init: Initializer = linen.initializers.ones

    @linen.compact
    def __call__(self, x: jax.Array, condition: jax.Array | None = None, *, train: bool) -> jax.Array:
        del condition
        channels = x.shape[-1]
        y = x.astype(jnp.promote_types(x.dtype, jnp.float32))
        if self.is_mutable_collection("batch_stats") or not train:
            running_mean = self.variable("batch_stats", "mean", jnp.zeros, (channels,), jnp.float32)
            running_variance = self.variable("batch_stats", "variance", jnp.ones, (channels,), jnp.float32)
        if train:
            mean, variance = batch_moments(y, self.groups)
            if self.is_mutable_collection("batch_stats") and not self.is_initializing():
                n = y.size // channels // self.groups
                unbiased = variance * (n / max(n - 1, 1))
                running_mean.value = self._moved(running_mean.value, mean)
                running_variance.value = self._moved(running_variance.value, unbiased)
                self.sow("batch_moments", "mean", jnp.mean(mean, 0))  # what standing statistics are made of
                self.sow("batch_moments", "variance", jnp.mean(unbiased, 0))
        else:
            mean, variance = running_mean.value.reshape(1, -1), running_variance.value.reshape(1, -1)
        y = normalize(y, mean, variance, self.epsilon)
        scale = self.param("scale", self.scale_init, (channels,), jnp.float32) if self.use_scale else None
        bias = self.param("bias", linen.initializers.zeros, (channels,), jnp.float32) if self.use_bias else None
        return scale_and_shift(y, scale, bias).astype(self.dtype or x.dtype)

    def _moved(self, old: jax.Array, batch: jax.Array) -> jax.Array:
        return self.decay * old + (1 - self.decay) * jnp.mean(batch, 0).astype(jnp.float32)
