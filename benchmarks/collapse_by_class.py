"""Which digits does a run drop, or draw all alike? Shares and MS-SSIM within a class, of samples and of real images.

    python benchmarks/collapse_by_class.py sngan=runs/sngan_digits_0,runs/sngan_digits_1 lt=runs/lt_digits_0

Samples of an unconditional model have no label: each is given that of the classifier of `digit_legibility.py`, and those of
which it is not sure are left out. A class is collapsed where its MS-SSIM is 0.25 above that of the real images of its class.
Mean over the runs of a group, and the range of the shares.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from digit_legibility import THRESHOLD, fitted, flat, split_of

from gan_jax.data import in_order
from gan_jax.metrics.ms_ssim_diversity import within_class_ms_ssim
from gan_jax.run.work_folder import read_config
from gan_jax.setup.config import resolve
from gan_jax.setup.setup import Setup
from gan_jax.verbs.sample import draw, load_sampler

ABOVE_REAL = 0.25


def by_class(images: np.ndarray, classify: Callable, pairs: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(shares [10] of the sure images, MS-SSIM [10] within each class, nan for one of fewer than 2 images)."""
    probabilities = classify(flat(images))
    sure = probabilities.max(axis=1) >= THRESHOLD
    digits = probabilities.argmax(axis=1)
    counts = np.bincount(digits[sure], minlength=10)
    kept = sure & (counts[digits] >= 2)
    _, found = within_class_ms_ssim(images[kept], digits[kept], pairs=pairs, seed=seed)
    return counts / sure.sum(), np.array([found.get(digit, np.nan) for digit in range(10)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("groups", nargs="+", help="NAME=FOLDER,FOLDER,...")
    parser.add_argument("--num", type=int, default=2000, help="samples of each run")
    parser.add_argument("--pairs", type=int, default=500, help="of each class")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    groups = {name: folders.split(",") for name, folders in (group.split("=", 1) for group in options.groups)}

    config = resolve(read_config(Path(next(iter(groups.values()))[0])))
    classifier = fitted(*split_of(config, "train"))
    real = np.concatenate(
        [batch["image"] for batch in in_order(Setup.of(config).source(), Setup.of(config).preprocessing, 256)]
    )
    of_real, real_likeness = by_class(real, classifier.predict_proba, options.pairs, options.seed)

    print("| digit | " + " | ".join(map(str, range(10))) + " | collapsed |\n" + "|---" * 12 + "|")
    print("| real: share | " + " | ".join(f"{share:.3f}" for share in of_real) + " | |")
    print("| real: MS-SSIM | " + " | ".join(f"{value:.2f}" for value in real_likeness) + " | |")
    for name, folders in groups.items():
        shares, likeness = [], []
        for folder in folders:
            _, sampler = load_sampler(folder)
            share, like = by_class(
                draw(sampler, options.num, options.seed)["image"], classifier.predict_proba, options.pairs, options.seed
            )
            shares.append(share)
            likeness.append(like)
        print(f"| {name}: share | " + " | ".join(f"{share:.3f}" for share in np.mean(shares, 0)) + " | |")
        spread = (f"{low:.3f} to {high:.3f}" for low, high in zip(np.min(shares, 0), np.max(shares, 0), strict=True))
        print(f"| {name}: range | " + " | ".join(spread) + " | |")
        collapsed = np.mean([np.sum(~(like < real_likeness + ABOVE_REAL)) for like in likeness])
        values = (f"{value:.2f}" for value in np.mean(likeness, 0))
        print(f"| {name}: MS-SSIM | " + " | ".join(values) + f" | {collapsed:.1f} |")


if __name__ == "__main__":
    main()
