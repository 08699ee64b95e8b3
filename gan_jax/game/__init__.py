"""What a run, a score and an analysis see of a game."""

from gan_jax.game.contract import LARGEST_SEED, Edit, Measure, Method, Observer, Sampler, check_seed, sampled
from gan_jax.game.stretches import (
    Phase,
    Stretch,
    begins_anew,
    check_stretches,
    clock,
    fade,
    images_before,
    stretch_after,
    stretch_index,
    updates,
    updates_before,
    work_before,
)

__all__ = [
    "LARGEST_SEED",
    "Edit",
    "Measure",
    "Method",
    "Observer",
    "Phase",
    "Sampler",
    "Stretch",
    "begins_anew",
    "check_seed",
    "check_stretches",
    "clock",
    "fade",
    "images_before",
    "sampled",
    "stretch_after",
    "stretch_index",
    "updates",
    "updates_before",
    "work_before",
]
