"""What the three ways to call `gan_jax evaluate` take: a run, two sets of images, two runs' scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from absl.flags import FlagValues

from gan_jax.command.errors import UsageError
from gan_jax.evaluators.recipes.recipe import Recipe

_NOT_OF_RUN = ("images_range", "skip_broken", "reference", "out")
_NOT_OF_IMAGES = ("workdir", "config", "step", "all", "weights", "truncation", "direction", "sampler", "batch_norm")
_OF_DRAWING = ("truncation", "direction", "batch_norm", "sampler", "weights")
_OF_LIST = ("recipes", "classifier", "compilation_cache", "distributed")
_OF_COMPARISON = ("compare", "force", "compilation_cache", "distributed")


def refuse_what_is_not_used(values: FlagValues) -> None:
    """Raises UsageError for a flag that was given and would change nothing."""
    given = [name for name in values if values[name].present]
    given += ["config"] if "config" in values and values.config is not None else []
    if values.compare:
        kind, unused = "--compare", [name for name in given if name not in _OF_COMPARISON]
    elif values.recipes == ["list"]:
        kind, unused = "--recipes=list", [name for name in given if name not in _OF_LIST]
    elif values.images is not None:
        kind, unused = "--images", [name for name in given if name in _NOT_OF_IMAGES]
    else:
        kind, unused = "--workdir", [name for name in given if name in _NOT_OF_RUN]
        if "step" in given and values.all:
            raise UsageError("evaluate takes --step=N or --all, not both")
    if unused:
        raise UsageError(f"evaluate {kind} takes no --{unused[0]}: it would change nothing")


def refuse_what_no_recipe_uses(values: FlagValues, recipes: Mapping[str, Recipe]) -> None:
    """Raises UsageError for a flag that would change nothing for the recipes that were asked for."""
    if not recipes:
        return  # those of the config
    named = " and ".join(recipes)
    if all(each.needs_run for each in recipes.values()):  # they look through the discriminator as it is
        for name in _OF_DRAWING:
            if values[name].present:
                raise UsageError(f"--{name} is of samples, and {named} draws none: it would change nothing")
    looks = {(each.extractor or "").partition("/")[0] for each in recipes.values()}
    for pair in values.extractor_weights:
        if pair.partition("=")[0] not in looks:
            raise UsageError(f"--extractor_weights={pair}: {named} does not look through it: it would change nothing")


def pixel_range(texts: Sequence[str] | None) -> tuple[float, float] | None:
    """ "0,1" -> (0.0, 1.0)."""
    if texts is None:
        return None
    try:
        low, high = map(float, texts)
    except ValueError:
        raise UsageError(f"--images_range is two numbers, such as 0,1, not {','.join(texts)}") from None
    return low, high
