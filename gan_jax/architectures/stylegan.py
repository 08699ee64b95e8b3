"""StyleGAN (Karras et al., arXiv:1812.04948): styles by adaptive instance normalisation, a constant input, noise."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax import ranges
from gan_jax.architectures import progan
from gan_jax.architectures.parts.levels import Levels
from gan_jax.architectures.parts.styled import StyledGenerator
from gan_jax.architectures.progan import FADED_IN, ToImages, equalized, lrelu
from gan_jax.names import one_of
from gan_jax.nn.conv.resample import blur
from gan_jax.nn.dense import Dense
from gan_jax.nn.noise import NoiseInjection
from gan_jax.nn.norms.adain import AdaIN
from gan_jax.nn.norms.pixel_norm import pixel_norm
from gan_jax.nn.tap import tap


class Epilogue(linen.Module):
    """What follows every convolution: noise, bias, leaky ReLU 0.2, then the style of w. [B, h, w, F] -> as x.

    norm: "adain", of which epsilon is, or "pixel", which leaves w out (Table 1's A and B). bias: False leaves it out.
    """

    noise: bool
    norm: str
    epsilon: float = 1e-8
    bias: bool = True

    @linen.compact
    def __call__(self, x: jax.Array, w: jax.Array) -> jax.Array:
        if self.noise:
            x = NoiseInjection(name="noise")(x)
        if self.bias:
            bias = self.param("bias", linen.initializers.zeros, x.shape[-1:], jnp.float32)
            x = x + bias.astype(x.dtype).reshape(1, 1, 1, -1)
        x = lrelu(x)
        return AdaIN(self.epsilon, name="style")(x, w) if self.norm == "adain" else pixel_norm(x)


class Synthesis(linen.Module):
    """Codes w [B, layers, W] -> images, see `Generator`. Taps: "block0", ...: a level's last map."""

    levels: Levels
    constant: bool
    noise: bool
    norm: str
    epsilon: float = 1e-8
    bias: str = "after_noise"
    dtype: Any = None

    @linen.compact
    def __call__(self, codes: jax.Array, shape: tuple[int, ...] | None, fade: Any) -> jax.Array:
        levels = self.levels
        top = levels.level_of(shape or levels.image_shape)
        early = self.bias == "before_blur"
        epilogue = lambda name, bias=True: Epilogue(self.noise, self.norm, self.epsilon, bias, name=name)
        size, features = levels.base, levels.width(0)
        if self.constant:
            x = self.param("constant", linen.initializers.ones, (*size, features), jnp.float32)
            x = jnp.broadcast_to(x, (codes.shape[0], *x.shape)).astype(self.dtype or codes.dtype)
        else:
            stem = Dense(size[0] * size[1] * features, False, "equalized", 2**0.5 / 4, dtype=self.dtype, name="stem")
            x = stem(codes[:, 0]).reshape(-1, *size, features)
        maps = {}
        for level in levels.made(self, top):
            layer = lambda name, level=level, **settings: equalized(
                levels.width(level), 3, dtype=self.dtype, name=f"level{level}_{name}", **settings
            )
            if level:
                x = blur(layer("up", resample="up", use_bias=early)(x))
            x = epilogue(f"level{level}_epilogue0", not (level and early))(x, codes[:, 2 * level])
            x = layer("conv", use_bias=False)(x)
            x = epilogue(f"level{level}_epilogue1")(x, codes[:, 2 * level + 1])
            x = maps[level] = tap(self, f"block{level}", x)
        if not self.is_initializing():
            maps = {level: maps[level] for level in maps if level >= top - 1}
        return ToImages(levels, self.dtype, name="to_image")(maps, fade)


class Generator(StyledGenerator):
    """StyleGAN's generator, see `styled.StyledGenerator`; in a growing run or at one size.

    constant: the first map is learned; False: a dense layer makes it of the first code (with norm="pixel", Table 1's A
    and B: set mapping_layers to 0 and mixing to 0 there). noise: of every layer, by image. norm: "adain", whose variances
    have epsilon added, or "pixel". bias: of the convolutions that double the size, "after_noise" or "before_blur", which
    dims it towards the edge.
    """

    constant: bool = True
    noise: bool = True
    norm: str = "adain"
    epsilon: float = 1e-8
    bias: str = "after_noise"

    def __post_init__(self):
        ranges.positive("epsilon", self.epsilon)
        one_of(self.bias, ("after_noise", "before_blur"), "bias")
        super().__post_init__()

    def _synthesis(self) -> linen.Module:
        if self.norm not in ("adain", "pixel"):
            raise ValueError(f"norm is 'adain' or 'pixel', not {self.norm!r}")
        return Synthesis(self.levels, self.constant, self.noise, self.norm, self.epsilon, self.bias, self.dtype)


class Discriminator(progan.Discriminator):
    """Progressive GAN's, with a blur before every halving."""

    blur: bool = True


__all__ = ["FADED_IN", "Discriminator", "Generator"]
