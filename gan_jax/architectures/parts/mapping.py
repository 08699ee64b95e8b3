"""StyleGAN's mapping network: latents z to intermediate latents w (Karras et al., arXiv:1812.04948, section 2)."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax.nn.dense import Dense, Embed
from gan_jax.nn.norms.pixel_norm import pixel_norm
from gan_jax.nn.weights import normal

STYLES = ("stylegan", "stylegan2")


class Mapping(linen.Module):
    """z [B, Z] (and labels [B]) -> w [B, W]: `layers` dense layers with leaky ReLU 0.2, all of width W.

    lr_multiplier: of weights and biases. style: "stylegan": the label's learned vector [Z] is joined to z, and both are laid
    on a sphere together; a bias is added before the rectifier. "stylegan2": z and the label's vector [W] are laid on
    spheres of their own, then joined; the rectifier's output is times sqrt 2, bias included. With 0 layers w is the
    normalised input, and W its width. z may be empty, [B, 0], in StyleGAN2's: w is the label's alone.
    """

    features: int = 512
    layers: int = 8
    lr_multiplier: float = 0.01
    num_classes: int = 0
    style: str = "stylegan"
    dtype: Any = None

    @linen.compact
    def __call__(self, z: jax.Array, label: jax.Array | None = None) -> jax.Array:
        if self.style not in STYLES:
            raise ValueError(f"a mapping is {' or '.join(STYLES)}'s, not {self.style!r}")
        if self.num_classes and label is None:
            raise ValueError("a mapping of classes needs labels")
        second = self.style == "stylegan2"
        if not self.num_classes:
            x = pixel_norm(z)
        elif second:
            # the dense layer is of the one-hot label
            embed = Dense(self.features, scheme="equalized", gain=1.0, name="embed")
            y = pixel_norm(embed(jax.nn.one_hot(label, self.num_classes)))
            x = jnp.concatenate([pixel_norm(z), y], -1) if z.shape[-1] else y
        else:
            embed = Embed(self.num_classes, z.shape[-1], embedding_init=normal(1.0), name="embed")
            x = pixel_norm(jnp.concatenate([z, embed(label)], -1))
        for i in range(self.layers):
            gain, after = (1.0, math.sqrt(2)) if second else (math.sqrt(2), 1.0)
            layer = Dense(
                self.features, scheme="equalized", gain=gain, lr_multiplier=self.lr_multiplier, name=f"layer{i}"
            )
            x = jax.nn.leaky_relu(layer(x), 0.2) * after
        return x
