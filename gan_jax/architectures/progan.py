"""Progressive GAN (Karras et al., arXiv:1710.10196): networks that grow from a small image to a large one.

Layers of all levels exist from the start; which of them a pass uses follows from the size that it is asked for. Both
networks take `fade` [], from 0 (the level below alone) to 1.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax import ranges
from gan_jax.architectures.parts.levels import Levels
from gan_jax.names import one_of
from gan_jax.nn.conv.convolution import Conv
from gan_jax.nn.conv.resample import blur, downsample_mean, upsample_nearest
from gan_jax.nn.dense import Dense
from gan_jax.nn.minibatch_stddev import minibatch_stddev
from gan_jax.nn.norms.pixel_norm import pixel_norm
from gan_jax.nn.tap import tap
from gan_jax.types import Verdict

FADED_IN = 1.0  # a fade that is this very number leaves the level below out of the program


def lrelu(x: jax.Array) -> jax.Array:
    """Leaky ReLU of slope 0.2."""
    return jax.nn.leaky_relu(x, 0.2)


def equalized(features: int, window: int, gain: float = math.sqrt(2), **settings: Any) -> Conv:
    """A convolution with equalised learning rate."""
    return Conv(features, (window, window), scheme="equalized", gain=gain, **settings)


def blended(fade: Any, new: jax.Array, old: Any) -> jax.Array:
    """fade * new + (1 - fade) * old(), in float32; `new` itself where all has faded in."""
    if isinstance(fade, float) and fade == FADED_IN:
        return new
    return (fade * new + (1 - fade) * old()).astype(new.dtype)


class ToImages(linen.Module):
    """Maps of a level [B, h, w, F] to images: a 1 x 1 convolution a level, of which the last two are blended."""

    levels: Levels
    dtype: Any = None

    @linen.compact
    def __call__(self, maps: dict[int, jax.Array], fade: Any) -> jax.Array:
        """maps: those of the last two levels, or of all. -> [B, h, w, C] of the highest, float32."""
        channels = self.levels.image_shape[-1]
        layer = {level: equalized(channels, 1, gain=1.0, dtype=self.dtype, name=f"level{level}") for level in maps}
        if self.is_initializing():
            made = {level: layer[level](x) for level, x in maps.items()}
            return made[max(made)].astype(jnp.float32)
        top = max(maps)
        image = layer[top](maps[top]).astype(jnp.float32)
        if not top:
            return image
        return blended(fade, image, lambda: upsample_nearest(layer[top - 1](maps[top - 1])).astype(jnp.float32))


class Generator(linen.Module):
    """latents [B, Z] -> images [B, H, W, C], unbounded: latents laid on a sphere, then two convolutions a level.

    Every convolution has an equalised learning rate and is followed by leaky ReLU 0.2 and pixel normalisation.
    base: the size of level 0. channel_base, channel_max: see `levels.Levels`; 16384 and 512 in the paper.
    stem_norm: the first map is normalised as well, before its convolution. num_classes: one-hot labels are joined to the
    latents. In `__call__`, shape: of the images to make (H, W, C), None: the
    finished size. Taps: "block0", "block1", ...: a level's last map.
    """

    image_shape: tuple[int, int, int]
    base: tuple[int, int] = (4, 4)
    channel_base: int = 16384
    channel_max: int = 512
    stem_norm: bool = True
    num_classes: int = 0
    dtype: Any = None

    def __post_init__(self):
        Levels(self.image_shape, self.base, self.channel_base, self.channel_max)  # raises for what does not fit
        ranges.whole("num_classes", self.num_classes, 0)
        super().__post_init__()

    @linen.compact
    def __call__(
        self,
        latents: jax.Array,
        label: jax.Array | None = None,
        train: bool = False,
        shape: tuple[int, ...] | None = None,
        fade: Any = FADED_IN,
    ) -> jax.Array:
        del train
        levels = Levels(self.image_shape, self.base, self.channel_base, self.channel_max)
        top = levels.level_of(shape or self.image_shape)
        z = pixel_norm(latents)
        if self.num_classes:
            if label is None:
                raise ValueError("a generator of classes needs labels")
            z = jnp.concatenate([z, jax.nn.one_hot(label, self.num_classes, dtype=z.dtype)], -1)
        height, width = levels.base
        features = levels.width(0)
        stem = Dense(
            height * width * features,
            use_bias=False,
            scheme="equalized",
            gain=math.sqrt(2) / 4,
            dtype=self.dtype,
            name="stem",
        )
        bias = self.param("stem_bias", linen.initializers.zeros, (features,), jnp.float32)  # one a channel
        x = stem(z).reshape(-1, height, width, features)
        x = lrelu(x + bias.astype(x.dtype).reshape(1, 1, 1, -1))
        x = pixel_norm(x) if self.stem_norm else x
        maps = {}
        for level in levels.made(self, top):
            layer = lambda name, level=level, **settings: equalized(
                levels.width(level), 3, dtype=self.dtype, name=f"level{level}_{name}", **settings
            )
            if level:
                x = pixel_norm(lrelu(layer("up", resample="up")(x)))
            x = maps[level] = tap(self, f"block{level}", pixel_norm(lrelu(layer("conv")(x))))
        if not self.is_initializing():
            maps = {level: maps[level] for level in maps if level >= top - 1}
        return ToImages(levels, self.dtype, name="to_image")(maps, fade)


class Discriminator(linen.Module):
    """images [B, H, W, C] of any level -> Verdict: two convolutions a level, then two dense layers.

    blur: a [1, 2, 1] filter before every halving (StyleGAN).
    widened: which of a level's convolutions changes the width: the second, which halves the image ("down"), or the first
        ("conv").
    rectified: the rectifier comes after the halving ("after"), as in the paper's fused layers, or "before" it.
    image_rectifier: the maps made of the pixels are rectified, too.
    stddev_group: images of a group of minibatch standard deviation, 0 for none.
    num_classes: a logit for each class, of which the label's is the verdict.
    Features: "level0", ...: a level's map as it enters; "pooled" [B, F]: the last hidden layer.
    """

    image_shape: tuple[int, int, int]
    base: tuple[int, int] = (4, 4)
    channel_base: int = 16384
    channel_max: int = 512
    blur: bool = False
    widened: str = "down"
    rectified: str = "after"
    image_rectifier: bool = True
    stddev_group: int = 4
    num_classes: int = 0
    dtype: Any = None

    def __post_init__(self):
        Levels(self.image_shape, self.base, self.channel_base, self.channel_max)
        one_of(self.widened, ("down", "conv"), "widened")
        one_of(self.rectified, ("after", "before"), "rectified")
        ranges.whole("stddev_group", self.stddev_group, 0)
        ranges.whole("num_classes", self.num_classes, 0)
        super().__post_init__()

    @linen.compact
    def __call__(
        self, images: jax.Array, label: jax.Array | None = None, train: bool = False, fade: Any = FADED_IN
    ) -> Verdict:
        del train
        levels = Levels(self.image_shape, self.base, self.channel_base, self.channel_max)
        top = levels.level_of(images.shape[1:])
        from_image = {
            level: equalized(levels.width(level), 1, dtype=self.dtype, name=f"from_image{level}")
            for level in levels.made(self, top)
        }
        if self.is_initializing():
            for level in range(top):
                side = (self.base[0] << level, self.base[1] << level)
                from_image[level](jnp.zeros((1, *side, images.shape[-1])))
        of_image = lambda level, x: lrelu(from_image[level](x)) if self.image_rectifier else from_image[level](x)
        features = {}
        x = of_image(top, images)
        for level in range(top, 0, -1):
            features[f"level{level}"] = x
            layer = lambda name, width, level=level, **settings: equalized(
                levels.width(width), 3, dtype=self.dtype, name=f"level{level}_{name}", **settings
            )
            x = lrelu(layer("conv", level if self.widened == "down" else level - 1)(x))
            x = blur(x) if self.blur else x
            if self.rectified == "after":
                x = lrelu(layer("down", level - 1, resample="down")(x))
            else:
                x = downsample_mean(lrelu(layer("down", level - 1)(x)))
            if level == top:
                x = blended(fade, x, lambda level=level: of_image(level - 1, downsample_mean(images)))
        features["level0"] = x
        if self.stddev_group:
            x = minibatch_stddev(x, self.stddev_group)
        x = lrelu(equalized(levels.width(0), 3, dtype=self.dtype, name="level0_conv")(x)).astype(jnp.float32)
        x = lrelu(Dense(levels.width(0), scheme="equalized", name="dense")(x.reshape(x.shape[0], -1)))
        features["pooled"] = x
        logits = Dense(max(self.num_classes, 1), scheme="equalized", gain=1.0, name="head")(x)
        return Verdict(chosen(logits, label, self.num_classes), features)


def chosen(logits: jax.Array, label: jax.Array | None, num_classes: int) -> jax.Array:
    """The label's logit of [B, K] -> [B], or the only one where there are no classes."""
    if not num_classes:
        return logits[:, 0]
    if label is None:
        raise ValueError("a discriminator of classes needs labels")
    return jnp.sum(logits * jax.nn.one_hot(label, num_classes, dtype=logits.dtype), -1)
