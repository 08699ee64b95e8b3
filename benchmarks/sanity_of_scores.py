"""Does each offline score order sets of images rightly? Real against real, against real made worse, against noise.

    python benchmarks/sanity_of_scores.py --data=digits
    python benchmarks/sanity_of_scores.py --data=emoji --out=sanity.md

The reference is the training split. Each row is a set of as many images as the test split has: the test images, training
images, then test images blurred, under noise, with few modes (a tenth of them, repeated), and noise alone. Prints a
table, and whether each score puts worse sets further away than better ones.
"""

from __future__ import annotations

import argparse

import numpy as np
from PIL import Image, ImageFilter

from gan_jax.data import EightBit
from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.extractors import Extractors
from gan_jax.evaluators.image_set import ArraySet
from gan_jax.evaluators.judge import Failed, judge
from gan_jax.evaluators.recipes.named import find_recipe
from gan_jax.runtime.mesh import make_mesh
from gan_jax.setup.config import resolve
from gan_jax.setup.config_files import load_config
from gan_jax.setup.setup import Setup

# (better, worse) pairs that a score must tell apart.
ORDER = [("test", "blurred 1 px"), ("blurred 1 px", "blurred 2 px"), ("blurred 2 px", "noise")]
ORDER += [("test", "noise of 32 levels"), ("noise of 32 levels", "noise of 64 levels"), ("noise of 64 levels", "noise")]
ORDER += [("test", "a tenth, repeated")]


def sets(train: np.ndarray, test: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    n = len(test)
    disturbed = lambda sigma: np.clip(np.round(test + rng.normal(0, sigma, test.shape)), 0, 255).astype(np.uint8)
    return {
        "train, a part": train[np.sort(rng.permutation(len(train))[:n])],
        "test": test,
        "blurred 1 px": np.stack([blurred(image, 1) for image in test]),
        "blurred 2 px": np.stack([blurred(image, 2) for image in test]),
        "noise of 32 levels": disturbed(32),
        "noise of 64 levels": disturbed(64),
        "a tenth, repeated": np.resize(test[: max(2, n // 10)], test.shape),
        "noise": rng.integers(0, 256, test.shape, np.uint8),
    }


def blurred(image: np.ndarray, radius: float) -> np.ndarray:
    picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(radius))).reshape(image.shape)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", choices=("digits", "emoji", "faces"), default="digits")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", help="a file for the table, in Markdown")
    options = parser.parse_args()
    config = resolve(load_config(f"configs/sngan_{options.data}.py"))
    opened = lambda split: EightBit(Setup.of(config).source(split), Setup.of(config).preprocessing, split)
    real = {split: opened(split) for split in ("train", "test")}
    pixels = {split: images.images(np.arange(len(images))) for split, images in real.items()}
    names = [f"{kind}_{options.data}" for kind in ("fd", "kd", "prdc")] + ["swd", "ms_ssim", "memorisation"]
    extractors = Extractors()
    recipes = {name: find_recipe(name, extractors.classifiers) for name in names}
    rows = {}
    for label, images in sets(pixels["train"], pixels["test"], np.random.default_rng(options.seed)).items():
        evidence = Evidence(
            fake=ArraySet(images, name=label),
            real={split: lambda each=each: each for split, each in real.items()},
            open_extractor=extractors.open,
            mesh=make_mesh(),
            seed=options.seed,
            quiet=True,
        )
        rows[label] = {}
        for result in judge(evidence, recipes, {"subject": label}):
            if isinstance(result, Failed):
                raise SystemExit(f"{result.recipe}: {result.reason}")
            rows[label] |= {score.name: score.value for score in result}
    columns = [
        name for name in rows["test"] if not name.endswith(("/16", "/32", "of_real", "nearer_than_any_test_image"))
    ]
    lines = [f"| {options.data} | " + " | ".join(columns) + " |", "|---" * (1 + len(columns)) + "|"]
    for label, values in rows.items():
        lines.append(f"| {label} | " + " | ".join(f"{values[name]:.4g}" for name in columns) + " |")
    text = "\n".join(lines)
    print(text)
    for name in (f"fd_{options.data}", f"kd_{options.data}", "swd"):
        wrong = [f"{better} < {worse}" for better, worse in ORDER if rows[better][name] >= rows[worse][name]]
        print(f"{name}: " + (f"wrong: {'; '.join(wrong)}" if wrong else "every pair in order"))
    if options.out:
        with open(options.out, "w", encoding="utf-8") as file:
            file.write(text + "\n")


if __name__ == "__main__":
    main()
