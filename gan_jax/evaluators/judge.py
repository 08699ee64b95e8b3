"""Scoring: recipes, one after the other, on one body of evidence."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import gan_jax
from gan_jax.evaluators.cost import cost
from gan_jax.evaluators.evidence import Evidence, Need
from gan_jax.evaluators.extraction import require_fitting
from gan_jax.evaluators.recipes.recipe import Outcome, Recipe
from gan_jax.evaluators.score import Score, today
from gan_jax.evaluators.sizes import Sizes, sizes_of
from gan_jax.runtime.processes.processes import say


class Failed(NamedTuple):
    """A recipe that gave no score, and why."""

    recipe: str
    reason: str


def judge(
    evidence: Evidence, recipes: Mapping[str, Recipe], facts: Mapping[str, Any]
) -> Iterator[list[Score] | Failed]:
    """For each recipe its scores, as soon as they are known, or why there are none. Says first what each will cost.

    facts: of the records, what the evidence does not know: subject, step, weights, batch_norm.
    """
    sizes = {name: _sizes_or_reason(evidence, recipe) for name, recipe in recipes.items()}
    for name, recipe in recipes.items():
        if isinstance(sizes[name], Sizes) and (reason := _unseeable(evidence, recipe)):
            sizes[name] = reason  # else it would spoil the pass over the samples, which all recipes share
        if isinstance(found := sizes[name], Sizes):
            evidence.expect(_needs(evidence, recipe, found.n_fake))
            if not evidence.quiet:
                say(f"  {name}: {cost(evidence, recipe, found)}")
    for name, recipe in recipes.items():
        if isinstance(found := sizes[name], str):
            yield Failed(name, found)
            continue
        began = time.monotonic()
        try:
            outcome = recipe.measure(evidence, recipe, found.n_fake, found.n_real)
            yield _scores(evidence, name, recipe, found, outcome, facts, time.monotonic() - began)
        except (ValueError, OSError) as error:
            yield Failed(name, str(error))


def refusals(evidence: Evidence, recipes: Mapping[str, Recipe]) -> dict[str, str]:
    """Why there is no score, for each recipe that the evidence cannot give one. Nothing is drawn or read but sizes."""
    found = {name: _sizes_or_reason(evidence, recipe) for name, recipe in recipes.items()}
    return {name: reason for name, reason in found.items() if isinstance(reason, str)}


def _sizes_or_reason(evidence: Evidence, recipe: Recipe) -> Sizes | str:
    try:
        return sizes_of(evidence, recipe)
    except (ValueError, OSError) as error:
        return str(error)


def _unseeable(evidence: Evidence, recipe: Recipe) -> str | None:
    """Why the recipe's network cannot look at these images; None where it can, or where there is none."""
    if recipe.extractor is None or recipe.needs_mixture or recipe.needs_volumes:
        return None
    try:
        require_fitting(evidence.open(recipe.extractor), evidence.fake, evidence.given)
    except (ValueError, OSError) as error:
        return str(error)
    return None


def _needs(evidence: Evidence, recipe: Recipe, n_fake: int) -> list[Need]:
    if not n_fake or evidence.fake_set is not None or recipe.needs_mixture or recipe.needs_volumes:
        return []
    return [Need(n_fake, recipe.extractor)]


def _scores(
    evidence: Evidence,
    name: str,
    recipe: Recipe,
    sizes: Sizes,
    outcome: Outcome,
    facts: Mapping[str, Any],
    seconds: float,
) -> list[Score]:
    n_fake = sizes.n_fake if outcome.n_fake is None else outcome.n_fake
    n_real = sizes.n_real if outcome.n_real is None else outcome.n_real
    shared: dict[str, Any] = {
        "recipe": name,
        "settings": {**recipe.settings, **sizes.caps, **outcome.settings},
        "n_fake": n_fake or None,
        "n_real": n_real or None,
        "seed": evidence.seed,
        "version": gan_jax.__version__,
        "date": today(),
        "seconds": round(seconds, 2),
        **facts,
    }
    if recipe.split is not None:
        real = evidence.reals(recipe.split)
        digest = evidence.reference_hash(recipe.split, sizes.n_real, recipe.needs_both_splits, recipe.needs_labels)
        shared |= {"reference": real.name, "split": real.split, "reference_hash": digest}
    if evidence.fake_set is not None:
        shared["subject_hash"] = evidence.fingerprint(evidence.fake_set, sizes.n_fake)
    if recipe.extractor is not None:
        net = evidence.open(recipe.extractor)
        shared |= {"extractor": net.name, "extractor_hash": net.weights, "resize": net.resize}
    if recipe.needs_run:  # of the discriminator, which has no average and draws nothing
        shared |= {"weights": "raw", "batch_norm": "running", "truncation": None, "drawing": None, "n_fake": None}
    return [
        Score(
            name=f"{name}/{part}" if part else name,
            value=float(value),
            spread=None if spread is None else float(spread),
            tap=tap or recipe.tap,
            **shared,
        )
        for part, value, spread, tap in outcome.numbers
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
