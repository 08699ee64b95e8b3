"""How well a plane in latent space tells each attribute, and how attributes hang together (LT-GAN's Tables 2 and 3)."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.recipes.latent_space import latents_of
from gan_jax.evaluators.recipes.recipe import Measured, Outcome, Recipe
from gan_jax.metrics.boundary import Boundary, attribute_boundary, correlations


def svm_accuracy(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> Outcome:
    """For each attribute the share of the samples between both ends that a linear SVM of the latents tells rightly.

    The protocol of InterFaceGAN, see `metrics.boundary`; its share that was not in the fit, of the ends, is
    "NAME/validation", and the share of the rest with the classifier's own answers "NAME/by_zero". settings: space "z" or "w",
    share, trained. The recipe's own number is the mean over attributes; those of which all samples are of one kind are left
    out, and named in the record. Raises ValueError for a generator without that space, and where no attribute is left.
    """
    found, left_out = _boundaries(evidence, recipe, n_fake)
    numbers = [Measured("", float(np.mean([each.rest for each in found.values()])))]
    for name, each in found.items():
        parts = {"": each.rest, "/validation": each.validation, "/by_zero": each.by_zero}
        numbers += [Measured(name + part, value) for part, value in parts.items() if np.isfinite(value)]
    return Outcome(numbers, _record(left_out))


def boundary_cosines(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> Outcome:
    """For each pair of attributes the cosine between the normals of their planes; the recipe's own number: its mean size.

    settings and errors: as of `svm_accuracy`; with fewer than two attributes left a ValueError.
    """
    found, left_out = _boundaries(evidence, recipe, n_fake)
    normals = np.stack([each.normal for each in found.values()])
    pairs = _pairs(list(found), normals @ normals.T)
    return Outcome([_mean_size(pairs), *(Measured(name, value) for name, value in pairs.items())], _record(left_out))


def attribute_correlation(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> Outcome:
    """For each pair of attributes how their logits correlate over samples, and, "/of_real", over real images.

    One classifier looks at both. The recipe's own number: the mean size of the difference of both, over pairs.
    """
    names = evidence.open(recipe.extractor).attributes
    tables = {
        "": correlations(evidence.fake_features(recipe.extractor, recipe.tap, n_fake)),
        "/of_real": correlations(evidence.real_features(recipe.split, recipe.extractor, recipe.tap, n_real)),
    }
    pairs = {side: _pairs(names, table) for side, table in tables.items()}
    apart = {name: value - pairs["/of_real"][name] for name, value in pairs[""].items() if name in pairs["/of_real"]}
    told = [Measured(name + side, value) for side, each in pairs.items() for name, value in each.items()]
    return Outcome([_mean_size(apart), *told])


def _boundaries(evidence: Evidence, recipe: Recipe, n: int) -> tuple[dict[str, Boundary], dict[str, str]]:
    """The boundary of each attribute, and why there is none of the others."""
    latents = latents_of(evidence, recipe, n)
    if recipe.settings["space"] == "z":
        latents = latents[:, : getattr(evidence.fake, "z_used", latents.shape[1])]
    names = evidence.open(recipe.extractor).attributes
    logits = evidence.fake_features(recipe.extractor, recipe.tap, n)
    settings = {name: value for name, value in recipe.settings.items() if name != "space"}
    found, left_out = {}, {}
    for k in evidence.bar("hyperplanes", "attribute")(list(range(len(names)))):
        try:
            found[names[k]] = attribute_boundary(latents, logits[:, k], **settings, seed=evidence.seed)
        except ValueError as error:
            left_out[names[k]] = str(error)
    if not found:
        raise ValueError(f"no attribute has a plane: {'; '.join(f'{name}: {why}' for name, why in left_out.items())}")
    return found, left_out


def _record(left_out: dict[str, str]) -> dict[str, Any]:
    return {"left_out": left_out} if left_out else {}


def _pairs(names: Any, table: np.ndarray) -> dict[str, float]:
    """{"glasses-beard": ...} of a table [K, K], as far as they are numbers."""
    each = itertools.combinations(range(len(names)), 2)
    return {f"{names[i]}-{names[j]}": float(table[i, j]) for i, j in each if np.isfinite(table[i, j])}


def _mean_size(pairs: dict[str, float]) -> Measured:
    if not pairs:
        raise ValueError("there is no pair of attributes to compare")
    return Measured("", float(np.mean(np.abs(list(pairs.values())))))
