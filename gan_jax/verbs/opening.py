"""The generator that a command looks into: that of a run, or of a model that ships with the package or was exported."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from absl.flags import FlagValues

from gan_jax.analysis.scenes.abilities import require_chance
from gan_jax.command.errors import UsageError
from gan_jax.command.flags import Flags
from gan_jax.game import Sampler
from gan_jax.run.drawing import chosen_sampler, require_images
from gan_jax.run.state import Restored, restore
from gan_jax.runtime.workdir import check_apart
from gan_jax.zoo.model import load


@dataclasses.dataclass(frozen=True)
class Opened:
    """A generator of images, and where it comes from. name: of the model and its round, as titles say it."""

    name: str
    sampler: Sampler
    run: Restored | None = None  # None where it was exported: there is no discriminator and no data


def declare(flags: Flags) -> None:
    """--workdir or --model, and which of its generators."""
    flags.group("The generator")
    flags.workdir("The run's folder.")
    flags.text("model", None, "Instead of a run: a model that ships with the package, by name, or an exported folder.")
    flags.checkpoint()
    flags.text("sampler", None, "Which of the game's samplers; by default the first.")


def check(values: FlagValues, verb: str) -> None:
    """Raises UsageError, before anything is read, unless there is one generator, and ValueError where it makes no images."""
    if (values.workdir is None) == (values.model is None):
        raise UsageError(
            f"{verb} takes a run, --workdir=runs/faces, or a model, --model=stylegan2_faces: one of the two"
        )
    if values.workdir is not None:
        require_images(values.workdir, verb)
        return
    for name in ("step", "weights", "sampler"):
        if values[name].present:
            raise UsageError(f"--{name} chooses among what a run holds; a model has one generator: leave it out")


def opened(values: FlagValues, out: str | Path | None) -> Opened:
    """The generator. out: where the command writes, which must lie apart from the run's data; None: nowhere.

    Raises ValueError for a generator that does not start from chance, and where there is none.
    """
    if values.model is not None:
        model = load(values.model)
        require_chance(model.sampler)
        return Opened(model.name, model.sampler)
    restored = restore(values.workdir, values.step)
    if out is not None:
        check_apart(out, *restored.setup.inputs)
    samplers = restored.setup.method.samplers(restored.state, restored.phase, values.weights == "ema")
    sampler = chosen_sampler(samplers, values.sampler)
    require_chance(sampler)
    return Opened(f"{Path(values.workdir).name}, round {restored.step:,}", sampler, restored)
