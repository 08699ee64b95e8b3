"""Classification accuracy score: can a classifier that saw samples only tell real images apart? (arXiv:1905.10887)"""

from __future__ import annotations

from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.recipes.recipe import Measured, Recipe
from gan_jax.features.accuracy_score import classification_accuracy_score
from gan_jax.features.resnet import CifarResNet


def cas(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> list[Measured]:
    """Top-1 and top-5 accuracy on the test split, of a classifier trained on as many samples as there are training images.

    settings: "depth" of a ResNet for small images, in place of the paper's; the others are those of `fit`.
    """
    labels, n_test = evidence.fake_labels(n_fake), len(evidence.reals("test"))
    settings, classes = dict(recipe.settings), len(evidence.reals("test").classes)
    if depth := settings.pop("depth", None):
        settings["module"] = CifarResNet(classes, depth)
    found = classification_accuracy_score(
        evidence.fake_images(n_fake),
        labels,
        evidence.real_images("test", n_test),
        evidence.real_labels("test", n_test),
        classes,
        seed=evidence.seed,
        **settings,
    )
    return [Measured("", found["top1"]), Measured("top5", found["top5"])]
