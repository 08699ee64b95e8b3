"""Whether samples show what they were asked for: their classes, or their codes, by a classifier that knows real images."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.evaluators.classes import matched_labels
from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.recipes.recipe import Measured, Outcome, Recipe
from gan_jax.metrics.matching import best_matching
from gan_jax.nn.compiling import compiled

_drawn_z = compiled(lambda sampler, key, indices: sampler.starts(key, indices)["z"])


def class_accuracy(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> Outcome:
    """The share of samples that the classifier puts in their own class; that of real images beside it; and class by class.

    Classes are matched by their names. A classifier of attributes tells classes named for them, "no glasses and beard": all
    that the name says must be told. Images without a label are left out; a share's spread is its standard error.
    """
    net, tap = evidence.open(recipe.extractor), recipe.tap
    told = lambda logits, classes: _classes_told(logits, classes, net, recipe.extractor)
    fake_labels = evidence.fake_labels(n_fake)
    right = told(evidence.fake_features(recipe.extractor, tap, n_fake), evidence.classes)
    known = fake_labels >= 0
    right = right[np.arange(n_fake), fake_labels][known]
    real_labels = evidence.real_labels(recipe.split, n_real)
    real = told(evidence.real_features(recipe.split, recipe.extractor, tap, n_real), evidence.classes)
    of_real = real[np.arange(n_real), real_labels][real_labels >= 0]
    numbers = [_share("", right), *([_share("of_real", of_real)] if len(of_real) else [])]
    numbers += [
        _share(f"class{label}", right[fake_labels[known] == label]) for label in np.unique(fake_labels[known]).tolist()
    ]
    return Outcome(numbers, n_fake=len(right), n_real=len(of_real))


def code_matching(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> Outcome:
    """The share of samples whose first categorical code agrees with the class that the classifier sees, under the best
    matching of the code's values with classes, one to one. "value0", ...: the class that each value is matched with, -1 for
    none; "share0", ...: how many of its samples are of that class.

    Raises ValueError for a generator whose latents have no categorical code.
    """
    sampler = evidence.fake
    codes = [code for code in getattr(getattr(sampler, "latents", None), "codes", ()) if code.is_categorical]
    if not codes:
        raise ValueError("it is of generators with a categorical code among their latents (InfoGAN), and this has none")
    key = jax.random.key(evidence.seed)
    at = [_drawn_z(sampler, key, jnp.arange(i, i + 256, dtype=jnp.uint32)) for i in range(0, n_fake, 256)]
    values = np.argmax(np.asarray(codes[0].of(jnp.concatenate(at)))[:n_fake], -1)
    logits = evidence.fake_features(recipe.extractor, recipe.tap, n_fake)
    classes = np.argmax(logits, -1)
    share, matched = best_matching(values, classes, codes[0].size, logits.shape[1])
    numbers = [Measured("", share, float(np.sqrt(share * (1 - share) / n_fake)))]
    for value, label in enumerate(matched):
        numbers += [Measured(f"value{value}", float(label)), _share(f"share{value}", classes[values == value] == label)]
    return Outcome(numbers)


def _classes_told(logits: np.ndarray, classes: Sequence[str], net: object, name: str | None) -> np.ndarray:
    """bool [n, K]: whether the classifier says of image i that it is of class k of `classes`."""
    attributes = getattr(net, "attributes", ())
    if not attributes:
        own = matched_labels(np.arange(len(classes)), classes, net.classes, "the run", f"the classifier {name!r}")
        return np.argmax(logits, -1)[:, None] == own[None]
    wanted = [_wanted(each, attributes, name) for each in classes]
    has = logits > 0  # [n, attributes]
    return np.stack([np.all(has[:, list(want)] == np.array(list(want.values())), -1) for want in wanted], -1)


def _wanted(name: str, attributes: Sequence[str], classifier: str | None) -> dict[int, bool]:
    """ "no glasses and beard" -> {the place of glasses: False, that of beard: True}."""
    found = {}
    for part in name.split(" and "):
        bare = part.removeprefix("no ")
        if bare not in attributes:
            raise ValueError(
                f"the classifier {classifier!r} tells {', '.join(attributes)}, and the class {name!r} is no combination of "
                "these: take a classifier of the run's classes"
            )
        found[attributes.index(bare)] = part == bare
    return found


def _share(part: str, right: np.ndarray) -> Measured:
    share = float(np.mean(right)) if len(right) else float("nan")
    return Measured(part, share, float(np.sqrt(share * (1 - share) / max(len(right), 1))))
