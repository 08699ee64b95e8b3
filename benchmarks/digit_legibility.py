"""How many of a digits run's samples does a classifier read as one digit, beside the real test digits?

    python benchmarks/digit_legibility.py --workdir=runs/ssgan_digits

The classifier is a logistic regression on radial kernel features of the pixels, fitted on the training split: far from
every training digit its features vanish, so it is sure of nothing there. An image counts as legible where it gives one
digit a probability of 0.9 or more.
"""

from __future__ import annotations

import argparse
import json

import numpy as np
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from gan_jax.data import in_order
from gan_jax.run.work_folder import read_config
from gan_jax.setup.config import resolve
from gan_jax.setup.setup import Setup
from gan_jax.verbs.sample import draw, load_sampler

THRESHOLD = 0.9


def flat(images: np.ndarray) -> np.ndarray:
    """[N, H, W, C] in [-1, 1] -> [N, features] in [0, 1], at the 256 levels of a picture."""
    return np.round(np.clip(images, -1, 1) * 127.5 + 127.5).reshape(len(images), -1) / 255


def split_of(config: dict, split: str) -> tuple[np.ndarray, np.ndarray]:
    """(pixels [N, features], labels [N]) of a split, sized as the run sees it."""
    config = {**config, "data": {**config["data"], "split": split}}
    batches = list(in_order(Setup.of(config).source(), Setup.of(config).preprocessing, 256))
    return flat(np.concatenate([b["image"] for b in batches])), np.concatenate([b["label"] for b in batches])


def fitted(pixels: np.ndarray, labels: np.ndarray) -> Pipeline:
    """The classifier, of pixels [N, features] in [0, 1] with labels [N]."""
    kernel = Nystroem(gamma=1 / (pixels.shape[1] * pixels.var()), n_components=700, random_state=0)
    return make_pipeline(kernel, LogisticRegression(C=10, max_iter=2000)).fit(pixels, labels)


def legible(classifier: Pipeline, pixels: np.ndarray) -> np.ndarray:
    """The digits that the classifier is sure of: [n] of the N images."""
    probabilities = classifier.predict_proba(pixels)
    return probabilities.argmax(axis=1)[probabilities.max(axis=1) >= THRESHOLD]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workdir", required=True)
    parser.add_argument("--num", type=int, default=2000, help="samples to draw")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()

    config = resolve(read_config(arguments.workdir))
    pixels, labels = split_of(config, "train")
    classifier = fitted(pixels, labels)
    test_pixels, test_labels = split_of(config, "test")
    step, sampler = load_sampler(arguments.workdir)
    samples = flat(draw(sampler, arguments.num, arguments.seed)["image"])

    real = len(legible(classifier, test_pixels)) / len(test_pixels)
    digits = legible(classifier, samples)
    fake = len(digits) / len(samples)
    print(f"classifier: {100 * classifier.score(test_pixels, test_labels):.1f}% of the test digits right")
    print(f"legible: {100 * real:.1f}% of the test digits, {100 * fake:.1f}% of {len(samples)} samples of step {step}")
    print(f"samples / real: {fake / real:.3f}")
    counts = np.bincount(digits, minlength=10)
    print("digits among the legible samples: " + json.dumps(dict(enumerate(counts.tolist()))))


if __name__ == "__main__":
    main()
