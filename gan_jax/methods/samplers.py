"""Drawing from a trained generator of latents, and the ways of drawing that wrap it.

Wrappers are applied in this order: latent truncation, statistics of batch normalisation (standing ones depend on the
truncation), noise, directions (`analysis.directions`), label.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import errors, linen, struct

from gan_jax.game import Edit
from gan_jax.latents import Latents
from gan_jax.methods.one_by_one import one_by_one
from gan_jax.nn.noise import NOISE_SCALE
from gan_jax.nn.tap import activations, as_collection, require_taps
from gan_jax.types import Array, Batch, named_key, over_data

BATCH_NORM = ("running", "batch", "standing")
NOISE = ("new", "fixed", "none")


class GeneratorSampler(struct.PyTreeNode):
    """A generator (z, label) -> images and its variables, frozen: a `gan_jax.game.Sampler`, and a pytree.

    Image i is a function of weights, key and i, and so is the noise of layers that draw some: each image has a noise key
    of its own. The exception is `of_batch`, where batch normalisation uses the statistics of the very batch being drawn.

    growth: keyword arguments of a generator that grows, {"shape": (H, W, C), "fade": []}; the fade is traced.
    noise: "new" for every image; "fixed": image 0's for all; "none": the layers' noise is left out.
    psi: [layers], how far codes w are from their average, of what they are; None: all the way. See `with_truncation`.
    """

    generator: linen.Module = struct.field(pytree_node=False)
    variables: Any
    latents: Latents = struct.field(pytree_node=False)
    num_classes: int = struct.field(pytree_node=False, default=0)
    shape: tuple[int, ...] | None = struct.field(pytree_node=False, default=None)
    fade: Any = None
    psi: Any = None
    target: str = struct.field(pytree_node=False, default="image")
    of_batch: bool = struct.field(pytree_node=False, default=False)
    noise: str = struct.field(pytree_node=False, default="new")
    statistics: str = struct.field(pytree_node=False, default="running")

    def __repr__(self) -> str:  # without its weights
        of = type(self.generator)
        rest = f"{self.latents}, num_classes={self.num_classes}, shape={self.shape}"
        return f"{type(self).__name__}({of.__module__}.{of.__name__}, {rest})"

    @property
    def given(self) -> tuple[str, ...]:
        """Nothing but chance."""
        return ()

    # --- from chance to images

    def starts(self, key: Array, indices: Array, given: Batch | None = None) -> Batch:
        """{"z": [n, Z], "label": [n] where there are classes, "noise": [n] keys where layers draw}, of indices [n]."""
        of_latents, of_labels = jax.random.fold_in(key, 0), jax.random.fold_in(key, 1)
        starts = {"z": jax.vmap(lambda i: self.latents.draw(jax.random.fold_in(of_latents, i), 1)[0])(indices)}
        if self.num_classes:
            one = lambda i: jax.random.randint(jax.random.fold_in(of_labels, i), (1,), 0, self.num_classes)[0]
            starts["label"] = jax.vmap(one)(indices)
        if self._draws_noise:
            of_noise = named_key(key, "noise")
            seen = jnp.zeros_like(indices) if self.noise == "fixed" else indices
            starts["noise"] = jax.vmap(lambda i: jax.random.fold_in(of_noise, i))(seen)
        return over_data(starts)

    def map(self, starts: Batch) -> Batch:
        """Codes: the starts, and {"w": [n, layers, W]}, truncated, where the generator has a mapping network."""
        if not self.maps:
            return starts
        label = starts.get("label") if self.num_classes else None
        w = self.generator.apply(self.variables, starts["z"], label, method="map", **self._growth)
        if self.psi is not None:
            average = self.variables["averages"]["w"].reshape(1, 1, -1)
            psi = self.psi.reshape(1, -1, 1)
            w = jnp.where(psi == 1, w, average + psi * (w - average))
        return {**starts, "w": w}

    @property
    def maps(self) -> bool:
        """Whether the generator has a mapping network: whether there are codes w."""
        return hasattr(type(self.generator), "map")

    @property
    def z_used(self) -> int:
        """How many numbers of z, the first, an image is made of: half of them where the rest are for mixing in training."""
        return self.latents.dim // 2 if getattr(self.generator, "other_latents", None) == "given" else self.latents.dim

    @property
    def layers(self) -> int:
        """Of codes w, of a generator that has them."""
        return self.generator.layers

    @property
    def _growth(self) -> dict[str, Any]:
        return {} if self.shape is None else {"shape": self.shape, "fade": self.fade}

    def synthesize(
        self, codes: Batch, taps: tuple[str, ...] = (), edits: Mapping[str, Edit] | None = None
    ) -> tuple[Array, Mapping[str, Array]]:
        """Images [n, *shape] in [-1, 1], and the activations named by taps, as they are after the edits."""
        if edits or taps:
            known = self._tap_names(codes)
            require_taps(taps, known)
            require_taps(tuple(edits or ()), known)
        edits = dict(edits or {})
        if "noise" not in codes or self.of_batch:  # neighbours matter there: one noise for the batch
            images, sown = self._apply(codes, edits, bool(taps))
        else:
            images, sown = one_by_one(self._apply, codes, edits, bool(taps))
        return images, {name: sown[name] for name in taps}

    @functools.cached_property
    def _draws_noise(self) -> bool:
        """Whether a layer of the generator asks for random numbers."""
        z = jax.ShapeDtypeStruct((1, self.latents.dim), jnp.float32)
        run = lambda z: self._run(self.map({"z": z, "label": jnp.zeros(1, jnp.int32)}), {}, [], rngs={})
        try:
            jax.eval_shape(run, z)
        except errors.InvalidRngError:
            return True
        return False

    def _tap_names(self, codes: Batch) -> Mapping[str, Any]:
        """The names of all taps, by tracing."""
        one = jax.eval_shape(lambda codes: jax.tree.map(lambda leaf: leaf[:1], codes), codes)
        return jax.eval_shape(lambda codes: self._apply(codes, {}, True)[1], one)

    def _apply(self, codes: Batch, edits: Mapping[str, Edit], taps: bool) -> tuple[Array, Mapping[str, Array]]:
        images, sown = self._run(codes, edits, ["taps"] if taps else [])
        return images, activations(sown)

    def _run(self, codes: Batch, edits: Mapping[str, Edit], mutable: list[str], rngs: Any = None, train: bool = False):
        if rngs is None:
            rngs = {"noise": codes["noise"][0] if "noise" in codes else jax.random.key(0)}
        variables = {**self.variables, **({"edits": as_collection(edits)} if edits else {})}
        label = codes.get("label") if self.num_classes else None
        made_of, method = (codes["w"], "synthesize") if self.maps else (codes["z"], None)
        options = {"train": train or self.of_batch, "rngs": rngs, "mutable": mutable or False, "method": method}
        out = self.generator.apply(variables, made_of, label, **options, **self._growth)
        return out if mutable else (out, {})

    def _moments(self, key: Array, batch_size: int) -> Any:
        """The moments of a batch that is drawn anew, at the names of the running statistics."""
        codes = self.map(self.starts(key, jnp.arange(batch_size)))
        _, moved = self._run(codes, {}, ["batch_stats", "batch_moments"], train=True)
        return jax.tree.map(lambda sown: sown[0], moved["batch_moments"], is_leaf=lambda x: isinstance(x, tuple))


class Labelled(struct.PyTreeNode):
    """A sampler whose images are all of one class."""

    sampler: Any
    label: int = struct.field(pytree_node=False)

    def starts(self, key: Array, indices: Array, given: Batch | None = None) -> Batch:
        starts = dict(self.sampler.starts(key, indices, given))
        return starts | {"label": jnp.full(indices.shape, self.label, jnp.int32)}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.sampler, name)


def with_batch_norm(
    sampler: GeneratorSampler, statistics: str, key: Array, passes: int = 16, batch_size: int = 64
) -> GeneratorSampler:
    """The same, with batch normalisation by other statistics.

    statistics: "running": as training left them (of their average, where the weights are averaged).
        "batch": those of the very batch being drawn: an image then depends on its neighbours.
        "standing": the mean over `passes` batches of `batch_size`, drawn anew with these weights and this truncation
        (BigGAN, arXiv:1809.11096, appendix D). Jit this function: it runs the generator.
    """
    if statistics not in BATCH_NORM:
        raise ValueError(f"batch normalisation is by one of {', '.join(BATCH_NORM)}, not {statistics!r}")
    if passes < 1:
        raise ValueError(f"standing statistics are the mean of 1 pass or more, got {passes}")
    if statistics == "running":
        return sampler
    require_unlabelled(sampler)
    if not hasattr(sampler, "of_batch"):
        raise ValueError(f"this sampler knows running statistics alone, not {statistics!r} ones")
    sampler = sampler.replace(statistics=statistics, of_batch=statistics == "batch")
    if statistics == "batch" or not sampler.variables.get("batch_stats"):
        return sampler
    each = jax.lax.map(lambda i: sampler._moments(jax.random.fold_in(key, i), batch_size), jnp.arange(passes))
    standing = jax.tree.map(lambda m: jnp.mean(m, 0), each)
    return sampler.replace(variables={**sampler.variables, "batch_stats": standing})


def with_noise(sampler: GeneratorSampler, noise: str) -> GeneratorSampler:
    """The same, with the noise of its layers "new" for every image, "fixed" for all images, or "none"."""
    if noise not in NOISE:
        raise ValueError(f"noise is {', '.join(NOISE)}, not {noise!r}")
    require_unlabelled(sampler)
    if not isinstance(sampler, GeneratorSampler) or not sampler._draws_noise:
        raise ValueError("this sampler's networks draw no noise: there is none to choose")
    sampler = sampler.replace(noise=noise)
    if noise != "none":
        return sampler
    off = lambda path, leaf: jnp.zeros_like(leaf) if getattr(path[-1], "key", None) == NOISE_SCALE else leaf
    return sampler.replace(variables=jax.tree.map_with_path(off, sampler.variables))


def with_label(sampler: Any, label: int | None) -> Any:
    """The same, all of one class; None leaves it as it is. Raises ValueError for a class that there is not."""
    if label is None:
        return sampler
    if not sampler.num_classes:
        raise ValueError("this model is unconditional: it takes no label")
    if not 0 <= label < sampler.num_classes:
        raise ValueError(f"label must be 0 to {sampler.num_classes - 1}, got {label}")
    return Labelled(sampler, label)


def require_unlabelled(sampler: Any) -> None:
    """Raises ValueError for a sampler whose label is chosen already, or whose codes are moved."""
    if hasattr(sampler, "amounts"):
        raise ValueError("take directions last: first truncation, then statistics, then noise, then directions")
    if isinstance(sampler, Labelled):
        raise ValueError("choose the label last: first truncation, then statistics, then noise, then the label")


def sampler_of(
    module: linen.Module, network: Any, average: bool, latents: Latents, **settings: Any
) -> GeneratorSampler:
    """The sampler of a trained generator. network: its `types.Network`; average: by its moving average, where it keeps one."""
    weights = network.ema if average and network.ema else {"params": network.params, "stats": network.stats}
    return GeneratorSampler(module, {"params": weights["params"], **weights["stats"]}, latents, **settings)
