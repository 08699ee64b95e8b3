"""What a recipe will cost, in a line, before it begins: images, work, memory."""

from __future__ import annotations

import math

from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.image_set import ImageSet
from gan_jax.evaluators.recipes import cas, measures, memorisation, probe
from gan_jax.evaluators.recipes.recipe import Recipe
from gan_jax.evaluators.sizes import Sizes
from gan_jax.features.accuracy_score import PAPER_STEPS
from gan_jax.metrics import neighbors, sliced_wasserstein

_WIDTHS = {"2048": 2048, "logits_unbiased": 1008, "fc": 4096}  # of taps; a classifier's are small
_WORTH_SAYING = 1 << 28  # bytes
_STREAMED = (measures.frechet, measures.frechet_infinity)  # the reference's features are not kept
_BY_PIXELS = (measures.swd, measures.ms_ssim, measures.ms_ssim_by_class, cas.cas)


def cost(evidence: Evidence, recipe: Recipe, sizes: Sizes) -> str:
    """How many images are drawn and read, what is done with them, and the memory that it takes where that is much.

    The time is not foretold: it depends on the machine, and the bars show it.
    """
    parts = []
    if sizes.n_fake:
        given = evidence.fake_set
        parts.append(f"draws {sizes.n_fake:,} samples" if given is None else f"reads {_of(sizes.n_fake, given)} images")
    if sizes.n_real and recipe.split is not None:
        parts.append(f"reads {_of(sizes.n_real, evidence.reals(recipe.split))} {recipe.split} images")
    if recipe.needs_both_splits:
        parts.append(f"reads {len(evidence.reals('test')):,} test images")
    parts += [work] if (work := _work(evidence, recipe, sizes)) else []
    if (memory := _memory(evidence, recipe, sizes)) >= _WORTH_SAYING:
        parts.append(f"about {memory / 1e9:.1f} GB of memory")
    if met := {cap for name, cap in sizes.caps.items() if cap == getattr(recipe, name)}:
        parts.append(f"it takes no more than {max(met):,}")
    return ", ".join(parts) or "looks at the run alone"


def _of(n: int, images: ImageSet) -> str:
    """ "8,192 of 9,000", or "9,000" where all are taken."""
    return f"{n:,}" if n == len(images) else f"{n:,} of {len(images):,}"


def _work(evidence: Evidence, recipe: Recipe, sizes: Sizes) -> str:
    n, m = sizes.n_fake, sizes.n_real
    if recipe.measure is measures.swd:
        return f"sorts 512 projections of {128 * n:,} patches of either side at each size"
    if recipe.measure in (measures.prdc, measures.improved_pr):
        return f"takes {n * n + m * m + n * m:,} distances"
    if recipe.measure is memorisation.memorisation:
        return f"takes {(n + len(evidence.reals('test'))) * m:,} distances"
    if recipe.measure in (measures.ms_ssim, measures.ms_ssim_by_class):
        return f"compares {recipe.settings['pairs']:,} pairs of each"
    if recipe.measure is cas.cas:
        return f"trains a classifier for {recipe.settings.get('steps', PAPER_STEPS):,} steps"
    if recipe.measure is probe.probe:
        return "fits a classifier to each tap of the discriminator"
    return ""


def _memory(evidence: Evidence, recipe: Recipe, sizes: Sizes) -> int:
    """Bytes on the host at the peak, roughly."""
    n, m = sizes.n_fake, sizes.n_real
    if (
        evidence.mixture is not None
        or recipe.needs_volumes
        or (evidence.fake_set is None and "train" not in evidence.real)
    ):
        return 0
    shape = (evidence.fake_set or evidence.reals("train")).shape
    if recipe.measure is probe.probe:
        return 3 * 4 * recipe.settings["most_features"] * m  # in float32, and standardised in float64
    images = (n + m) * math.prod(shape)
    if recipe.measure is measures.swd:
        return images + sliced_wasserstein.memory(n, shape[-1])
    if recipe.measure in _BY_PIXELS:
        return images
    width = math.prod(shape) if recipe.tap == "pixels" else _WIDTHS.get(recipe.tap or "", 64)
    kept = (0 if recipe.streamed and evidence.fake_set is not None else n) + (0 if recipe.measure in _STREAMED else m)
    return 4 * kept * width + 8 * max(4 * width**2, 3 * neighbors.CHUNK**2)
