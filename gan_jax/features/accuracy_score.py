"""Classification accuracy score: a classifier that saw samples only, tested on real images. arXiv:1905.10887."""

from __future__ import annotations

from typing import Any

import numpy as np
from flax import linen

from gan_jax.features import resnet
from gan_jax.features.classifier import fit, predict
from gan_jax.features.targets import checked
from gan_jax.metrics.classification import top_k_accuracy

PAPER_STEPS = 64_000  # of the ResNet-56 in arXiv:1512.03385


def classification_accuracy_score(
    fake_images: np.ndarray,
    fake_labels: np.ndarray,
    real_images: np.ndarray,
    real_labels: np.ndarray,
    num_classes: int,
    module: linen.Module | None = None,
    steps: int = PAPER_STEPS,
    seed: int = 0,
    **settings: Any,
) -> dict[str, float]:
    """The accuracy on real images of a classifier trained on samples alone (Ravuri & Vinyals, arXiv:1905.10887).

    Images uint8 [N, H, W, C]; as many samples as real training images, by the paper, and real images of the test split.
    module: by default a ResNet-56 up to 32 pixels, else a ResNet-50. steps: by default those of the ResNet-56 in
    arXiv:1512.03385. settings: further ones of `fit`.
    -> {"top1", "top5"}, from 0 to 1; top5 is 1 where there are no more than 5 classes. Raises ValueError as `fit`.
    """
    fake_images, fake_labels = checked(fake_images, fake_labels, num_classes, "fake")
    real_images, real_labels = checked(real_images, real_labels, num_classes, "real")
    if fake_images.shape[1:] != real_images.shape[1:]:
        raise ValueError(f"fake images are {fake_images.shape[1:]}, real ones {real_images.shape[1:]}: make them alike")
    if module is None:
        small = max(real_images.shape[1:3]) <= 32
        module = resnet.CifarResNet(num_classes, 56) if small else resnet.ResNet50(num_classes)
    variables = fit(module, fake_images, fake_labels, num_classes, steps, seed=seed, **settings)
    logits = predict(module, variables, real_images)
    return {
        "top1": top_k_accuracy(logits, real_labels, 1),
        "top5": top_k_accuracy(logits, real_labels, min(5, num_classes)),
    }
