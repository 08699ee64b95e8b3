"""Classification accuracy score: can a classifier that saw samples only tell real images apart? (arXiv:1905.10887)"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from tqdm import tqdm

from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.recipes.recipe import Measured, Outcome, Recipe
from gan_jax.features.accuracy_score import PAPER_STEPS, classification_accuracy_score
from gan_jax.features.resnet import CifarResNet
from gan_jax.runtime.processes.processes import is_first


def cas(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> Outcome:
    """Top-1 and top-5 accuracy on the test split, of a classifier trained on as many samples as there are training images.

    settings: "depth" of a ResNet for small images, in place of the paper's; the others are those of `fit`. Classes of the
    test split are matched with the samples' by their names; images without a label are left out. Raises ValueError where
    the test split has images of a class of which there is no sample.
    """
    n_test, classes = min(len(evidence.reals("test")), recipe.most_reals or n_real), len(evidence.classes)
    labels, real_labels = evidence.fake_labels(n_fake), evidence.real_labels("test", n_test)
    known, real_known = labels >= 0, real_labels >= 0
    if missing := sorted({*real_labels[real_known].tolist()} - {*labels[known].tolist()}):
        names = ", ".join(repr(evidence.classes[label]) for label in missing[:3]) + (", ..." if missing[3:] else "")
        raise ValueError(
            f"the test split has images of the class {names}, of which there is no sample: a classifier cannot learn it, and its"
            " accuracy would tell of that alone. Give samples of every class"
        )
    settings = dict(recipe.settings)
    if depth := settings.pop("depth", None):
        settings["module"] = CifarResNet(classes, depth)
    with contextlib.closing(_Bar(evidence, settings.get("steps", PAPER_STEPS))) as bar:
        found = classification_accuracy_score(
            evidence.fake_images(n_fake)[known],
            labels[known],
            evidence.real_images("test", n_test)[real_known],
            real_labels[real_known],
            classes,
            seed=evidence.seed,
            progress=bar,
            **settings,
        )
    return Outcome([Measured("", found["top1"]), Measured("top5", found["top5"])], n_fake=int(known.sum()))


class _Bar:
    """Shows steps of training. Every tenth is waited for, so that what it shows is done."""

    def __init__(self, evidence: Evidence, steps: int):
        self._bar = tqdm(total=steps, desc="classifier", unit="step", disable=evidence.quiet or not is_first())

    def __call__(self, step: int, metrics: Mapping[str, Any]) -> None:
        if step % 10 == 0 or step == self._bar.total:
            float(metrics["loss"])
            self._bar.update(step - self._bar.n)

    def close(self) -> None:
        self._bar.close()
