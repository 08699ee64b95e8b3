"""What the noise of a generator's layers changes (Karras et al., arXiv:1812.04948, figure 4)."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.game import Sampler
from gan_jax.nn.compiling import compiled
from gan_jax.types import Array


def noise_deviation(sampler: Sampler, key: Array, indices: Array, draws: int = 100) -> tuple[np.ndarray, np.ndarray]:
    """The images of `indices` [n], and over `draws` of new noise the standard deviation of every pixel's channel mean.

    -> images [n, H, W, C], deviations [n, H, W, 1], in units of the images' range of 2. Raises ValueError where no layer
    draws noise.
    """
    if draws < 2:
        raise ValueError(f"a deviation is over 2 draws or more, not {draws}")
    codes = sampler.map(sampler.starts(key, indices))
    if "noise" not in codes:
        raise ValueError("no layer of this generator draws noise: there is nothing to show")

    def moments(codes, key):
        def once(carry, key):
            noise = jax.vmap(lambda i: jax.random.fold_in(key, i))(indices)
            gray = jnp.mean(sampler.synthesize({**codes, "noise": noise})[0], -1, keepdims=True)
            return (carry[0] + gray, carry[1] + gray**2), None

        shape = jax.eval_shape(lambda codes: sampler.synthesize(codes)[0], codes).shape
        zero = jnp.zeros((*shape[:-1], 1))
        (total, squares), _ = jax.lax.scan(once, (zero, zero), jax.random.split(key, draws))
        mean = total / draws
        return jnp.sqrt(jnp.maximum(squares / draws - mean**2, 0.0))

    images = compiled(lambda codes: sampler.synthesize(codes)[0])(codes)
    return np.asarray(images), np.asarray(compiled(moments)(codes, jax.random.fold_in(key, 1)))
