"""SeFa: directions in closed form, of a generator's weights alone (Shen and Zhou, arXiv:2007.06600)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gan_jax.architectures import stylegan, stylegan2
from gan_jax.game import Sampler


def factorized(weights: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The directions n of length 1 that move A n the most, joined A = [weights] of [D, F_i] with columns of length 1.

    -> eigenvectors of A A^T as rows [D, D], and eigenvalues [D], from the largest on. A direction's sign is that of its
    largest entry. Columns that are 0 stay 0. Raises ValueError for weights of different D.
    """
    if len({len(each) for each in weights}) != 1:
        raise ValueError(
            f"weights are joined where they start from one space, not from {[len(each) for each in weights]}"
        )
    joined = np.concatenate([np.asarray(each, np.float64).reshape(len(each), -1) for each in weights], 1)  # [D, F]
    length = np.linalg.norm(joined, axis=0, keepdims=True)
    joined = joined / np.where(length > 0, length, 1.0)
    values, vectors = np.linalg.eigh(joined @ joined.T)  # from the smallest on
    return signed(vectors.T[::-1]), values[::-1]


def signed(vectors: np.ndarray) -> np.ndarray:
    """vectors [k, D], each with the sign that makes its largest entry positive: another machine finds the same."""
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(1)[:, None], 1)
    return vectors * np.where(largest < 0, -1.0, 1.0)


def first_weights(sampler: Sampler, layers: tuple[int, int] | None = None) -> tuple[str, list[np.ndarray]]:
    """What a generator does first to its space: the space, and kernels [D, F] (their scale is left out).

    Of a styled generator w and the styles of its layers (first .. after - 1; None: all): StyleGAN's of the normalisations,
    StyleGAN2's of the convolutions, and of the last layer, the image's. Of others z and the dense layer that it enters; what
    else it enters (a normalisation, say) is not looked at.
    Raises ValueError for layers of a generator without them, and a generator whose first layer is not known or sees a part
    of z.
    """
    generator, variables = getattr(sampler, "generator", None), getattr(sampler, "variables", None)
    if generator is None or variables is None:
        raise ValueError("SeFa reads a network's weights, and this generator does not show any: take --method=ganspace")
    params = variables["params"]
    if isinstance(generator, stylegan.Generator | stylegan2.Generator):
        styles = _styles(generator, params["synthesis"])
        first, after = layers or (0, len(styles))
        if missing := [layer for layer in range(first, after) if styles[layer] is None]:
            raise ValueError(f"layer {missing[0]} of this generator has no style (norm='pixel')")
        return "w", [np.asarray(styles[layer]) for layer in range(first, after)]
    if layers is not None:
        raise ValueError("layers are of generators with codes w; of this one SeFa reads the first layer")
    stem = params.get("stem", {})
    kernel = stem.get("kernel", stem.get("Dense_0", {}).get("kernel"))
    dim = sampler.latents.dim
    if kernel is None or hasattr(type(generator), "map"):
        raise ValueError(
            f"the first layer of a {type(generator).__module__} is not known to SeFa: take --method=ganspace"
        )
    labels = sampler.num_classes
    if len(kernel) not in (dim, dim + labels):
        raise ValueError(
            f"the first layer sees {len(kernel)} numbers, and z are {dim}: the others enter elsewhere; take --method=ganspace"
        )
    return "z", [np.asarray(kernel)[:dim]]  # labels, where they are joined, come behind z


def _styles(generator: Any, synthesis: Mapping[str, Any]) -> list[np.ndarray | None]:
    """The style's kernel [W, F] of each layer, in the order of the codes w."""
    layers: list[np.ndarray | None] = []
    if isinstance(generator, stylegan.Generator):
        for layer in range(generator.layers):
            epilogue = synthesis[f"level{layer // 2}_epilogue{layer % 2}"]
            layers.append(epilogue["style"]["kernel"] if "style" in epilogue else None)
        return layers
    for layer in range(generator.layers - 1):
        name = f"level{(layer + 1) // 2}_{'up' if layer % 2 else 'conv'}"
        layers.append(synthesis[name]["conv"]["style"]["kernel"])
    return [*layers, synthesis[f"level{generator.layers // 2 - 1}_to_image"]["style"]["kernel"]]
