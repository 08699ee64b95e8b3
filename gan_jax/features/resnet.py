"""Residual classifiers (He et al., arXiv:1512.03385): the CIFAR family for small images, ResNet-50 for larger ones."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax.nn.conv.convolution import Conv
from gan_jax.nn.dense import Dense
from gan_jax.nn.norms.batch_norm import BatchNorm
from gan_jax.nn.weights import normal

_HE = linen.initializers.variance_scaling(2.0, "fan_out", "normal")  # arXiv:1502.01852


class CifarResNet(linen.Module):
    """images [B, H, W, C] in [-1, 1] -> (logits [B, K], {"pooled": [B, 4 * width]}), both float32.

    Section 4.2 of arXiv:1512.03385: depth = 6 n + 2, three stages of n blocks with width, 2 * width and 4 * width
    channels, each stage after the first at half the size. Shortcuts are the paper's option A, without parameters:
    every second pixel, and zeros for the new channels. CifarResNet(10, 56) has 0.85 million parameters.
    Raises ValueError for another depth.
    """

    num_classes: int
    depth: int = 56
    width: int = 16
    dtype: Any = None

    @linen.compact
    def __call__(self, images: jax.Array, train: bool = False) -> tuple[jax.Array, dict[str, jax.Array]]:
        blocks, rest = divmod(self.depth - 2, 6)
        if blocks < 1 or rest:
            raise ValueError(f"the depth of a CifarResNet is 6 n + 2 (8, 14, 20, ... 56), not {self.depth}")
        x = jax.nn.relu(_conv_norm(self, "stem", images, self.width, 3, 1, train))
        for stage in range(3):
            for block in range(blocks):
                stride = 2 if stage and not block else 1
                x = self._block(f"stage{stage}_block{block}", x, self.width * 2**stage, stride, train)
        return _head(self.num_classes, x)

    def _block(self, name, x, width, stride, train):
        h = jax.nn.relu(_conv_norm(self, f"{name}_conv1", x, width, 3, stride, train))
        h = _conv_norm(self, f"{name}_conv2", h, width, 3, 1, train)
        shortcut = x[:, ::stride, ::stride]  # option A
        new = h.shape[-1] - x.shape[-1]
        return jax.nn.relu(h + jnp.pad(shortcut, ((0, 0),) * 3 + ((0, new),)))


class ResNet50(linen.Module):
    """images [B, H, W, C] in [-1, 1] -> (logits [B, K], {"pooled": [B, 32 * width]}), both float32.

    Table 1 of arXiv:1512.03385 in the form known as v1.5: a bottleneck halves the size in its 3 x 3 convolution, not in
    the 1 x 1 before it. Shortcuts are option B, a 1 x 1 convolution where the shape changes. With 1,000 classes it has
    25,557,032 parameters. blocks: of each stage. width: of the first stage's 3 x 3 convolutions.
    """

    num_classes: int
    blocks: tuple[int, ...] = (3, 4, 6, 3)
    width: int = 64
    dtype: Any = None

    @linen.compact
    def __call__(self, images: jax.Array, train: bool = False) -> tuple[jax.Array, dict[str, jax.Array]]:
        x = jax.nn.relu(_conv_norm(self, "stem", images, self.width, 7, 2, train))
        x = linen.max_pool(x, (3, 3), (2, 2), ((1, 1), (1, 1)))
        for stage, blocks in enumerate(self.blocks):
            for block in range(blocks):
                stride = 2 if stage and not block else 1
                x = self._block(f"stage{stage}_block{block}", x, self.width * 2**stage, stride, train)
        return _head(self.num_classes, x)

    def _block(self, name, x, width, stride, train):
        h = jax.nn.relu(_conv_norm(self, f"{name}_conv1", x, width, 1, 1, train))
        h = jax.nn.relu(_conv_norm(self, f"{name}_conv2", h, width, 3, stride, train))
        h = _conv_norm(self, f"{name}_conv3", h, 4 * width, 1, 1, train)
        if stride > 1 or x.shape[-1] != 4 * width:
            x = _conv_norm(self, f"{name}_shortcut", x, 4 * width, 1, stride, train)
        return jax.nn.relu(h + x)


def _conv_norm(module, name, x, width, window, stride, train):
    """A convolution without bias, padded alike on all sides, and batch normalisation, inside a module's call."""
    x = Conv(
        width,
        (window, window),
        stride,
        padding=window // 2,
        use_bias=False,
        kernel_init=_HE,
        dtype=module.dtype,
        name=name,
    )(x)
    return BatchNorm(name=f"{name}_norm")(x, train=train)


def _head(num_classes, x):
    pooled = jnp.mean(x.astype(jnp.float32), axis=(1, 2))  # [B, F]
    return Dense(num_classes, kernel_init=normal(0.01), name="logits")(pooled), {"pooled": pooled}
