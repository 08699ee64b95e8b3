"""Scoring: recipes, one after the other, on one body of evidence."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import gan_jax
from gan_jax.evaluators.evidence import Evidence, Need
from gan_jax.evaluators.image_set import ImageSet
from gan_jax.evaluators.recipes.recipe import Recipe
from gan_jax.evaluators.score import Score, today


class Failed(NamedTuple):
    """A recipe that gave no score, and why."""

    recipe: str
    reason: str


def judge(
    evidence: Evidence, recipes: Mapping[str, Recipe], facts: Mapping[str, Any]
) -> Iterator[list[Score] | Failed]:
    """For each recipe its scores, as soon as they are known, or why there are none.

    facts: of the records, what the evidence does not know: subject, step, weights, batch_norm.
    """
    sizes = {name: _sizes(evidence, recipe) for name, recipe in recipes.items()}
    for name, recipe in recipes.items():
        if not isinstance(sizes[name], str):
            evidence.expect(_needs(evidence, recipe, sizes[name][0]))
    for name, recipe in recipes.items():
        if isinstance(sizes[name], str):
            yield Failed(name, sizes[name])
            continue
        began = time.monotonic()
        try:
            measured = recipe.measure(evidence, recipe, *sizes[name])
            yield _scores(evidence, name, recipe, sizes[name], measured, facts, time.monotonic() - began)
        except (ValueError, OSError) as error:
            yield Failed(name, str(error))


def _sizes(evidence: Evidence, recipe: Recipe) -> tuple[int, int] | str:
    """(n_fake, n_real), or what is wrong, in a sentence."""
    try:
        n_real = 0
        if recipe.split is not None:
            real = evidence.reals(recipe.split)
            _check_alike(evidence.fake_set, real)
            n_real = len(real) if recipe.reals is None else recipe.reals
            if n_real > len(real):
                return f"it needs {n_real:,} {recipe.split} images, and {real.name} has {len(real):,}"
        n_fake = _fakes(evidence, recipe, n_real)
        if recipe.equal:
            n_fake = n_real = min(n_fake, n_real)
        if recipe.of_run and evidence.observer is None:
            return "it looks through a run's discriminator: name the run with --workdir"
        if recipe.apart and evidence.reals("train") is evidence.reals("test"):
            return f"it needs a training and a test split, and {evidence.reals('train').name} is one set"
        if recipe.by_class:
            _check_classes(evidence, recipe)
        fewest = min([n for n in (n_fake, n_real) if n], default=0)
        if recipe.fakes != 0 and fewest < recipe.smallest and not evidence.force:
            return (
                f"{fewest:,} images are too few: it means little below {recipe.smallest:,}; "
                "give more images, or force it with --force"
            )
        return n_fake, n_real
    except (ValueError, OSError) as error:
        return str(error)


def _fakes(evidence: Evidence, recipe: Recipe, n_real: int) -> int:
    if recipe.fakes == 0:
        return 0
    if evidence.fake_set is None:
        return recipe.fakes or n_real
    have = len(evidence.fake_set)
    if recipe.fewer:
        return min(have, recipe.fakes)
    if recipe.fakes is not None and have < recipe.fakes:
        raise ValueError(f"it needs {recipe.fakes:,} images, and {evidence.fake_set.name} has {have:,}")
    return recipe.fakes or have


def _check_alike(fake: ImageSet | None, real: ImageSet) -> None:
    if fake is not None and fake.shape != real.shape:
        one, other = (" x ".join(map(str, images.shape)) for images in (fake, real))
        raise ValueError(
            f"{fake.name} holds images of {one} and {real.name} of {other} (height x width x channels): "
            "scores compare images of one size; resize one of the sets"
        )


def _check_classes(evidence: Evidence, recipe: Recipe) -> None:
    labelled = evidence.fake_set.labels() is not None if evidence.fake_set is not None else evidence.fake.num_classes
    if not labelled:
        what = "these images have no labels" if evidence.fake_set is not None else "this generator is unconditional"
        raise ValueError(f"a score by class needs the class of every sample, and {what}")
    if recipe.split is not None and evidence.reals(recipe.split).labels() is None:
        raise ValueError(f"a score by class needs labels, and {evidence.reals(recipe.split).name} has none")


def _needs(evidence: Evidence, recipe: Recipe, n_fake: int) -> list[Need]:
    if not n_fake or evidence.fake_set is not None:
        return []
    return [Need(n_fake, recipe.extractor)]


def _scores(evidence, name, recipe, sizes, measured, facts, seconds) -> list[Score]:
    shared: dict[str, Any] = {
        "recipe": name,
        "settings": dict(recipe.settings),
        "n_fake": sizes[0] or None,
        "n_real": sizes[1] or None,
        "seed": evidence.seed,
        "version": gan_jax.__version__,
        "date": today(),
        "seconds": round(seconds, 2),
        **facts,
    }
    if recipe.split is not None:
        real = evidence.reals(recipe.split)
        shared |= {"reference": real.name, "split": real.split, "reference_hash": evidence.fingerprint(real)}
    if recipe.extractor is not None:
        net = evidence.open(recipe.extractor)
        shared |= {"extractor": net.name, "extractor_hash": net.weights, "resize": net.resize}
    if recipe.of_run:  # of the discriminator, which has no average and draws nothing
        shared |= {"weights": "raw", "batch_norm": "running", "truncation": None, "drawing": None, "n_fake": None}
    return [
        Score(
            name=f"{name}/{part}" if part else name,
            value=float(value),
            spread=None if spread is None else float(spread),
            tap=tap or recipe.tap,
            **shared,
        )
        for part, value, spread, tap in measured
    ]


def table(scores: Sequence[Score]) -> str:
    """Scores as lines of text: name, value, spread, and how many images of each side."""
    rows = [("score", "value", "spread", "samples", "reals", "split", "through")]
    for score in scores:
        rows.append(
            (
                score.name,
                f"{score.value:.5g}",
                "" if score.spread is None else f"{score.spread:.2g}",
                "" if score.n_fake is None else f"{score.n_fake:,}",
                "" if score.n_real is None else f"{score.n_real:,}",
                score.split or "",
                score.extractor or "",
            )
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    text = lambda row: "  ".join(
        cell.ljust(width) if i in (0, 5, 6) else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "\n".join(text(row).rstrip() for row in rows)
