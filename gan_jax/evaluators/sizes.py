"""How many images of either side a recipe takes, or why it takes none."""

from __future__ import annotations

from typing import Any, NamedTuple

from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.image_set import ImageSet
from gan_jax.evaluators.recipes.recipe import Recipe


class Sizes(NamedTuple):
    """Images that a recipe looks at.

    caps: for the record, limits that cut a set, the recipe's or the other set's number, {"most_reals": 150}.
    """

    n_fake: int
    n_real: int
    caps: dict[str, Any]


def sizes_of(evidence: Evidence, recipe: Recipe) -> Sizes:
    """Raises ValueError, with a sentence, where the evidence is not what the recipe needs. It looks at no pixel."""
    _check_kind(evidence, recipe)
    if recipe.smallest_side > 1:
        _check_side(evidence, recipe)
    caps: dict[str, Any] = {}
    n_real = 0
    if recipe.split is not None:
        real = evidence.reals(recipe.split)
        one_set = "train" in evidence.real and evidence.reals("train") is real
        if recipe.split == "test" and real.split != "test" and one_set:
            raise ValueError(
                f"it compares with a test split, and {real.name} has none: without _test in its name it compares with that"
            )
        _check_alike(evidence.fake_set, real)
        n_real = _at_most(recipe.most_reals, len(real), "most_reals", caps) if recipe.reals is None else recipe.reals
        if n_real > len(real):
            raise ValueError(f"it needs {n_real:,} {recipe.split} images, and {real.name} has {len(real):,}")
    n_fake = _fakes(evidence, recipe, caps)
    if recipe.equal_sizes:
        both = min(n_fake, n_real)
        n_fake, n_real = _at_most(both, n_fake, "most_fakes", caps), _at_most(both, n_real, "most_reals", caps)
    if recipe.needs_both_splits and evidence.reals("train") is evidence.reals("test"):
        raise ValueError(f"it needs a training and a test split, and {evidence.reals('train').name} is one set")
    if recipe.needs_labels:
        _check_classes(evidence, recipe)
    fewest = min([n for n in (n_fake, n_real) if n], default=0)
    if recipe.fakes != 0 and fewest < recipe.smallest and not evidence.force:
        raise ValueError(
            f"{fewest:,} images are too few: it means little below {recipe.smallest:,}; "
            "give more images, or force it with --force"
        )
    return Sizes(n_fake, n_real, caps)


def _check_kind(evidence: Evidence, recipe: Recipe) -> None:
    if recipe.needs_run and evidence.observer is None:
        raise ValueError("it looks through a run's discriminator: name the run with --workdir")
    if recipe.needs_mixture and evidence.mixture is None:
        raise ValueError("it counts the modes of a mixture of Gaussians: it is for runs on the data source toys")
    if recipe.needs_volumes and evidence.volumes is None:
        raise ValueError("it is of voxels, and these are not")
    if recipe.needs_latents and evidence.fake_set is not None:
        raise ValueError("it is of a generator's latent space, and these are images: name the run with --workdir")
    if recipe.needs_given or recipe.needs_pairs:
        if evidence.fake_set is not None or not evidence.fake.given:
            raise ValueError("it is of translations of images: name a run of pix2pix or CycleGAN with --workdir")
        if recipe.needs_pairs and not evidence.paired:
            raise ValueError(
                "it compares each translation with its own target, and the test data are unpaired: give pairs as"
                " evaluate.test"
            )
    if evidence.mixture is not None and not recipe.needs_mixture and not recipe.needs_run:
        raise ValueError("it is of images, and this run draws points: the recipe modes scores them")
    if evidence.volumes is not None and not recipe.needs_volumes and not recipe.needs_run:
        raise ValueError("it is of images, and this run makes voxels: shapes and nearest_shape score them")


def _check_side(evidence: Evidence, recipe: Recipe) -> None:
    if evidence.fake_set is None and "train" not in evidence.real:
        return  # samples, of which the shape is not known before they are drawn
    shape = (evidence.fake_set or evidence.reals("train")).shape
    if min(shape[:2]) < recipe.smallest_side:
        raise ValueError(
            f"it needs images of at least {recipe.smallest_side} pixels along each side, and these have "
            f"{shape[0]} x {shape[1]}"
        )


def _fakes(evidence: Evidence, recipe: Recipe, caps: dict[str, Any]) -> int:
    if recipe.fakes == 0:
        return 0
    if evidence.fake_set is None:
        if recipe.fakes is not None:
            return recipe.fakes
        if recipe.split is None:  # as many as there are, and there is no end of them
            return _at_most(recipe.most_fakes, recipe.most_fakes or 0, "most_fakes", caps)
        return _at_most(recipe.most_fakes, len(evidence.reals(recipe.split)), "most_fakes", caps)
    have = len(evidence.fake_set)
    if recipe.fakes is None:
        return have if recipe.streamed else _at_most(recipe.most_fakes, have, "most_fakes", caps)
    if recipe.allow_fewer:
        return min(have, recipe.fakes)
    if have < recipe.fakes:
        raise ValueError(f"it needs {recipe.fakes:,} images, and {evidence.fake_set.name} has {have:,}")
    return recipe.fakes


def _at_most(cap: int | None, n: int, name: str, caps: dict[str, Any]) -> int:
    if cap is None or n <= cap:
        return n
    caps[name] = cap
    return cap


def _check_alike(fake: ImageSet | None, real: ImageSet) -> None:
    if fake is not None and fake.shape != real.shape:
        one, other = (" x ".join(map(str, images.shape)) for images in (fake, real))
        raise ValueError(
            f"{fake.name} holds images of {one} and {real.name} of {other} (height x width x channels): "
            "scores compare images of one size; resize one of the sets"
        )


def _check_classes(evidence: Evidence, recipe: Recipe) -> None:
    if recipe.fakes != 0:
        of_set = evidence.fake_set is not None
        if not (evidence.fake_set.labels() is not None if of_set else evidence.fake.num_classes):
            what = "these images have no labels" if of_set else "this generator is unconditional"
            raise ValueError(f"a score by class needs the class of every sample, and {what}")
    if recipe.split is not None and evidence.reals(recipe.split).labels() is None:
        raise ValueError(f"a score by class needs labels, and {evidence.reals(recipe.split).name} has none")
