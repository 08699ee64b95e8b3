"""StyleGAN's noise inputs (Karras et al., arXiv:1812.04948, section 2)."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import linen

NOISE_SCALE = "noise_scale"  # the parameter that is 0 where a sampler leaves the noise out


class NoiseInjection(linen.Module):
    """x + scale_c * noise, one noise for all channels of a pixel: [B, *space, C] -> as x. The scales start at 0.

    per_channel: a scale for each channel (StyleGAN), or one for all (StyleGAN2).
    `noise` [B or 1, *space, 1] fixes it; None draws N(0, 1) from the random stream "noise", new for every image.
    Raises ValueError where a given noise does not fit.
    """

    per_channel: bool = True

    @linen.compact
    def __call__(self, x: jax.Array, noise: jax.Array | None = None) -> jax.Array:
        shape = (*x.shape[:-1], 1)
        if noise is None:
            noise = jax.random.normal(self.make_rng("noise"), shape, jnp.float32)
        elif noise.shape not in (shape, (1, *shape[1:])):
            raise ValueError(f"noise for {x.shape} is of shape {shape} or {(1, *shape[1:])}, not {noise.shape}")
        scales = x.shape[-1:] if self.per_channel else (1,)
        scale = self.param(NOISE_SCALE, linen.initializers.zeros, scales, jnp.float32)
        scale = scale.astype(x.dtype).reshape((1,) * (x.ndim - 1) + (-1,))
        return x + scale * noise.astype(x.dtype)
