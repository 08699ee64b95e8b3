"""A trained model as a folder of its own: its weights, all that is known of it, and a picture; gan_jax.load reads it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from absl.flags import FlagValues

from gan_jax.command.flags import Flags
from gan_jax.run.drawing import chosen_sampler, draw
from gan_jax.run.pictures import beside
from gan_jax.run.references import Reference
from gan_jax.run.state import restore
from gan_jax.run.work_folder import has_run
from gan_jax.runtime.processes.processes import is_first
from gan_jax.runtime.storage import at
from gan_jax.runtime.workdir import check_apart, check_new_file, check_new_folder
from gan_jax.verbs.sample import write
from gan_jax.zoo.cards import about, card_of
from gan_jax.zoo.files import CARD, WEIGHTS, hash_of, read_model, write_model

PICTURE, SHOWN = "samples.png", 16
INSTEAD: dict[str, str] = {"steps": "--step={}"}


def declare(flags: Flags) -> None:
    """What `gan_jax export` takes."""
    flags.group("The run")
    flags.workdir("The run's folder.", needed="runs/faces")
    flags.checkpoint()
    flags.text("sampler", None, "Which of the game's samplers, such as a_to_b; by default the first.")
    flags.group("What is written")
    flags.path("out", "model", f"A folder: {WEIGHTS}, {CARD} and {PICTURE}.")
    flags.text("licence", None, "Of the data it was trained on, in words; of data that come with gan_jax it is known.")
    flags.text("hardware", None, "What it was trained on, in words.")
    flags.machine()


def run(values: FlagValues) -> None:
    """Plays `gan_jax export`."""
    told = {"sampler": values.sampler, "licence": values.licence, "hardware": values.hardware}
    export(values.workdir, values.out, values.step, values.weights == "ema", **told)


def export(
    workdir: str | Path,
    out: str | Path,
    step: int | None = None,
    average: bool = True,
    sampler: str | None = None,
    licence: str | None = None,
    hardware: str | None = None,
) -> None:
    """Writes a run's sampler to the folder `out`, named as that, and compares what is read back with the run, to the bit.

    Raises what `restore` raises, ValueError where `out` is a run's own folder, and RuntimeError where the samples differ.
    """
    out = check_new_folder(Path(out).expanduser())
    if has_run(out):
        raise ValueError(f"{out} is the work folder of a run: name another folder with --out")
    for name in (WEIGHTS, CARD, PICTURE):
        check_new_file(out / name)
    restored = restore(workdir, step)
    check_apart(out, *restored.setup.inputs)
    samplers = restored.setup.method.samplers(restored.state, restored.phase, average)
    chosen = chosen_sampler(samplers, sampler)
    name = next(name for name, each in samplers.items() if each is chosen)
    reference = Reference(restored.setup)
    given = reference.given(chosen.given, restored.phase.shape) if chosen.given else None
    started = given(np.arange(SHOWN)) if given else {}
    drawn = draw(chosen, SHOWN, given=given)
    card = {"name": out.name, "about": about(chosen, drawn["image"], started)}
    card |= card_of(restored, at(workdir), name, average, licence, hardware)
    card["samples"] = {"num": SHOWN, "seed": 0, "sha256": hash_of(drawn["image"])}
    if not is_first():
        return
    write_model(out, chosen, card)
    again = draw(read_model(out)[1], SHOWN, given=given)["image"]
    if not np.array_equal(again, drawn["image"]):
        raise RuntimeError(f"what {out} holds does not draw what the run draws: do not use it")
    if drawn["image"].shape[-1] in (1, 3, 4):
        targets = reference.targets(chosen, restored.phase.shape, SHOWN)
        shown = beside(started, drawn["image"], targets) if started else drawn["image"]
        write({**drawn, "image": shown}, out / PICTURE)
    print(
        f"wrote step {restored.step} to {out}: the same {SHOWN} samples, to the bit. gan_jax.load({str(out)!r}) reads it"
    )
