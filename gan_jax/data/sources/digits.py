"""The 8 x 8 handwritten digits that come with scikit-learn."""

from __future__ import annotations

import numpy as np

from gan_jax.data.in_memory import InMemory
from gan_jax.names import one_of


class Digits(InMemory):
    """1,797 grey digits of 8 x 8 in 10 classes; their 17 levels are spread over 0..255.

    Args:
        split: "train" or "test". Every fifth digit of each class is in the test split.
    """

    def __init__(self, split: str = "train"):
        one_of(split, ("train", "test"), "digits: split")
        from sklearn.datasets import load_digits  # slow to import

        pixels, labels = load_digits(return_X_y=True)  # [N, 64] in 0..16, [N]
        images = np.round(pixels.reshape(-1, 8, 8, 1) * (255 / 16)).astype(np.uint8)
        is_test = np.zeros(len(labels), bool)
        for label in range(10):
            is_test[np.flatnonzero(labels == label)[4::5]] = True
        chosen = is_test if split == "test" else ~is_test
        names = [str(label) for label in range(10)]
        super().__init__(images[chosen], labels[chosen], names, f"Digits(split={split!r})")
