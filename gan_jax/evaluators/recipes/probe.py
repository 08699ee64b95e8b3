"""Linear probes: how much a discriminator's frozen features know of classes that it was never told.

SS-GAN's measure of forgetting (arXiv:1811.11212, section 4.3 and figure 4). The paper's protocol is not fully known; this
is ours: the features of a tap, averaged over the image to the largest square map of at most 9,216 numbers, are
standardised with the training split's mean and deviation, a multinomial logistic regression with an L2 penalty is
fitted on the training split by L-BFGS, and its top-1 accuracy is taken on the test split. Each tap has its own probe.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import jax.numpy as jnp
from flax import struct

from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.recipes.recipe import Measured, Outcome, Recipe
from gan_jax.metrics.linear_probe import probe_accuracies
from gan_jax.types import Array


def pooled(activations: Array, most: int) -> Array:
    """[B, H, W, C] averaged in equal windows to the largest map of at most `most` numbers; [B, F] as it is. -> [B, F']."""
    if activations.ndim == 2:
        return activations
    b, h, w, c = activations.shape
    windows = [s for s in range(1, min(h, w) + 1) if h % s == 0 and w % s == 0]
    size = next((s for s in windows if (h // s) * (w // s) * c <= most), windows[-1])
    cells = activations.reshape(b, h // size, size, w // size, size, c)
    return jnp.mean(cells, (2, 4)).reshape(b, -1)


class PooledTaps(struct.PyTreeNode):
    """uint8 images [B, H, W, C] -> {tap: [B, F]}: the frozen discriminator's features, pooled."""

    observer: Callable[[Array], Mapping[str, Array]]
    most: int = struct.field(pytree_node=False)

    def __call__(self, images: Array) -> Mapping[str, Array]:
        seen = self.observer(images.astype(jnp.float32) / 127.5 - 1)
        return {tap: pooled(value, self.most) for tap, value in seen.items()}


def probe(evidence: Evidence, recipe: Recipe, n_fake: int, n_real: int) -> Outcome:
    """The test accuracy of a linear probe on each tap, the best of them, and how much higher each is on the training split.

    Images without a label are left out.

    Classes of the test split are matched with the training split's by their names. Raises ValueError where the test
    split has images of a class that the training split lacks.
    """
    if evidence.observer is None:
        raise ValueError("a probe looks through a run's discriminator: name the run with --workdir")
    sizes = {"train": n_real, "test": min(len(evidence.reals("test")), recipe.most_reals or n_real)}
    labels = {split: evidence.real_labels(split, n) for split, n in sizes.items()}
    known = {split: found >= 0 for split, found in labels.items()}
    taps = PooledTaps(evidence.observer, recipe.settings["most_features"])
    seen = {split: evidence.observed(split, taps, n) for split, n in sizes.items()}
    of = lambda split, tap: (seen[split][tap][known[split]], labels[split][known[split]])
    track = evidence.bar("probes", "tap")
    accuracies = {tap: probe_accuracies(*of("train", tap), *of("test", tap)) for tap in track(list(seen["train"]))}
    best = max(accuracies, key=lambda tap: accuracies[tap].test)
    numbers = [
        Measured("", accuracies[best].test),
        *(Measured(tap, each.test, tap=tap) for tap, each in accuracies.items()),
        *(Measured(f"{tap}/gap", each.gap, tap=tap) for tap, each in accuracies.items()),
    ]
    return Outcome(numbers, n_real=int(known["train"].sum()))
