"""StyleGAN2 (Karras et al., arXiv:1912.04958): modulated convolutions, skips or residuals, no growing."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax import ranges
from gan_jax.architectures.parts.levels import Levels
from gan_jax.architectures.parts.mapping import Mapping
from gan_jax.architectures.parts.styled import StyledGenerator
from gan_jax.architectures.progan import equalized, lrelu
from gan_jax.nn.conv.resample import downsample_bilinear, filtered, upsample_bilinear
from gan_jax.nn.dense import Dense
from gan_jax.nn.minibatch_stddev import minibatch_stddev
from gan_jax.nn.modulation import ModulatedConv
from gan_jax.nn.noise import NoiseInjection
from gan_jax.nn.tap import tap
from gan_jax.types import Verdict

_HALF = math.sqrt(0.5)


def rectified(x: jax.Array) -> jax.Array:
    """Leaky ReLU of slope 0.2, times sqrt 2: it keeps the variance."""
    return math.sqrt(2) * lrelu(x)


class StyledLayer(linen.Module):
    """Modulated convolution, noise by one scale, bias, rectifier. x [B, h, w, I], w [B, W] -> [B, h or 2 h, ..., features]."""

    features: int
    up: bool = False
    noise: bool = True
    dtype: Any = None

    @linen.compact
    def __call__(self, x: jax.Array, w: jax.Array) -> jax.Array:
        x = ModulatedConv(self.features, up=self.up, dtype=self.dtype, name="conv")(x, w)
        if self.noise:
            x = NoiseInjection(per_channel=False, name="noise")(x)
        bias = self.param("bias", linen.initializers.zeros, (self.features,), jnp.float32)
        return rectified(x + bias.astype(x.dtype).reshape(1, 1, 1, -1))


class Synthesis(linen.Module):
    """Codes w [B, layers, W] -> images, see `Generator`. Taps: "block0", ...: a level's last map."""

    levels: Levels
    form: str
    noise: bool
    dtype: Any = None

    @linen.compact
    def __call__(self, codes: jax.Array, shape: tuple[int, ...] | None, fade: Any) -> jax.Array:
        del shape, fade
        levels, channels = self.levels, self.levels.image_shape[-1]
        x = self.param("constant", linen.initializers.normal(1.0), (*levels.base, levels.width(0)), jnp.float32)
        x = jnp.broadcast_to(x, (len(codes), *x.shape)).astype(self.dtype or codes.dtype)
        image: Any = None
        for level in range(levels.last + 1):
            name, features = f"level{level}", levels.width(level)
            layer = lambda which, name=name, features=features, **settings: StyledLayer(
                features, noise=self.noise, dtype=self.dtype, name=f"{name}_{which}", **settings
            )
            if not level:
                x = layer("conv")(x, codes[:, 0])
            else:
                y = layer("conv")(layer("up", up=True)(x, codes[:, 2 * level - 1]), codes[:, 2 * level])
                if self.form == "residual":
                    past = equalized(features, 1, 1.0, use_bias=False, dtype=self.dtype, name=f"{name}_past")
                    y = _HALF * (y + upsample_bilinear(past(x)))
                x = y
            x = tap(self, f"block{level}", x)
            if self.form == "skip" or level == levels.last:
                to_image = ModulatedConv(channels, 1, demodulate=False, dtype=self.dtype, name=f"{name}_to_image")
                bias = self.param(f"{name}_image_bias", linen.initializers.zeros, (channels,), jnp.float32)
                made = to_image(x, codes[:, 2 * level + 1]).astype(jnp.float32) + bias.reshape(1, 1, 1, -1)
                image = made if image is None else upsample_bilinear(image) + made
        return image


class Generator(StyledGenerator):
    """StyleGAN2's generator, see `styled.StyledGenerator`; of one size.

    form: "skip": every level makes an image, and they are added up; "residual": maps are added to those before them.
    noise: of every layer, by image. channel_base is 32768 in full, 16384 for 256 pixels and below.
    """

    mapping_style = "stylegan2"

    channel_base: int = 32768
    form: str = "skip"
    noise: bool = True

    def __call__(self, latents: jax.Array, label: jax.Array | None = None, train: bool = False) -> jax.Array:
        """latents [B, Z] -> images [B, H, W, C]. train: codes are mixed, and the average of w moves."""
        return super().__call__(latents, label, train)

    def _synthesis(self) -> linen.Module:
        if self.form not in ("skip", "residual"):
            raise ValueError(f"form is 'skip' or 'residual', not {self.form!r}")
        return Synthesis(self.levels, self.form, self.noise, self.dtype)


class Discriminator(linen.Module):
    """images [B, H, W, C] -> Verdict: residual blocks, the standard deviation over a group, two dense layers.

    residual: False leaves the shortcuts out (its "orig" form, for CIFAR). stddev_group: images of a group of minibatch
    standard deviation, 0 for none. num_classes: a mapping of labels to label_dim numbers, whose product with as many
    outputs, over sqrt(label_dim), is the verdict.
    Features: "level0", ...: a level's map as it enters; "pooled" [B, F]: the last hidden layer.
    """

    image_shape: tuple[int, int, int]
    base: tuple[int, int] = (4, 4)
    channel_base: int = 32768
    channel_max: int = 512
    residual: bool = True
    stddev_group: int = 4
    num_classes: int = 0
    label_dim: int = 512
    label_layers: int = 8
    dtype: Any = None

    def __post_init__(self):
        Levels(self.image_shape, self.base, self.channel_base, self.channel_max)
        ranges.whole("stddev_group", self.stddev_group, 0)
        ranges.whole("num_classes", self.num_classes, 0)
        ranges.whole("label_dim", self.label_dim)
        ranges.whole("label_layers", self.label_layers)
        super().__post_init__()

    @linen.compact
    def __call__(self, images: jax.Array, label: jax.Array | None = None, train: bool = False) -> Verdict:
        del train
        levels = Levels(self.image_shape, self.base, self.channel_base, self.channel_max)
        settings = {"gain": 1.0, "dtype": self.dtype}
        features = {}
        x = rectified(equalized(levels.width(levels.last), 1, name="from_image", **settings)(images))
        for level in range(levels.last, 0, -1):
            name = f"level{level}"
            features[name] = x
            y = rectified(equalized(levels.width(level), 3, name=f"{name}_conv", **settings)(x))
            y = filtered(y, (1, 3, 3, 1), padding=2)
            down = equalized(levels.width(level - 1), 3, strides=2, padding="VALID", name=f"{name}_down", **settings)
            y = rectified(down(y))
            if self.residual:
                past = equalized(levels.width(level - 1), 1, use_bias=False, name=f"{name}_past", **settings)
                y = _HALF * (y + past(downsample_bilinear(x)))
            x = y
        features["level0"] = x
        if self.stddev_group:
            x = minibatch_stddev(x, self.stddev_group)
        x = rectified(equalized(levels.width(0), 3, name="level0_conv", **settings)(x)).astype(jnp.float32)
        dense = Dense(levels.width(0), scheme="equalized", gain=1.0, name="dense")
        x = features["pooled"] = rectified(dense(x.reshape(x.shape[0], -1)))
        outputs = self.label_dim if self.num_classes else 1
        x = Dense(outputs, scheme="equalized", gain=1.0, name="head")(x)
        if not self.num_classes:
            return Verdict(x[:, 0], features)
        if label is None:
            raise ValueError("a discriminator of classes needs labels")
        mapping = Mapping(
            self.label_dim, self.label_layers, num_classes=self.num_classes, style="stylegan2", name="labels"
        )
        of_label = mapping(jnp.zeros((len(x), 0)), label)
        return Verdict(jnp.sum(x * of_label, -1) / math.sqrt(self.label_dim), features)
