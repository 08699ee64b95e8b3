"""The generator that a command looks into: that of a run, or of a model that ships with the package or was exported."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from absl.flags import FlagValues

from gan_jax.analysis.scenes.abilities import require_chance
from gan_jax.command.errors import UsageError
from gan_jax.command.flags import Flags
from gan_jax.game import Sampler, sampled
from gan_jax.run.drawing import chosen_sampler, require_images, require_kind
from gan_jax.run.state import Restored, restore
from gan_jax.runtime.workdir import check_apart
from gan_jax.zoo.model import load


@dataclasses.dataclass(frozen=True)
class Opened:
    """A generator, and where it comes from. name: of the model and its round, as titles say it.

    source: the name of the data set that it was trained on, such as "faces"; None where that is not known.
    """

    name: str
    sampler: Sampler
    run: Restored | None = None  # None where it was exported: there is no discriminator and no data
    source: str | None = None


def declare(flags: Flags, remote: bool = False) -> None:
    """--workdir or --model, and which of its generators. remote: whether the run may be in a bucket."""
    flags.group("The generator")
    flags.workdir("The run's folder.", remote=remote)
    about = "Instead of a run: a model that ships with the package, by name, an exported folder, or a generator of your own, "
    flags.text("model", None, about + "my_file.py:generate; that file is run.")
    flags.checkpoint()
    flags.text("sampler", None, "Which of the game's samplers; by default the first.")


def check(values: FlagValues, verb: str, voxels: bool = False) -> None:
    """Raises what `check_one` raises, and ValueError where a run's makes no images. voxels: whether it may make voxels."""
    check_one(values, verb)
    if values.workdir is not None:
        require_images(values.workdir, verb, voxels)


def check_one(values: FlagValues, verb: str) -> None:
    """Raises UsageError, before anything is read, unless there is one generator."""
    if (values.workdir is None) == (values.model is None):
        raise UsageError(
            f"{verb} takes a run, --workdir=runs/faces, or a model, --model=stylegan2_faces: one of the two"
        )
    for name in ("step", "weights", "sampler") if values.model is not None else ():
        if values[name].present:
            raise UsageError(f"--{name} chooses among what a run holds; a model has one generator: leave it out")


def opened(values: FlagValues, out: str | Path | None) -> Opened:
    """The generator. out: where the command writes, which must lie apart from the run's data; None: nowhere.

    Raises ValueError for a generator that does not start from chance, and where there is none.
    """
    if values.model is not None:
        model = load(values.model)
        require_chance(model.sampler)
        return Opened(model.name, model.sampler, source=_source(model.card.get("config", {})))
    restored = restore(values.workdir, values.step)
    if out is not None:
        check_apart(out, *restored.setup.inputs)
    samplers = restored.setup.method.samplers(restored.state, restored.phase, values.weights == "ema")
    sampler = chosen_sampler(samplers, values.sampler)
    require_chance(sampler)
    name = f"{Path(values.workdir).name}, round {restored.step:,}"
    return Opened(name, sampler, restored, _source(restored.setup.config))


def opened_by(values: FlagValues, out: str | Path, verb: str, voxels: bool = False) -> Opened:
    """`check`, then `opened`. Raises ValueError too where a model makes what the verb does not take, as `check` does of runs."""
    check(values, verb, voxels)
    found = opened(values, out)
    if values.model is not None:
        require_kind(shape_of(found.sampler), verb, f"the model {found.name}", voxels)
    return found


def shape_of(sampler: Sampler) -> tuple[int, ...]:
    """Of an element that it draws from chance: [H, W, C] of an image."""
    return jax.eval_shape(lambda sampler: sampled(sampler, jax.random.key(0), jnp.arange(1))[0], sampler).shape[1:]


def _source(config: Any) -> str | None:
    return config.get("data", {}).get("source")
