"""VGG-19 as style transfer looks through it: reflection at the borders, pools that keep an odd last row. arXiv:1409.1556.

The networks of AdaIN's authors (arXiv:1703.06868) differ from torchvision's in both, and begin with a 1 x 1 convolution
from colours in [0, 1] to what the weights were trained on. All weights here have that form.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen

from gan_jax import ranges
from gan_jax.features.published import published_weights
from gan_jax.features.resize import rgb
from gan_jax.features.vgg import VGG19_DEPTHS
from gan_jax.features.weights import Weights, load_weights
from gan_jax.nn.conv.convolution import Conv
from gan_jax.nn.conv.reflect import reflect
from gan_jax.nn.conv.resample import downsample_max
from gan_jax.types import Array, PyTree

STYLE_TAPS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")  # Sec. 6, arXiv:1703.06868; the last one is the content's
SMALLEST = 9  # pixels a side: three pools leave two, which can be mirrored
EMBEDDED = "vgg19_quarter"
PUBLISHED = ("vgg19", "vgg19_normalised")


class Encoder(linen.Module):
    """Images [B, H, W, 1 or 3] in [-1, 1] -> the activations of `taps`, float32 [B, h, w, F].

    Any size from 9 x 9 on. "relu4_1" has 8 * width channels at an eighth of the size, where halves are rounded up. Nothing
    behind the last of the taps is there.

    weights: "vgg19_quarter", which is embedded and has width 16, see `features/encoders`; "vgg19_normalised" (AdaIN's own) or
        "vgg19" (torchvision's), see `published_weights`, whose width is 64.
    path: a file to take published weights from, .pth, or .npz as converted before.
    width: channels of the first block; the others have 2, 4, 8 and 8 times as many.
    """

    weights: str = "vgg19_normalised"
    path: str | None = None
    width: int = 64
    taps: tuple[str, ...] = STYLE_TAPS
    dtype: Any = None

    def __post_init__(self):
        ranges.whole("width", self.width)
        known = (EMBEDDED, *PUBLISHED)
        if self.weights not in known:
            raise ValueError(f"weights of VGG-19 are {', '.join(known)}; there are none named {self.weights!r}")
        if self.weights == EMBEDDED and self.path is not None:
            raise ValueError(f"the weights {EMBEDDED!r} are embedded: leave path out")
        if unknown := [tap for tap in self.taps if tap not in names("relu")]:
            raise ValueError(f"VGG-19 has no tap {', '.join(unknown)}; it has {', '.join(names('relu'))}")
        super().__post_init__()

    @linen.compact
    def __call__(self, images: Array) -> dict[str, Array]:
        if images.ndim != 4 or min(images.shape[1:3]) < SMALLEST:
            raise ValueError(f"VGG-19 sees images [B, H, W, C] of {SMALLEST} pixels a side or more, not {images.shape}")
        found = {}
        for name, activations in self._stages(rgb(images)):
            found[name] = activations.astype(jnp.float32)
            if set(self.taps) <= set(found):
                break
        return {tap: found[tap] for tap in self.taps}

    def load(self) -> PyTree:
        """The variables, as they are kept. Raises ValueError where they are not at hand, or of another width."""
        found = encoder_weights(self.weights, self.path).variables["params"]
        wanted = jax.eval_shape(self.init, jax.random.key(0), jnp.zeros((1, SMALLEST, SMALLEST, 3)))["params"]
        width = found["conv1_1"]["kernel"].shape[-1]
        if width != self.width:
            raise ValueError(f"the weights {self.weights!r} have width {width}: set the encoder's width to it")
        return {
            "params": {name: jax.tree.map(lambda leaf: np.asarray(leaf, np.float32), found[name]) for name in wanted}
        }

    def _stages(self, images: Array) -> Iterator[tuple[str, Array]]:
        """The network, layer by layer."""
        he = linen.initializers.he_normal()
        x = Conv(3, (1, 1), kernel_init=he, dtype=self.dtype, name="colour")((images + 1) / 2)
        for block, depth in enumerate(VGG19_DEPTHS, 1):
            width = self.width * 2 ** min(block - 1, 3)
            for index in range(1, depth + 1):
                name = f"conv{block}_{index}"
                layer = Conv(width, padding="VALID", kernel_init=he, dtype=self.dtype, name=name)
                x = linen.relu(layer(reflect(x, 1)))
                yield f"relu{block}_{index}", x
            x = downsample_max(x, ceil=True)


def names(kind: str = "conv") -> tuple[str, ...]:
    """conv1_1 ... conv5_4, in order; kind "relu": their activations."""
    return tuple(
        f"{kind}{block}_{index}" for block, depth in enumerate(VGG19_DEPTHS, 1) for index in range(1, depth + 1)
    )


def encoder_weights(name: str, path: str | Path | None = None) -> Weights:
    """The embedded weights, or the published ones of that name; see `Encoder`."""
    if name != EMBEDDED:
        return published_weights(name, path)
    with resources.as_file(resources.files("gan_jax.features") / "encoders" / f"{name}.npz") as file:
        return load_weights(file)
