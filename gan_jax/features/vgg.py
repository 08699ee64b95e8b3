"""VGG-16: features that LPIPS compares, and the ones in which precision and recall are measured. arXiv:1409.1556."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen

from gan_jax.features.extractor import Extractor
from gan_jax.features.resize import check_resize, rgb_of_side
from gan_jax.features.weights import Weights, weights_hash
from gan_jax.nn.conv.convolution import Conv
from gan_jax.nn.conv.resample import downsample_max
from gan_jax.types import Array, PyTree

WIDTHS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))  # of the convolutions between pools
TAPS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3", "fc")  # "fc": the second dense layer, after its ReLU
SIDE = 224  # pixels; the dense layers need it
VGG19_DEPTHS = (2, 2, 4, 4, 4)  # convolutions of each of VGG-19's blocks, for `vgg19.Encoder`
MEAN = np.array([0.485, 0.456, 0.406], np.float32)  # of ImageNet's colours from 0 to 1, as in torchvision's models
DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


def vgg16(weights: Weights | PyTree, resize: str = "tf1") -> Extractor:
    """The extractor of improved precision and recall (arXiv:1904.06991): images uint8 [B, H, W, 1 or 3] of any size ->
    {"fc": float32 [B, 4096]}.

    weights: the published ones (`published_weights("vgg16")`), or variables of the same form. resize: to 224 pixels,
    "tf1" as torch-fidelity does, or "clean". Products are in full float32 on every device.
    """
    check_resize(resize)
    published = isinstance(weights, Weights)
    return Extractor(
        apply=_apply(resize),
        variables=jax.tree.map(jnp.asarray, weights.variables if published else weights),
        name="vgg16",
        resize=resize,
        weights=weights.sha256 if published else weights_hash(weights),
    )


@functools.cache  # so that two extractors of the same kind share their compiled programs
def _apply(resize: str):
    def apply(variables: PyTree, images: Array) -> dict[str, Array]:
        colours = [255 * c.reshape(1, 1, 1, 3) for c in (MEAN, DEVIATION)]
        with jax.default_matmul_precision("highest"):
            return VGG16(("fc",)).apply(variables, (rgb_of_side(images, SIDE, resize) - colours[0]) / colours[1])

    return apply


class VGG16(linen.Module):
    """Images float32 [B, H, W, 3], about 0 with deviation 1 -> the activations of `taps`, maps [B, h, w, F] and "fc" [B, F].

    Nothing behind the last of the taps is computed. "fc" needs images of 224 x 224.
    """

    taps: tuple[str, ...] = TAPS

    @linen.compact
    def __call__(self, x: Array) -> dict[str, Array]:
        found = {}
        for name, activations in _stages(x):
            found[name] = activations
            if set(self.taps) <= set(found):
                break
        return {tap: found[tap] for tap in self.taps}


def _stages(x: Array) -> Iterator[tuple[str, Array]]:
    """The network, tap by tap."""
    for block, widths in enumerate(WIDTHS, 1):
        for index, width in enumerate(widths, 1):
            x = linen.relu(Conv(width, name=f"conv{block}_{index}")(x))
        yield f"relu{block}_{len(widths)}", x
        x = downsample_max(x[:, : x.shape[1] // 2 * 2, : x.shape[2] // 2 * 2])  # an odd last row or column is dropped
    if x.shape[1:3] != (7, 7):
        raise ValueError(f"VGG-16's dense layers read images of {SIDE} x {SIDE} pixels")
    x = x.reshape(x.shape[0], -1)
    for index in (1, 2):
        x = linen.relu(linen.Dense(4096, name=f"fc{index}")(x))
    yield "fc", x


def layers() -> dict[str, tuple[int, ...]]:
    """The layers in order: the shapes of their kernels, [3, 3, I, O] or [I, O], by name."""
    images = jax.ShapeDtypeStruct((1, SIDE, SIDE, 3), jnp.float32)
    params = jax.eval_shape(VGG16().init, jax.random.key(0), images)["params"]
    return {name: params[name]["kernel"].shape for name in sorted(params)}  # conv1_1 ... conv5_3, fc1, fc2


def random_variables(seed: int, dense: bool = True) -> PyTree:
    """Variables of the published form for tests: numpy, the same for a seed on every machine.

    Kernels of variance 2 / fan-in: uniform float32 numbers of PCG64, layer by layer in the order of names, the kernel
    before the bias. Kernels repeat the first 9973 x 11 numbers, since they are many. dense: with the dense layers.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    params = {}
    for name, shape in layers().items():
        if name.startswith("fc") and not dense:
            continue
        bound = np.float32(math.sqrt(6 / math.prod(shape[:-1])))
        numbers = 2 * rng.random(min(math.prod(shape), 9973 * 11), np.float32) - 1
        bias = (0.2 * rng.random(shape[-1], np.float32) - np.float32(0.1)).astype(np.float32)
        params[name] = {"kernel": np.resize(bound * numbers, shape), "bias": bias}
    return {"params": params}
