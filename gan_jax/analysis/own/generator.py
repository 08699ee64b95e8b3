"""A sampler out of a plain function of one's own: latents in, images out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from gan_jax import ranges
from gan_jax.analysis.own.function import OwnFunction, own_function
from gan_jax.game import Edit
from gan_jax.latents import Latents, normal
from gan_jax.nn.tap import require_taps
from gan_jax.types import Array, Batch, PyTree, over_data

_TRIED, _AVERAGED = 8, 512  # latents that the function is tried on; whose codes w are averaged
_OUTSIDE = 0.05  # share of values that may lie outside the stated range: images of some generators overshoot a little


class OwnGenerator(struct.PyTreeNode):
    """What `own_generator` makes: a `gan_jax.game.Sampler`, and a pytree.

    traced: whether it can be differentiated. layers: of codes w. taps: the shapes of its named layers.
    psi: [layers], how far codes w are from their average, of what they are; None: all the way.
    """

    synthesis: OwnFunction = struct.field(pytree_node=False)
    mapping: OwnFunction | None = struct.field(pytree_node=False)
    variables: Any  # {"weights": ..., "average": [1, *w_shape] of w, "seen": [8, H, W, C]}: what tells one generator from another
    latents: Latents = struct.field(pytree_node=False)
    shape: tuple[int, ...] = struct.field(pytree_node=False)  # (H, W, C)
    w_shape: tuple[int, ...] = struct.field(pytree_node=False)  # of what the mapping makes: (W,) or (layers, W)
    taps: Mapping[str, tuple[int, ...]] = struct.field(pytree_node=False)
    low: float = struct.field(pytree_node=False)
    high: float = struct.field(pytree_node=False)
    psi: Any = None
    given: tuple[str, ...] = struct.field(pytree_node=False, default=())
    target: str = struct.field(pytree_node=False, default="image")
    num_classes: int = struct.field(pytree_node=False, default=0)
    statistics: str = struct.field(pytree_node=False, default="running")

    def __repr__(self) -> str:
        kind = "traced by JAX" if self.traced else "called from outside, without gradients"
        return f"OwnGenerator({self.synthesis.name}, {self.latents} -> {list(self.shape)}, {kind})"

    @property
    def maps(self) -> bool:
        """Whether there are codes w."""
        return self.mapping is not None

    @property
    def layers(self) -> int:
        """Of codes w: those that the mapping makes for each layer of its own, or one for all."""
        return self.w_shape[0] if len(self.w_shape) == 2 else 1

    @property
    def traced(self) -> bool:
        return self.synthesis.traced and (self.mapping is None or self.mapping.traced)

    def starts(self, key: Array, indices: Array, given: Batch | None = None) -> Batch:
        """{"z": [n, Z]}, of indices [n]; the same latents that any generator of this project has for this key."""
        of_latents = jax.random.fold_in(key, 0)
        return over_data({"z": jax.vmap(lambda i: self.latents.draw(jax.random.fold_in(of_latents, i), 1)[0])(indices)})

    def map(self, starts: Batch) -> Batch:
        """Codes: the starts, and {"w": [n, layers, W]}, truncated, where there is a mapping."""
        if self.mapping is None:
            return starts
        w, _ = self.mapping(self.variables["weights"], starts["z"], self.w_shape, {})
        if self.psi is not None:
            average = self.variables["average"]
            psi = self.psi.reshape((1, -1, 1) if len(self.w_shape) == 2 else (1, 1))
            w = jnp.where(psi == 1, w, average + psi * (w - average))
        return {**starts, "w": w.reshape(len(w), self.layers, -1)}

    def synthesize(
        self, codes: Batch, taps: tuple[str, ...] = (), edits: Mapping[str, Edit] | None = None
    ) -> tuple[Array, Mapping[str, Array]]:
        """Images [n, *shape] in [-1, 1], and the activations named by taps, as they are after the edits."""
        require_taps(taps, self.taps)
        require_taps(tuple(edits or ()), self.taps)
        x = codes["z"] if self.mapping is None else codes["w"].reshape(len(codes["w"]), *self.w_shape)
        asked = {name: self.taps[name] for name in taps}
        images, seen = self.synthesis(self.variables["weights"], x, self.shape, asked, edits)
        return (images - self.low) * (2 / (self.high - self.low)) - 1, seen

    def _tap_names(self, codes: Batch) -> Mapping[str, Any]:
        """The named layers, as any generator's."""
        return {name: jax.ShapeDtypeStruct((1, *shape), jnp.float32) for name, shape in self.taps.items()}


def own_generator(
    generate: Callable[..., Any] | None = None,
    *,
    latents: int | Latents,
    pixel_range: tuple[float, float],
    map: Callable[..., Any] | None = None,
    synthesize: Callable[..., Any] | None = None,
    weights: PyTree = None,
) -> OwnGenerator:
    """The sampler of a function: generate(z [n, Z]) -> images [n, H, W, C].

    Functions in JAX are traced, and have gradients. Others, in NumPy or PyTorch, are called as they are, from inside of
    JAX's programs, with NumPy arrays: all that only draws takes them; projection, steering and ablation by gradients do not.
    Image i must depend on z i alone: no batch statistics, no noise drawn inside.

    Args:
        generate: the function; or, where there are codes w, `map` and `synthesize` in its place.
        latents: Z, of N(0, 1); or a distribution, such as gan_jax.latents.uniform(64).
        pixel_range: what black and white are in its images: (-1, 1), (0, 1) or (0, 255).
        map: z [n, Z] -> w [n, W] or, a code a layer, [n, layers, W].
        synthesize: w, as `map` gives it -> images. It, or generate, may take an argument `layer` and call
            x = layer("block1", x) on activations [n, *space, C], channels last: these can then be looked at, and changed.
        weights: arrays, a pytree; given, all functions take them first: own_generator(net.apply, weights=variables, ...).

    Raises:
        ValueError: functions that cannot be called, images of another shape, range or kind, images that depend on their
            neighbours or on chance; each with what to change.
    """
    latents = _latents(latents)
    low, high = _range(pixel_range)
    if (generate is None) == (synthesize is None) or (map is None) != (synthesize is None):
        raise ValueError(
            "a generator is generate (z -> images), or map (z -> w) and synthesize (w -> images): one of the two"
        )
    z = np.asarray(latents.draw(jax.random.key(0), _TRIED), np.float32)
    mapping, x, w_shape, average = None, z, (), np.zeros(0, np.float32)
    if map is not None:
        mapping = own_function(map, "map", weights, z)
        x, _ = mapping.outside(weights, z)
        _check_codes(x)
        many = np.asarray(latents.draw(jax.random.key(1), _AVERAGED), np.float32)
        w_shape, average = x.shape[1:], mapping.outside(weights, many)[0].mean(0, keepdims=True)
    name = "generate" if synthesize is None else "synthesize"
    synthesis = own_function(generate or synthesize, name, weights, x, named=True)
    images, seen = synthesis.outside(weights, x)
    _check_images(name, images, low, high)
    _check_alone(synthesis, weights, x, images, high - low)
    taps = {layer: activation.shape[1:] for layer, activation in seen.items()}
    if wrong := [layer for layer, activation in seen.items() if len(activation) != _TRIED]:
        raise ValueError(f"layer({wrong[0]!r}, x) takes an activation [n, *space, C], of as many images as z has rows")
    variables = {"weights": weights, "average": jnp.asarray(average), "seen": jnp.asarray(images)}
    return OwnGenerator(synthesis, mapping, variables, latents, images.shape[1:], w_shape, _Frozen(taps), low, high)


class _Frozen(dict):
    """A dict that is a static part of a program: equal where its entries are."""

    def __hash__(self) -> int:
        return hash(tuple(self.items()))


def _latents(latents: int | Latents) -> Latents:
    if isinstance(latents, int | np.integer):
        ranges.whole("latents", latents)
        return normal(int(latents))
    if not callable(getattr(latents, "draw", None)) or not hasattr(latents, "dim"):
        raise ValueError(
            f"latents are Z, how many numbers a latent has, or a distribution of gan_jax.latents; got {latents!r}"
        )
    return latents


def _range(pixel_range: Any) -> tuple[float, float]:
    try:
        low, high = (float(each) for each in pixel_range)
    except (TypeError, ValueError):
        low, high = 0.0, 0.0
    if not np.isfinite([low, high]).all() or low >= high:
        raise ValueError(f"pixel_range is black and white, such as (-1, 1), (0, 1) or (0, 255); got {pixel_range!r}")
    return low, high


def _check_codes(w: np.ndarray) -> None:
    if w.ndim not in (2, 3) or len(w) != _TRIED or not np.isfinite(w).all():
        raise ValueError(
            f"map takes z [{_TRIED}, Z] to w [{_TRIED}, W], or [{_TRIED}, layers, W], all finite; it returned {list(w.shape)}"
        )


def _check_images(name: str, images: np.ndarray, low: float, high: float) -> None:
    """Raises ValueError unless these are as many images as were asked for, of the range that was said."""
    shape = list(images.shape)
    if images.ndim != 4 or len(images) != _TRIED or not 1 <= images.shape[-1] <= 4:
        first = images.ndim == 4 and images.shape[1] in (1, 3)
        hint = ": channels come last, so return images.transpose(0, 2, 3, 1), or .permute(0, 2, 3, 1)" if first else ""
        raise ValueError(
            f"{name} must return images [n, H, W, C] of {_TRIED} latents, C from 1 to 4; it returned {shape}{hint}"
        )
    if not np.isfinite(images).all():
        raise ValueError(f"{name} returned images that are not finite")
    found = f"its images of {_TRIED} latents have values from {images.min():.4g} to {images.max():.4g}"
    if np.mean((images < low) | (images > high)) > _OUTSIDE:
        raise ValueError(f"pixel_range is ({low:g}, {high:g}), and {found}: say what black and white are")
    if images.max() - images.min() < 0.01 * (high - low):
        raise ValueError(
            f"pixel_range is ({low:g}, {high:g}), and {found}, hardly any difference: say what black and white are"
        )


def _check_alone(synthesis: OwnFunction, weights: PyTree, x: np.ndarray, images: np.ndarray, span: float) -> None:
    """Raises ValueError where the same latents give other images, or other neighbours do."""
    if np.abs(synthesis.outside(weights, x)[0] - images).max() > 1e-3 * span:
        raise ValueError(
            f"{synthesis.name} gives other images for the same latents: it draws chance inside; fix its seed, or its noise"
        )
    if np.abs(synthesis.outside(weights, x[:1])[0] - images[:1]).max() > 1e-2 * span:
        raise ValueError(
            f"an image of {synthesis.name} depends on the latents beside its own: batch statistics; "
            "set the network to evaluate, as by .eval() in PyTorch"
        )
