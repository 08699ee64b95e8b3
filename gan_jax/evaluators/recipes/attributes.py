"""How many samples have each attribute of the data: does the generator draw as many glasses as there are?"""

from __future__ import annotations

import numpy as np

from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.recipes.recipe import Measured, Outcome, Recipe
from gan_jax.metrics.attributes import attribute_shares, unsure_shares


def attributes(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> Outcome:
    """For each attribute the share of samples that have it, beside that of the real images; and how far apart they are.

    One classifier counts both sides, so that what it gets wrong is alike on both. A share's spread is its standard error
    over images. "unsure" is the share of answers, over all images and attributes, with a probability under
    settings["sure"]: far above the real images' there are samples that have half of something. The recipe's own number
    is the mean of |share - real share| over the attributes.
    """
    logits = {
        "": evidence.fake_features(recipe.extractor, recipe.tap, n_fake),
        "/of_real": evidence.real_features(recipe.split, recipe.extractor, recipe.tap, n_real),
    }
    names = evidence.open(recipe.extractor).attributes
    counted = {side: attribute_shares(told) for side, told in logits.items()}
    apart = np.mean(np.abs(counted[""][0] - counted["/of_real"][0]))
    shares = [
        Measured(f"{name}{side}", float(found[0][k]), float(found[1][k]))
        for k, name in enumerate(names)
        for side, found in counted.items()
    ]
    unsure = [
        Measured(f"unsure{side}", float(np.mean(unsure_shares(told, **recipe.settings))))
        for side, told in logits.items()
    ]
    return Outcome([Measured("", float(apart)), *shares, *unsure])
