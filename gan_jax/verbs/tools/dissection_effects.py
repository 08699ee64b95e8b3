"""What `analyse --tool=dissection` does to units: sets are ablated, and inserted at places."""

from __future__ import annotations

import dataclasses

import numpy as np
from absl.flags import FlagValues

from gan_jax.analysis.dissection.interventions import Effect, ablating, causal_effect, effects_of_units
from gan_jax.analysis.dissection.optimised import Found, first_alpha, judged, optimised_set
from gan_jax.analysis.dissection.placing import Placing, placing
from gan_jax.analysis.dissection.sites import Present, Sites, candidate_sites, present_sites
from gan_jax.analysis.dissection.units import Dissection
from gan_jax.analysis.segmentation import Segmentation
from gan_jax.game import Sampler
from gan_jax.runtime.processes.processes import say
from gan_jax.types import Array

_RANDOM_SETS = 3
_MOST_SITES, _JUDGED = 240, 6  # of which every sixth judges a set and is not learned from
_MOST_REALS = 5000


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A class and a set of units. effect: of ablating it everywhere; random: of as many other units, each set's.

    single: the effect of each unit of the set by itself. judged, candidates: at places; None where nothing can be inserted,
    and why. found: how it was optimised.
    """

    name: str
    units: np.ndarray
    effect: Effect
    random: list[Effect]
    single: list[Effect]
    present: Present
    candidates: Sites | None = None
    judged: dict[str, float] | None = None
    why_not: str = ""
    found: Found | None = None
    places: Placing | None = None


def experiment(
    values: FlagValues, sampler: Sampler, found: Segmentation, key: Array, dissection: Dissection, name: str
) -> Experiment:
    """All that is asked of one class. Raises ValueError where it is on no pixel."""
    say(f"{name}: what units cause")
    layer, count = values.layer, dissection.units
    present = present_sites(sampler, layer, found, name, key, range(values.num), _MOST_SITES)
    candidates, why_not = None, ""
    try:
        others = range(values.num, 2 * values.num)
        candidates = candidate_sites(
            sampler, layer, found, name, key, others, present, _MOST_SITES, seed=values.seed % 2**31
        )
    except ValueError as error:
        why_not = str(error)
    size, search = min(values.units, count), None
    units = dissection.ranked(name)[:size]
    if values.optimise and candidates is not None:
        search = optimised_set(
            sampler, layer, found, name, key, _part(present.sites, False), _part(candidates, False), present.values,
            first_alpha(dissection, name), seed=values.seed % 2**31,
        )  # fmt: skip
        units = search.units(size) if search.alpha.max() > 0 else units
    held_out = range(2 * values.num, 2 * values.num + values.effects)
    ablation = lambda which: causal_effect(sampler, found, key, held_out, {layer: ablating(which, count)})
    rng = np.random.default_rng(values.seed % 2**31)
    rest = np.setdiff1d(np.arange(count), units)
    sets = (
        [rng.choice(rest, min(len(units), len(rest)), replace=False) for _ in range(_RANDOM_SETS)] if len(rest) else []
    )
    told = None
    if candidates is not None:
        told = judged(
            sampler, layer, found, name, key, _part(present.sites, True), _part(candidates, True), present.values, units
        )
    places = None
    if values.places:
        places = placing(sampler, layer, found, name, key, held_out[: values.places], units, present.values)
    return Experiment(
        name, units, ablation(units), [ablation(each) for each in sets],
        effects_of_units(sampler, layer, found, key, held_out, list(units)), present, candidates, told, why_not, search, places,
    )  # fmt: skip


def _part(sites: Sites, judging: bool) -> Sites:
    """Every sixth of the sites, or all others; all where they are fewer."""
    which = (np.arange(len(sites.places)) % _JUDGED == 0) == judging
    if len(sites.places) < _JUDGED:
        which[:] = True
    return Sites(sites.indices[which], sites.places[which], sites.scores[which])
