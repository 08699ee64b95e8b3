"""The named recipes. A name says the protocol; what it leaves open, the record says.

Distances of the 2015 Inception are FID and KID. Through any other network they are named for that network: `fd_digits`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gan_jax.evaluators.recipes import measures, pairs, shapes, translation
from gan_jax.evaluators.recipes.cas import cas
from gan_jax.evaluators.recipes.memorisation import memorisation
from gan_jax.evaluators.recipes.modes import modes
from gan_jax.evaluators.recipes.probe import probe
from gan_jax.evaluators.recipes.recipe import Recipe
from gan_jax.evaluators.recipes.through import recipes_through
from gan_jax.metrics import ms_ssim, sliced_wasserstein
from gan_jax.names import nearest

_INCEPTION = {"extractor": "inception_2015", "tap": "2048"}
_CLEAN = {"extractor": "inception_2015/clean", "tap": "2048"}
_PRDC = MappingProxyType({"k": 5})

_NAMED = {
    # Which images FID is measured against differs from paper to paper, and with it the number.
    "fid50k": Recipe(
        measures.frechet, "FID, 50,000 samples against all training images", 50_000, smallest=2048, **_INCEPTION
    ),
    "fid50k_test": Recipe(
        measures.frechet, "FID, 50,000 samples against all test images", 50_000, split="test", smallest=2048, **_INCEPTION
    ),
    "fid10k_test": Recipe(
        measures.frechet, "FID, 10,000 samples against all test images", 10_000, split="test", smallest=2048, **_INCEPTION
    ),
    "fid5k_test": Recipe(
        measures.frechet, "FID, 5,000 samples against all test images", 5_000, split="test", smallest=2048, **_INCEPTION
    ),
    "fid50k_clean": Recipe(
        measures.frechet, "FID with the clean resize, 50,000 against all training images", 50_000, smallest=2048, **_CLEAN
    ),
    "fid_test": Recipe(
        measures.frechet, "FID, as many samples as test images, at most 50,000", most_fakes=50_000, streamed=True,
        split="test", smallest=2048, **_INCEPTION,
    ),
    "fid": Recipe(
        measures.frechet, "FID, all images of both sides; as many samples as reals, at most 50,000", most_fakes=50_000,
        streamed=True, smallest=2048, **_INCEPTION,
    ),
    "fid_infinity": Recipe(
        measures.frechet_infinity,
        "FID of 50,000 samples, extrapolated to infinitely many",
        50_000,
        smallest=5_000,
        settings=MappingProxyType({"points": 15, "smallest": 5_000}),
        **_INCEPTION,
    ),
    "intra_fid50k": Recipe(
        measures.intra_frechet, "FID within each class, 50,000 samples in all", 50_000, smallest=2048, needs_labels=True,
        **_INCEPTION,
    ),
    "kid50k": Recipe(
        measures.kernel,
        "KID, 50,000 samples and training images, 100 subsets of 1,000",
        50_000,
        50_000,
        smallest=100,
        settings=MappingProxyType({"subsets": 100, "subset_size": 1000}),
        **_INCEPTION,
    ),
    "kid": Recipe(
        measures.kernel,
        "KID, at most 50,000 of each, 100 subsets of at most 1,000",
        most_fakes=50_000,
        most_reals=50_000,
        smallest=100,
        settings=MappingProxyType({"subsets": 100, "subset_size": 1000}),
        **_INCEPTION,
    ),
    "is50k": Recipe(
        measures.inception,
        "Inception score, 50,000 samples in 10 splits",
        50_000,
        split=None,
        smallest=1000,
        extractor="inception_2015",
        tap="logits_unbiased",
        settings=MappingProxyType({"splits": 10}),
    ),
    "is": Recipe(
        measures.inception,
        "Inception score, all images, at most 50,000, in 10 splits",
        most_fakes=50_000,
        split=None,
        smallest=1000,
        extractor="inception_2015",
        tap="logits_unbiased",
        settings=MappingProxyType({"splits": 10}),
    ),
    "prdc10k": Recipe(
        measures.prdc, "precision, recall, density, coverage; 10,000 of each, k = 5", 10_000, 10_000, smallest=100,
        settings=_PRDC, **_INCEPTION,
    ),
    "prdc": Recipe(
        measures.prdc, "precision, recall, density, coverage; at most 10,000 of each, k = 5", most_fakes=10_000,
        most_reals=10_000, smallest=100, settings=_PRDC, **_INCEPTION,
    ),
    "pr50k": Recipe(
        measures.improved_pr,
        "improved precision and recall, 50,000 of each, VGG-16, k = 3",
        50_000,
        50_000,
        smallest=100,
        extractor="vgg16",
        tap="fc",
        settings=MappingProxyType({"k": 3}),
    ),
    "swd16k": Recipe(
        measures.swd, "sliced Wasserstein distance x 1000, 16,384 of each", 16_384, 16_384, smallest=64,
        smallest_side=sliced_wasserstein.PATCH, equal_sizes=True
    ),
    "swd": Recipe(
        measures.swd, "sliced Wasserstein distance x 1000, as many samples as reals, at most 8,192", most_fakes=8192,
        most_reals=8192, smallest=64, smallest_side=sliced_wasserstein.PATCH, equal_sizes=True,
    ),
    "ms_ssim10k": Recipe(
        measures.ms_ssim, "how alike 10,000 pairs of samples are (MS-SSIM), and of real images", 10_000,
        most_reals=10_000, smallest=142, smallest_side=ms_ssim.WINDOW, settings=MappingProxyType({"pairs": 10_000}),
    ),
    "ms_ssim": Recipe(
        measures.ms_ssim, "how alike 1,000 pairs of samples are (MS-SSIM), and of real images", 1_000,
        most_reals=10_000, smallest=46, smallest_side=ms_ssim.WINDOW, allow_fewer=True,
        settings=MappingProxyType({"pairs": 1_000}),
    ),
    "ms_ssim_by_class": Recipe(
        measures.ms_ssim_by_class,
        "MS-SSIM of 100 pairs of samples within each class",
        10_000,
        split=None,
        smallest_side=ms_ssim.WINDOW,
        needs_labels=True,
        allow_fewer=True,
        settings=MappingProxyType({"pairs": 100}),
    ),
    "cas": Recipe(
        cas, "accuracy on real test images of a classifier trained on samples, at most 50,000", most_fakes=50_000,
        most_reals=50_000, smallest=100, needs_labels=True, needs_both_splits=True,
    ),
    "cas_small": Recipe(
        cas,
        "the same with a ResNet-8 of 600 steps: minutes on a CPU, for small data sets",
        most_fakes=50_000,
        most_reals=50_000,
        smallest=100,
        needs_labels=True,
        needs_both_splits=True,
        settings=MappingProxyType({"depth": 8, "steps": 600, "shift": 2}),
    ),
    "probe": Recipe(
        probe,
        "accuracy of linear probes on the discriminator's features, at most 50,000 images of each split",
        0,
        most_reals=50_000,
        needs_labels=True,
        needs_run=True,
        needs_both_splits=True,
        settings=MappingProxyType(
            {"most_features": 9216, "fit": "L-BFGS, standardised", "trained_on": "train", "tested_on": "test"}
        ),
    ),
    "latent_transform": Recipe(
        pairs.latent_transform,
        "accuracy of LT-GAN's auxiliary net on fresh samples, at the trained sigma_eps and at others",
        0,
        split=None,
        needs_run=True,
        settings=MappingProxyType({"sigmas": (0.05, 0.1, 0.2, 0.5, 1.0, 2.0), "batches": 16, "batch_size": 64}),
    ),
    "pair_l1": Recipe(
        translation.pair_l1,
        "mean error by pixel of translations of all test pairs, in units of [-1, 1]; of one colour, and of the input",
        split="test",
        needs_pairs=True,
    ),
    "pair_sharpness": Recipe(
        translation.pair_sharpness,
        "how sharp translations of all test pairs are, over how sharp their targets are",
        split="test",
        smallest_side=2,
        needs_pairs=True,
    ),
    "cycle": Recipe(
        translation.cycle,
        "mean error by pixel of test images translated there and back, in units of [-1, 1]",
        split="test",
        needs_given=True,
    ),
    "memorisation": Recipe(
        memorisation,
        "nearest of at most 50,000 training images of samples, by pixels",
        1_000,
        most_reals=50_000,
        smallest=100,
        extractor="pixels",
        tap="pixels",
        needs_both_splits=True,
        allow_fewer=True,
    ),
    **shapes.RECIPES,
    "modes": Recipe(
        modes,
        "modes of a mixture of Gaussians that 10,000 points reach, and the share of points near one",
        10_000,
        split=None,
        needs_mixture=True,
        settings=MappingProxyType({"deviations": 3.0}),
    ),
    "modes2500": Recipe(
        modes,
        "the same of 2,500 points, as in PacGAN's tables",
        2_500,
        split=None,
        needs_mixture=True,
        settings=MappingProxyType({"deviations": 3.0}),
    ),
}  # fmt: skip


def known_recipes(classifiers: Mapping[str, str]) -> dict[str, str]:
    """Every recipe's name and what it is, in a line.

    classifiers: those at hand, {"digits": "classes"} and the like, and what their logits tell, "classes" or "attributes".
    """
    through = {name: recipe.about for name, recipe in recipes_through(classifiers)}
    return {name: recipe.about for name, recipe in _NAMED.items()} | through


def find_recipe(name: str, classifiers: Mapping[str, str]) -> Recipe:
    """The recipe of this name. Raises ValueError, with the nearest and all known names, where there is none."""
    found = _NAMED | dict(recipes_through(classifiers))
    if name in found:
        return found[name]
    known = list(known_recipes(classifiers))
    raise ValueError(f"there is no recipe {name!r}{nearest(name, known)}; known: {', '.join(known)}")
