"""Networks that grow: what the stretches of a run tell them, and what they are shown of real images."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Sequence
from typing import Any

from flax import linen

from gan_jax import game
from gan_jax.game import Phase, Stretch
from gan_jax.nn.conv.resample import downsample_mean, upsample_nearest
from gan_jax.types import Array


def grows(stretches: Sequence[Stretch]) -> bool:
    """Whether the run's elements change in size, or layers fade in."""
    return len({each.phase.shape for each in stretches}) > 1 or any(each.fade for each in stretches)


def require_growing(stretches: Sequence[Stretch], name: str, module: linen.Module) -> None:
    """Raises ValueError where the run grows and a network does not: one that does takes `fade`, the generator `shape` too.

    And where a stretch shows smaller elements than the one before.
    """
    for before, now in itertools.pairwise(each.phase.shape for each in stretches):
        if any(one > other for one, other in zip(before, now, strict=True)):
            raise ValueError(
                f"a stretch shows elements of {now}, the one before of {before}: a run may grow, and not shrink"
            )
    innermost = module
    while hasattr(innermost, "discriminator"):  # wrappers hand it on
        innermost = innermost.discriminator
    asked = {"fade", "shape"} if name == "generator" else {"fade"}
    if grows(stretches) and not asked <= inspect.signature(type(innermost).__call__).parameters.keys():
        raise ValueError(
            f"the run's stretches differ in size or fade in, and the {name} ({type(innermost).__name__}) does not grow"
        )


def require_resets(stretches: Sequence[Stretch], networks: Sequence[str]) -> None:
    """Raises ValueError where a stretch begins an optimiser anew that there is not. networks: the names of those with one."""
    for each in stretches:
        if unknown := [name for name in each.reset if name not in networks]:
            raise ValueError(f"a stretch resets {unknown[0]!r}; the networks are {', '.join(networks)}")


def growth(stretches: Sequence[Stretch], phase: Phase, fade: Array) -> dict[str, dict[str, Any]]:
    """Keyword arguments by network: the generator's `shape` and `fade`, the discriminator's `fade`; {} where nothing grows."""
    if not grows(stretches):
        return {"generator": {}, "discriminator": {}}
    return {"generator": {"shape": phase.shape, "fade": fade}, "discriminator": {"fade": fade}}


def faded(stretches: Sequence[Stretch], images: Array, step: Array) -> Array:
    """Real images [B, *space, C] as networks half grown make them: fade * x + (1 - fade) * (x at half the size)."""
    if not any(each.fade for each in stretches):
        return images
    fade = game.fade(stretches, step)
    return fade * images + (1 - fade) * upsample_nearest(downsample_mean(images))
