"""How the latent space lies: perceptual path length and linear separability (arXiv:1812.04948, section 4)."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.recipes.recipe import Measured, Outcome, Recipe
from gan_jax.metrics.perceptual_path import path_length
from gan_jax.metrics.separability import attribute_entropy
from gan_jax.nn.compiling import compiled
from gan_jax.nn.sphere import slerp
from gan_jax.types import Array, Batch, named_key

_AT_ONCE = 32


def perceptual_path(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> Outcome:
    """The mean over pairs of (distance of images a step epsilon apart) / epsilon^2, at t along the way between two samples.

    settings: space "z" (along the sphere) or "w" (straight on), sampling "full" (t anywhere) or "end" (t = 0), epsilon, and
    the percentiles low and high between which lengths count.
    Distance: the squared difference of an extractor's features, each of length 1. Images are not rounded; both of a step
    have one noise. Raises ValueError for a generator without that space.
    """
    sampler, space = _space(evidence, recipe)
    key, net = jax.random.key(evidence.seed), evidence.open(recipe.extractor)
    track = evidence.bar("steps", "batch")
    lengths = [
        np.asarray(
            _lengths(sampler, net, key, jnp.arange(first, first + _AT_ONCE, dtype=jnp.uint32), recipe_of(recipe))
        )
        for first in track(list(range(0, n_fake, _AT_ONCE)))
    ]
    estimate, kept = path_length(np.concatenate(lengths)[:n_fake], recipe.settings["low"], recipe.settings["high"])
    return Outcome([Measured("", estimate.value, estimate.spread)], {"kept": kept, "space": space})


def recipe_of(recipe: Recipe) -> tuple[str, bool, str, float]:
    """What a step depends on: the space, whether t is anywhere, the tap, epsilon."""
    settings = recipe.settings
    return settings["space"], settings["sampling"] == "full", recipe.tap or "", settings["epsilon"]


def step_lengths(sampler: Any, extractor: Any, key: Array, indices: Array, how: tuple[str, bool, str, float]) -> Array:
    """For each of `indices` [n] the length of its step: [n] float32. Pair i is elements 2 i and 2 i + 1 of key's sample."""
    space, anywhere, tap, epsilon = how
    one, other = (dict(sampler.map(sampler.starts(key, 2 * indices + k))) for k in (0, 1))
    t = jax.vmap(lambda i: jax.random.uniform(jax.random.fold_in(named_key(key, "path"), i)))(indices)
    t = t if anywhere else jnp.zeros_like(t)

    def image(t: Array) -> Array:
        a, b = one[space], other[space]
        t = jnp.broadcast_to(t.reshape(-1, *(1,) * (a.ndim - 2)), a.shape[:-1])
        here = slerp(a, b, t) if space == "z" else a + t[..., None] * (b - a)
        codes: Batch = {**one, space: here}
        if space == "z":
            codes = sampler.map({name: leaf for name, leaf in codes.items() if name != "w"})
        return extractor(jnp.clip(sampler.synthesize(codes)[0] * 127.5 + 127.5, 0.0, 255.0))[tap]

    unit = lambda f: f / jnp.sqrt(jnp.sum(jnp.square(f), -1, keepdims=True) + 1e-10)
    return jnp.sum(jnp.square(unit(image(t)) - unit(image(t + epsilon))), -1) / epsilon**2


_lengths = compiled(step_lengths, static_argnums=4)


def separability(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> Outcome:
    """2 to the sum over attributes of H(answer | side of a hyperplane) in bits; 1 is perfect. Each attribute's bits too.

    settings: space "z" or "w"; keep: the share of samples of which the classifier is surest, attribute by attribute.
    Raises ValueError for a generator without that space.
    """
    names = evidence.open(recipe.extractor).attributes
    latents = latents_of(evidence, recipe, n_fake)
    logits = evidence.fake_features(recipe.extractor, recipe.tap, n_fake)
    track = evidence.bar("hyperplanes", "attribute")
    bits = [attribute_entropy(latents, logits[:, k], recipe.settings["keep"]) for k in track(list(range(len(names))))]
    each = [Measured(name, value) for name, value in zip(names, bits, strict=True)]
    return Outcome([Measured("", float(2 ** sum(bits))), *each])


def latents_of(evidence: Evidence, recipe: Recipe, n: int) -> np.ndarray:
    """Latents z, or codes w of the first layer, [n, D], of the samples that scores are of: settings["space"].

    Raises ValueError for a generator without that space.
    """
    sampler, space = _space(evidence, recipe)
    key, found = jax.random.key(evidence.seed), []
    for first in range(0, n, 256):
        codes = _codes(sampler, key, jnp.arange(first, first + 256, dtype=jnp.uint32))
        found.append(np.asarray(codes[space][:, 0] if space == "w" else codes[space]))
    return np.concatenate(found)[:n]


_codes = compiled(lambda sampler, key, indices: _vectors(sampler.map(sampler.starts(key, indices))))


def _vectors(codes: Batch) -> Batch:
    return {name: codes[name] for name in ("z", "w") if name in codes}


def _space(evidence: Evidence, recipe: Recipe) -> tuple[Any, str]:
    """The sampler, and the space asked for."""
    sampler, space = evidence.fake, recipe.settings["space"]
    if sampler.given:
        raise ValueError("it is of generators of latents, and this one starts from images")
    if space == "w" and not getattr(sampler, "maps", False):
        raise ValueError("this generator has no mapping network, and so no codes w: take the recipe of z")
    return sampler, space
