"""CycleGAN's translator: two halvings, residual blocks, two doublings (Zhu et al., arXiv:1703.10593, appendix 7.2)."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax import ranges
from gan_jax.architectures.parts.translating import NORMS, UPSAMPLING, doubling, dropped, image_norm, require_halvings
from gan_jax.names import one_of
from gan_jax.nn.conv.convolution import Conv
from gan_jax.nn.conv.reflect import reflect
from gan_jax.nn.tap import tap

_HALVINGS = 2


class Generator(linen.Module):
    """images [B, H, W, C] in [-1, 1] -> images [B, H, W, channels]: 7 x 7, two halvings, `blocks`, two doublings, 7 x 7, tanh.

    H and W are multiples of 4, from 8 on; other sizes than that of image_shape may come. Beyond the edge lies the image's
    own reflection, but for the layers of stride 2.

    width: of the first map. blocks: 9 for 256 pixels, 6 for 128. channels: of the images that it makes; None: as image_shape.
    norm: "instance" (the paper's), "batch" or "none". dropout: its rate inside the blocks; the paper has none.
    use_bias: of all convolutions but the last, which has one. None: unless the norm is "batch", as the PyTorch port.
    upsampling: "transposed" (3 x 3), or "resize" against checkerboards.
    Taps: "block0", ...
    """

    image_shape: tuple[int, int, int]
    width: int = 64
    blocks: int = 9
    channels: int | None = None
    norm: str = "instance"
    dropout: float = 0.0
    use_bias: bool | None = None
    upsampling: str = "transposed"
    dtype: Any = None

    def __post_init__(self):
        one_of(self.norm, NORMS, "norm")
        one_of(self.upsampling, UPSAMPLING, "upsampling")
        ranges.whole("width", self.width)
        ranges.whole("blocks", self.blocks, 0)
        ranges.decay("dropout", self.dropout)
        if self.channels is not None:
            ranges.whole("channels", self.channels)
        self._require_size(self.image_shape)
        super().__post_init__()

    @property
    def divisor(self) -> int:
        """Of the heights and widths that it takes."""
        return 2**_HALVINGS

    @linen.compact
    def __call__(
        self, images: jax.Array, label: jax.Array | None = None, train: bool = False, dropout: bool | None = None
    ) -> jax.Array:
        """train: normalise by the batch, where the norm does. dropout: whether it is on; None: as train."""
        del label
        self._require_size(images.shape[1:])
        dropout = train if dropout is None else dropout
        normalize = image_norm(self.norm, train)
        use_bias = self.norm != "batch" if self.use_bias is None else self.use_bias
        settings = {"use_bias": use_bias, "dtype": self.dtype}

        def reflected(x: jax.Array, features: int, window: int, name: str, **own: Any) -> jax.Array:
            layer = Conv(features, (window, window), padding="VALID", name=name, **(settings | own))
            return layer(reflect(x, window // 2))

        x = jax.nn.relu(normalize("norm_in", reflected(images, self.width, 7, "conv_in")))
        for i in range(_HALVINGS):
            x = Conv(self.width * 2 ** (i + 1), (3, 3), 2, 1, name=f"down{i}", **settings)(x)
            x = jax.nn.relu(normalize(f"down_norm{i}", x))
        widest = x.shape[-1]
        for i in range(self.blocks):
            y = jax.nn.relu(normalize(f"block{i}_norm0", reflected(x, widest, 3, f"block{i}_conv0")))
            y = dropped(self, y, self.dropout, dropout)
            x = x + normalize(f"block{i}_norm1", reflected(y, widest, 3, f"block{i}_conv1"))
            x = tap(self, f"block{i}", x)
        for i in reversed(range(_HALVINGS)):
            x = doubling(self.upsampling, self.width * 2**i, 3, name=f"up{i}", **settings)(x)
            x = jax.nn.relu(normalize(f"up_norm{i}", x))
        x = reflected(x, self.channels or self.image_shape[-1], 7, "conv_out", use_bias=True)
        return jnp.tanh(x.astype(jnp.promote_types(x.dtype, jnp.float32)))

    def _require_size(self, shape: tuple[int, ...]) -> None:
        require_halvings(shape, _HALVINGS, "CycleGAN's translator")
        if min(shape[:2]) < 8:
            raise ValueError(
                f"CycleGAN's translator takes images from 8 pixels a side on, not of {shape[0]} x {shape[1]}"
            )
