"""DCGAN (Radford et al., arXiv:1511.06434), and the same networks as WGAN and WGAN-GP use them."""

from __future__ import annotations

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax import ranges
from gan_jax.architectures.parts.stem import Stem, base_size, generator_norm
from gan_jax.architectures.parts.verdict import projected_verdict
from gan_jax.names import one_of
from gan_jax.nn.conv.convolution import Conv, ConvTranspose
from gan_jax.nn.norms.batch_norm import BatchNorm
from gan_jax.nn.tap import tap
from gan_jax.nn.weights import Initializer, glorot, normal, strided_glorot
from gan_jax.types import Verdict

STEM_NORMS = ("channels", "units")
INITIALIZATIONS = ("normal", "glorot")


def _initializers(name: str, transpose: bool = False) -> tuple[Initializer, Initializer]:
    """Of the dense layer, and of convolutions with strides of 2."""
    if name == "normal":
        return normal(), normal()
    return glorot(), strided_glorot(math.sqrt(2), 2, transpose)


class Generator(linen.Module):
    """latents [B, Z] -> images [B, H, W, C] in [-1, 1]: dense, then strided transposed convolutions, the last to tanh.

    widths: of the first map and of every doubling but the last, which makes the image: 4 of them for 64 pixels.
    norm: "batch", "conditional_batch" (labels), "self_modulated" or "none".
    stem_norm: over what the first norm, that of the dense layer's output, takes its statistics, scale and bias: "channels"
        of the first map, as all other norms, or "units": each of the h * w * widths[0] its own (WGAN-GP's at 32 pixels).
    use_bias: False leaves out the biases of the dense layer and of the last convolution too (WGAN's code).
    initialization: "normal" (DCGAN: stddev 0.02) or "glorot" (WGAN-GP: uniform, with a gain of sqrt(2) for convolutions).
    """

    image_shape: tuple[int, int, int]
    widths: tuple[int, ...] = (1024, 512, 256, 128)
    kernel: int = 5
    norm: str = "batch"
    stem_norm: str = "channels"
    use_bias: bool = True
    initialization: str = "normal"
    num_classes: int = 0
    dtype: Any = None

    def __post_init__(self):
        ranges.wholes("widths", self.widths)
        ranges.whole("kernel", self.kernel)
        one_of(self.stem_norm, STEM_NORMS, "stem_norm")
        one_of(self.initialization, INITIALIZATIONS, "initialization")
        ranges.whole("num_classes", self.num_classes, 0)
        super().__post_init__()

    @linen.compact
    def __call__(self, latents: jax.Array, label: jax.Array | None = None, train: bool = False) -> jax.Array:
        first, *widths = self.widths
        window = (self.kernel, self.kernel)
        normalize = generator_norm(self.norm, latents, label, self.num_classes, train)
        plain, kernel_init = _initializers(self.initialization, transpose=True)
        size, with_bias = base_size(self.image_shape, len(self.widths)), self.use_bias and self.norm == "none"
        x = Stem(size, first, plain, use_bias=self.use_bias, dtype=self.dtype, name="stem")(latents)
        units = x.reshape(x.shape[0], -1) if self.stem_norm == "units" else x
        x = jax.nn.relu(normalize("stem_norm", units)).reshape(x.shape)
        conv = functools.partial(ConvTranspose, kernel=window, kernel_init=kernel_init, dtype=self.dtype)
        for i, width in enumerate(widths):
            # No bias where a norm subtracts the mean again.
            x = conv(width, use_bias=with_bias, name=f"deconv{i}")(x)
            x = jax.nn.relu(normalize(f"norm{i}", x))
            x = tap(self, f"block{i}", x)
        x = conv(self.image_shape[-1], use_bias=self.use_bias, name="to_image")(x)
        return jnp.tanh(x.astype(jnp.float32))


class Discriminator(linen.Module):
    """images [B, H, W, C] -> Verdict: strided convolutions with leaky ReLU 0.2, then one linear layer on the flat map.

    norm: "batch" (on all layers but the first) or "none" (WGAN-GP's critic: a penalty on single images forbids
    statistics over the batch). use_bias: False leaves out those of the first convolution and of the linear layer too (WGAN's
    code). initialization: as in Generator. Features: "conv0", ... (maps) and "pooled": the flat last map.
    """

    image_shape: tuple[int, int, int]
    widths: tuple[int, ...] = (128, 256, 512, 1024)
    kernel: int = 5
    norm: str = "batch"
    use_bias: bool = True
    initialization: str = "normal"
    scheme: str | None = None
    num_classes: int = 0
    dtype: Any = None

    def __post_init__(self):
        ranges.wholes("widths", self.widths)
        ranges.whole("kernel", self.kernel)
        one_of(self.initialization, INITIALIZATIONS, "initialization")
        ranges.whole("num_classes", self.num_classes, 0)
        super().__post_init__()

    @linen.compact
    def __call__(self, images: jax.Array, label: jax.Array | None = None, train: bool = False) -> Verdict:
        if self.norm not in ("batch", "none"):
            raise ValueError(f"norm of DCGAN's discriminator is 'batch' or 'none', not {self.norm!r}")
        base_size(self.image_shape, len(self.widths))
        plain, kernel_init = _initializers(self.initialization)
        settings = {"scheme": self.scheme, "kernel_init": kernel_init, "dtype": self.dtype}
        features, x = {}, images
        for i, width in enumerate(self.widths):
            normed = self.norm == "batch" and i > 0
            window, with_bias = (self.kernel, self.kernel), self.use_bias and not normed
            x = Conv(width, window, 2, use_bias=with_bias, name=f"conv{i}", **settings)(x)
            if normed:
                x = BatchNorm(name=f"norm{i}")(x, train=train)
            x = features[f"conv{i}"] = jax.nn.leaky_relu(x, 0.2)
        features["pooled"] = x.reshape(x.shape[0], -1).astype(jnp.float32)
        return projected_verdict(features, label, self.num_classes, self.scheme, plain, self.use_bias)
