"""PatchGAN: a discriminator that judges each patch of an image by itself (Isola et al., arXiv:1611.07004, 3.2.2 and 6.1.2)."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from gan_jax import ranges
from gan_jax.architectures.parts.translating import NORMS, image_norm
from gan_jax.names import one_of
from gan_jax.nn.conv.convolution import Conv
from gan_jax.types import Verdict

_WIDEST = 8  # times `width`


def receptive_field(layers: int) -> int:
    """The side, in pixels, of the patch that one logit depends on: 1, 16, 34, 70, 142, 286 for 0 to 5 layers."""
    side = 1
    for stride in [1, 1, *[2] * layers] if layers else []:  # from the logit back to the image
        side = (side - 1) * stride + 4
    return side


class Discriminator(linen.Module):
    """images [B, H, W, C] -> Verdict with a logit for each patch, [B, h, w]: 4 x 4 convolutions, leaky ReLU 0.2.

    A pair is judged as one image of both's channels. Other sizes than that of image_shape may come.

    layers: how many halve; `receptive_field` says what patch that is. 3 is the papers' 70 x 70. With 0 all convolutions are
        of single pixels, and a logit sees one pixel.
    width: of the first map; it doubles with each layer, up to 8 times.
    norm: "batch", "instance" or "none", of all maps but the first and the last.
    padding: zeros around every map: 1, or 2 as CycleGAN's Torch code has it.
    scheme: None, or "spectral".
    Features: "conv0", "conv1", ... (maps), and "pooled": the mean of the last of them.
    """

    image_shape: tuple[int, int, int]
    width: int = 64
    layers: int = 3
    norm: str = "batch"
    padding: int = 1
    scheme: str | None = None
    dtype: Any = None

    def __post_init__(self):
        one_of(self.norm, NORMS, "norm")
        ranges.whole("width", self.width)
        ranges.whole("layers", self.layers, 0, 8)
        ranges.whole("padding", self.padding, 1, 2)
        super().__post_init__()

    @linen.compact
    def __call__(self, images: jax.Array, label: jax.Array | None = None, train: bool = False) -> Verdict:
        del label
        self._require_patches(images.shape[1:3])
        normalize, normed = image_norm(self.norm, train), self.norm == "batch"
        common = {"scheme": self.scheme, "dtype": self.dtype}
        if not self.layers:
            rows, window, padding = [(1, 1), (2, 1)], (1, 1), 0
        else:
            window, padding = (4, 4), self.padding
            rows = [(min(2**i, _WIDEST), 2) for i in range(self.layers)] + [(min(2**self.layers, _WIDEST), 1)]
        features, x = {}, images
        for i, (times, strides) in enumerate(rows):
            bias = not (normed and i)
            name = f"conv{i}"
            x = Conv(self.width * times, window, strides, padding, use_bias=bias, name=name, **common)(x)
            x = features[name] = jax.nn.leaky_relu(normalize(f"norm{i}", x) if i else x, 0.2)
        # The port's network of single pixels has no bias here where its norm is "batch".
        bias = bool(self.layers) or not normed
        logits = Conv(1, window, 1, padding, use_bias=bias, name="to_logits", **common)(x)  # [B, h, w, 1]
        wide = jnp.promote_types(x.dtype, jnp.float32)
        features["pooled"] = jnp.mean(x.astype(wide), (1, 2))
        return Verdict(logits[..., 0].astype(wide), features)

    def _require_patches(self, sides: tuple[int, ...]) -> None:
        for side in sides:
            for stride in [2] * self.layers + [1, 1] if self.layers else []:
                side = (side + 2 * self.padding - 4) // stride + 1
                if side < 1:
                    raise ValueError(
                        f"images of {sides[0]} x {sides[1]} are too small for a PatchGAN of {self.layers} layers, which leaves"
                        " no logit of them: set discriminator.layers lower"
                    )
