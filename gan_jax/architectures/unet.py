"""The U-Net of pix2pix: from image to image, with skips between maps of one size (Isola et al., arXiv:1611.07004, 6.1.1)."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax import ranges
from gan_jax.architectures.parts.translating import NORMS, UPSAMPLING, doubling, dropped, image_norm, require_halvings
from gan_jax.names import one_of
from gan_jax.nn.conv.convolution import Conv
from gan_jax.nn.tap import tap

_MOST = 8  # halvings of the paper's network, of 256 pixels
_WIDEST = 8  # times `width`


class Generator(linen.Module):
    """images [B, H, W, C] in [-1, 1] -> images [B, H, W, channels]: 4 x 4 convolutions that halve, as many that double, tanh.

    H and W are multiples of `divisor`, 2 ** halvings; other sizes than that of image_shape may come.

    width: of the first map; it doubles with each halving, up to 8 times.
    halvings: None: as often as image_shape can be halved, 8 times at most (to 1 x 1, for 256 pixels).
    channels: of the images that it makes; None: as image_shape.
    norm: "batch", "instance" or "none", of all maps but the first, the innermost and the last.
    dropout, dropout_layers: at what rate, and after which of the doubling layers, 0 being the innermost. None: 1 to
        halvings - 5, as the PyTorch port has it; the Torch original has (0, 1, 2).
    use_bias: of all convolutions but the last, which has one. None: unless the norm is "batch", as the PyTorch port.
    upsampling: "transposed", or "resize" against checkerboards.
    Taps: "map0", ... on the way in, "back0", ... on the way out, before their activations.
    """

    image_shape: tuple[int, int, int]
    width: int = 64
    halvings: int | None = None
    channels: int | None = None
    norm: str = "batch"
    dropout: float = 0.5
    dropout_layers: tuple[int, ...] | None = None
    use_bias: bool | None = None
    upsampling: str = "transposed"
    dtype: Any = None

    def __post_init__(self):
        one_of(self.norm, NORMS, "norm")
        one_of(self.upsampling, UPSAMPLING, "upsampling")
        ranges.whole("width", self.width)
        ranges.decay("dropout", self.dropout)
        for name in ("halvings", "channels"):
            if getattr(self, name) is not None:
                ranges.whole(name, getattr(self, name))
        if self.dropout_layers is not None:
            ranges.wholes("dropout_layers", self.dropout_layers, 0)
            if max(self.dropout_layers, default=0) >= max(self.depth - 1, 1):
                raise ValueError(
                    f"dropout_layers are from 0 to {self.depth - 2}, the doubling layers but the last, not {self.dropout_layers}"
                )
        require_halvings(self.image_shape, self.depth, "this U-Net")
        super().__post_init__()

    @property
    def depth(self) -> int:
        """How often it halves."""
        if self.halvings is not None:
            return self.halvings
        height, width = self.image_shape[:2]
        both = height | width
        return max(1, min(_MOST, (both & -both).bit_length() - 1))

    @property
    def divisor(self) -> int:
        """Of the heights and widths that it takes."""
        return 2**self.depth

    @linen.compact
    def __call__(
        self, images: jax.Array, label: jax.Array | None = None, train: bool = False, dropout: bool | None = None
    ) -> jax.Array:
        """train: normalise by the batch. dropout: whether it is on; None: as train."""
        del label
        depth = self.depth
        require_halvings(images.shape[1:], depth, "this U-Net")
        dropout = train if dropout is None else dropout
        normalize = image_norm(self.norm, train)
        use_bias = self.norm != "batch" if self.use_bias is None else self.use_bias
        of_dropout = range(1, depth - 4) if self.dropout_layers is None else self.dropout_layers
        settings = {"use_bias": use_bias, "dtype": self.dtype}
        widths = [self.width * min(2**i, _WIDEST) for i in range(depth)]

        maps, x = [], images
        for i, width in enumerate(widths):
            x = jax.nn.leaky_relu(x, 0.2) if i else x
            x = Conv(width, (4, 4), 2, 1, name=f"down{i}", **settings)(x)
            x = normalize(f"down_norm{i}", x) if 0 < i < depth - 1 else x
            x = tap(self, f"map{i}", x)
            maps.append(x)
        for i, width in enumerate([*widths[-2::-1], self.channels or self.image_shape[-1]]):
            x = jnp.concatenate([maps[-1 - i], x], -1) if i else x  # [B, h, w, 2 * widths[-1 - i]]
            last = i == depth - 1
            layer = doubling(self.upsampling, width, 4, name=f"up{i}", **(settings | {"use_bias": use_bias or last}))
            x = layer(jax.nn.relu(x))
            if last:
                break
            x = dropped(self, normalize(f"up_norm{i}", x), self.dropout, dropout and i in of_dropout)
            x = tap(self, f"back{i}", x)
        return jnp.tanh(x.astype(jnp.promote_types(x.dtype, jnp.float32)))
