"""Recipes that look through a classifier, and bear its name: never FID, `fd_digits`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from gan_jax.evaluators.recipes import latent_space, measures
from gan_jax.evaluators.recipes.attributes import attributes
from gan_jax.evaluators.recipes.boundaries import attribute_correlation, boundary_cosines, svm_accuracy
from gan_jax.evaluators.recipes.class_accuracy import class_accuracy, code_matching
from gan_jax.evaluators.recipes.memorisation import memorisation
from gan_jax.evaluators.recipes.modes import of_stacked
from gan_jax.evaluators.recipes.recipe import Recipe
from gan_jax.evaluators.recipes.translation import pair_distance

_THROUGH = {
    "fd_{}": Recipe(
        measures.frechet,
        "Frechet distance of {}'s features, as many samples as training images, at most 50,000",
        most_fakes=50_000,
        streamed=True,
    ),
    "fd_{}_test": Recipe(
        measures.frechet,
        "Frechet distance of {}'s features, against test images",
        most_fakes=50_000,
        streamed=True,
        split="test",
    ),
    "kd_{}": Recipe(
        measures.kernel,
        "kernel distance of {}'s features, at most 50,000 of each, 100 subsets of at most 1,000",
        most_fakes=50_000,
        most_reals=50_000,
        smallest=100,
        settings=MappingProxyType({"subsets": 100, "subset_size": 1000}),
    ),
    "prdc_{}": Recipe(
        measures.prdc,
        "precision, recall, density, coverage of {}'s features, at most 10,000 of each, k = 5",
        most_fakes=10_000,
        most_reals=10_000,
        smallest=100,
        settings=MappingProxyType({"k": 5}),
    ),
    "pair_distance_{}": Recipe(
        pair_distance,
        "1 - cosine of {}'s features of translations of all test pairs and of their targets",
        split="test",
        needs_pairs=True,
    ),
    "memorisation_{}": Recipe(
        memorisation,
        "nearest of at most 50,000 training images of samples, by {}'s features",
        1_000,
        most_reals=50_000,
        smallest=100,
        needs_both_splits=True,
        allow_fewer=True,
    ),
}
_THROUGH_CLASSES = {
    "class_accuracy_{}": Recipe(
        class_accuracy,
        "share of at most 10,000 samples that {} puts in their own class",
        most_fakes=10_000,
        most_reals=10_000,
        smallest=100,
        tap="logits",
        needs_labels=True,
    ),
    "code_matching_{}": Recipe(
        code_matching,
        "share of 10,000 samples whose code agrees with the class that {} sees, under the best matching",
        10_000,
        split=None,
        smallest=100,
        tap="logits",
        needs_latents=True,
    ),
    "is_{}": Recipe(
        measures.inception,
        "Inception score's formula with {}'s logits",
        10_000,
        split=None,
        smallest=1000,
        allow_fewer=True,
        tap="logits",
        settings=MappingProxyType({"splits": 10}),
    ),
}
_THROUGH_ATTRIBUTES = {
    "class_accuracy_{}": Recipe(
        class_accuracy,
        "share of at most 10,000 samples with the attributes that their class is named for, as {} tells them",
        most_fakes=10_000,
        most_reals=10_000,
        smallest=100,
        tap="logits",
        needs_labels=True,
    ),
    "attributes_{}": Recipe(
        attributes,
        "shares of samples and training images, at most 50,000 of each, with each attribute that {} tells",
        most_fakes=50_000,
        most_reals=50_000,
        smallest=100,
        tap="logits",
        settings=MappingProxyType({"sure": 0.9}),
    ),
    "attribute_correlation10k_{}": Recipe(
        attribute_correlation,
        "how far the correlations of the attributes that {} tells are from the training images', 10,000 samples",
        10_000,
        most_reals=50_000,
        smallest=100,
        tap="logits",
    ),
}

for _count, _name in ((26_000, "26k"), (2_600, "2600")):
    _THROUGH_CLASSES[f"stacked_modes{_name}_{{}}"] = Recipe(
        of_stacked,
        f"combinations of classes that {_count:,} samples reach, a channel a class by {{}}, and KL from uniform",
        _count,
        split=None,
        extractor="{}/by_channel",
        tap="logits",
        settings=MappingProxyType({"classes": 10, "sure": 0.9}),
    )

for _space in ("z", "w"):
    for _sampling in ("full", "end"):
        _THROUGH[f"ppl_{_space}_{_sampling}10k_{{}}"] = Recipe(
            latent_space.perceptual_path,
            f"perceptual path length in {_space} by {{}}'s features, 10,000 pairs, t "
            + ("anywhere" if _sampling == "full" else "at the ends"),
            10_000,
            split=None,
            needs_latents=True,
            settings=MappingProxyType({"space": _space, "sampling": _sampling, "epsilon": 1e-3, "low": 1, "high": 99}),
        )
    _THROUGH_ATTRIBUTES[f"separability_{_space}10k_{{}}"] = Recipe(
        latent_space.separability,
        f"linear separability in {_space} of the attributes that {{}} tells, the surest half of 10,000 samples",
        10_000,
        split=None,
        smallest=100,
        tap="logits",
        needs_latents=True,
        settings=MappingProxyType({"space": _space, "keep": 0.5}),
    )
    for _count, _name in ((500_000, "500k"), (10_000, "10k")):  # the paper's, and one for hours of a CPU
        _ends = f"the 2 % of {_count:,} samples with most and with least of each attribute that {{}} tells"
        for _measure, _what, _told in (
            (svm_accuracy, "svm", "accuracy on the rest of a linear SVM"),
            (boundary_cosines, "cosines", "mean size of the cosines between the normals of linear SVMs"),
        ):
            _THROUGH_ATTRIBUTES[f"{_what}_{_space}{_name}_{{}}"] = Recipe(
                _measure,
                f"{_told} in {_space} of {_ends}",
                _count,
                split=None,
                smallest=1000,
                tap="logits",
                needs_latents=True,
                settings=MappingProxyType({"space": _space, "share": 0.02, "trained": 0.7}),
            )


def recipes_through(classifiers: Mapping[str, str]) -> Iterator[tuple[str, Recipe]]:
    """The recipes that look through each of the classifiers."""
    for through, told in classifiers.items():
        patterns = _THROUGH | (_THROUGH_ATTRIBUTES if told == "attributes" else _THROUGH_CLASSES)
        for pattern, recipe in patterns.items():
            about, tap = recipe.about.format(through), recipe.tap or "pooled"
            extractor = (recipe.extractor or "{}").format(through)
            yield pattern.format(through), dataclasses.replace(recipe, extractor=extractor, tap=tap, about=about)
