"""The Inception network of 2015-12-05 as an extractor: what FID, KID and the Inception score see of images."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.features.extractor import Extractor
from gan_jax.features.inception_network import SIDE, TAPS, Inception
from gan_jax.features.resize import check_resize, rgb_of_side
from gan_jax.features.weights import Weights, weights_hash
from gan_jax.types import Array, PyTree

_EPSILON = 1e-3  # of BatchNorm


def inception(
    weights: Weights | PyTree, resize: str = "tf1", taps: tuple[str, ...] = ("2048", "logits_unbiased")
) -> Extractor:
    """The network as an extractor: images uint8 [B, H, W, 1 or 3] of any size -> {tap: float32 [B, F]}.

    weights: the published ones (`published_weights("inception_2015")`), or variables of the same form.
    resize: "tf1" as TensorFlow fed it, "clean" as clean-fid does. taps: of `TAPS`; only what they need is computed.
    The first three taps are means over pixels. Products are in full float32 on every device.
    """
    check_resize(resize)
    if not taps or not set(taps) <= set(TAPS):
        raise ValueError(f"taps of the Inception network are {', '.join(TAPS)}; got {', '.join(taps) or 'none'}")
    variables = weights.variables if isinstance(weights, Weights) else weights
    return Extractor(
        apply=_apply(tuple(taps), resize),
        variables=jax.tree.map(jnp.asarray, fold_batch_norm(variables)),
        name="inception_2015",
        resize=resize,
        weights=weights.sha256 if isinstance(weights, Weights) else weights_hash(weights),
    )


@functools.cache  # so that two extractors of the same kind share their compiled programs
def _apply(taps: tuple[str, ...], resize: str):
    def apply(variables: PyTree, images: Array) -> dict[str, Array]:
        with jax.default_matmul_precision("highest"):
            return Inception(taps).apply(variables, (rgb_of_side(images, SIDE, resize) - 128) / 128)

    return apply


def fold_batch_norm(variables: PyTree) -> PyTree:
    """{"params": {unit: kernel, scale, bias}, "batch_stats": {unit: mean, var}} -> {"params": {unit: kernel, bias}}.

    scale * (conv(x, kernel) - mean) / sqrt(var + 1e-3) + bias is a convolution with bias; computed in float64.
    """
    params = dict(variables["params"])
    for name, stats in variables["batch_stats"].items():
        unit = {key: np.asarray(leaf, np.float64) for key, leaf in {**params[name], **stats}.items()}
        scale = unit["scale"] / np.sqrt(unit["var"] + _EPSILON)
        folded = {"kernel": unit["kernel"] * scale, "bias": unit["bias"] - unit["mean"] * scale}
        params[name] = {key: leaf.astype(np.float32) for key, leaf in folded.items()}
    return {"params": params}


def units() -> Iterator[tuple[str, tuple[int, ...]]]:
    """The names of the convolutions and the shapes [*window, I, O] of their kernels, by name."""
    images = jax.ShapeDtypeStruct((1, SIDE, SIDE, 3), jnp.float32)
    params = jax.eval_shape(Inception(TAPS).init, jax.random.key(0), images)["params"]
    return ((name, params[name]["kernel"].shape) for name in sorted(params) if name != "fc")


def random_variables(seed: int) -> PyTree:
    """Variables of the published form for tests: numpy, the same for a seed on every machine.

    Drawn as uniform float32 numbers of PCG64, unit by unit in the order of names, and within one as written below, so
    that activations neither vanish nor grow: kernels of variance 2 / fan-in, statistics near 0 and 1.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    between = lambda low, high, shape: (low + (high - low) * rng.random(shape, np.float32)).astype(np.float32)
    params, stats = {}, {}
    for name, shape in units():
        bound, features = math.sqrt(6 / math.prod(shape[:-1])), shape[-1:]
        kernel, scale = between(-bound, bound, shape), between(0.8, 1.2, features)
        params[name] = {"kernel": kernel, "scale": scale, "bias": between(-0.2, 0.2, features)}
        stats[name] = {"mean": between(-0.2, 0.2, features), "var": between(0.8, 1.2, features)}
    bound = math.sqrt(3 / 2048)
    params["fc"] = {"kernel": between(-bound, bound, (2048, 1008)), "bias": between(-0.2, 0.2, (1008,))}
    return {"params": params, "batch_stats": stats}
