"""Images of one's own through a translator, a run's or an exported one, with a page of them all, the worst first."""

from __future__ import annotations

import csv
import dataclasses
import io
from pathlib import Path
from typing import Any

import numpy as np
from absl.flags import FlagValues

from gan_jax.command.errors import UsageError
from gan_jax.command.flags import Flags
from gan_jax.game import Phase, sampled, stretch_after
from gan_jax.metrics.pairs import mean_error
from gan_jax.nn.compiling import compiled
from gan_jax.run.drawing import chosen_sampler, require_images, require_kind, sample_key
from gan_jax.run.references import Reference
from gan_jax.run.state import restore
from gan_jax.run.translating import SIZES, Fitting, Item, items_of, items_of_data, translated
from gan_jax.runtime.processes.processes import is_first
from gan_jax.runtime.workdir import check_apart, check_new_folder
from gan_jax.runtime.writers.atomic import write_atomically
from gan_jax.runtime.writers.gallery import Row, write_gallery
from gan_jax.runtime.writers.images import save_png
from gan_jax.setup.setup import Setup
from gan_jax.zoo.model import load

PAGE, TABLE = "gallery.html", "scores.csv"
INSTEAD: dict[str, str] = {"steps": "--step={}", "sampler": "--direction={}"}

_sampled = compiled(sampled)


def declare(flags: Flags) -> None:
    """What `gan_jax translate` takes."""
    flags.group("The translator")
    flags.workdir("The run's folder.")
    flags.text("model", None, "Instead of a run: a folder that `gan_jax export` wrote.")
    flags.checkpoint()
    flags.text("direction", None, "a_to_b or b_to_a, of those that the run's game has; by default its first.")
    flags.group("What is translated")
    flags.path("images", None, "A folder, a zip archive or one image; by default the run's own test images.")
    flags.path("targets", None, "The same of what they should become, matched by name: the error of each is told.")
    flags.path("out", "translated", "A folder: a PNG for each image, by its name; gallery.html; scores.csv.")
    flags.one_of(
        "size", "own", SIZES, "own: images as they are; nearest: resized to the nearest that fits; run: as in training."
    )
    flags.integer("shown", 200, "How many images the page shows, those with the largest error first; 0: no page.")
    flags.integer("seed", 0, "Of all chance.")
    flags.machine()


def run(values: FlagValues) -> None:
    """Plays `gan_jax translate`."""
    if (values.workdir is None) == (values.model is None):
        raise UsageError(
            "translate takes a run, --workdir=runs/maps, or an exported model, --model=maps: one of the two"
        )
    if values.model is None:
        opened = of_run(values.workdir, values.direction, values.step, values.weights == "ema")
    else:
        for name in ("step", "weights", "direction"):
            if values[name].present:
                raise UsageError(f"--{name} chooses among what a run holds; a model has one translator: leave it out")
        if values.images is None:
            raise UsageError("a model has no images of its own: name some, --images=MY_PHOTOS")
        opened = of_model(values.model)
    translate(opened, values.out, values.images, values.targets, values.size, values.shown, values.seed)


@dataclasses.dataclass(frozen=True)
class Translator:
    """A translator and what is known of its data. back: the way back, where there is one. name: as titles say it."""

    name: str
    sampler: Any
    setup: Setup
    phase: Phase
    back: Any = None

    def __post_init__(self):
        if len(self.sampler.given) != 1:
            raise ValueError(f"translate is of games from image to image, and {self.name} draws from chance: sample")


def of_run(
    workdir: str | Path, direction: str | None = None, step: int | None = None, average: bool = True
) -> Translator:
    """A run's. Raises ValueError for a direction that there is not, and for a run that translates nothing."""
    require_images(workdir, "translate")
    restored = restore(workdir, step)
    samplers = restored.setup.method.samplers(restored.state, restored.phase, average)
    sampler = chosen_sampler(samplers, direction)
    back = next((each for each in samplers.values() if sampler.given and each.given == (sampler.target,)), None)
    name = f"{type(restored.setup.method).__name__} of {workdir}, round {restored.step}"
    return Translator(name, sampler, restored.setup, restored.phase, back)


def of_model(name: str | Path) -> Translator:
    """An exported model's, see `gan_jax.load`. Raises ValueError for one that translates nothing."""
    model = load(name)
    setup = Setup.of(model.card["config"])
    phase = stretch_after(setup.stretches, model.card["step"]).phase
    require_kind(phase.shape, "translate", f"the model {model.name}")
    return Translator(f"{type(setup.method).__name__} {model.name}", model.sampler, setup, phase)


def translate(
    translator: Translator,
    out: str | Path,
    images: str | None = None,
    targets: str | None = None,
    size: str = "own",
    shown: int = 200,
    seed: int = 0,
) -> dict[str, float]:
    """Translates images and writes a PNG of each, a page and a table of errors. -> the error of each, by name.

    images: None: those of the run's test split. The error is the mean |x - target| by pixel, in units of [-1, 1]; without
    targets, where the game has a way back, that of coming back; {} where there is neither. Raises ValueError for an image
    that does not fit and for targets that do not match.
    """
    if targets is not None and images is None:
        raise ValueError("--targets are of --images: name these too")
    folder = check_new_folder(out)
    setup, phase, sampler, back = translator.setup, translator.phase, translator.sampler, translator.back
    check_apart(folder, *setup.inputs, *[each for each in (images, targets) if each is not None])
    (source,) = sampler.given
    calm = dataclasses.replace(setup.preprocessing.without_randomness(), shape=phase.shape)
    fits = {
        key: Fitting(size, getattr(sampler, "divisor", 1), calm, key, calm.shape_of(key)[-1])
        for key in (source, sampler.target)
    }
    items = _items(setup, images, targets, sampler)
    rows: list[Row] = []
    errors: dict[str, float] = {}
    scored = "error"
    for number, taken, made in translated(sampler, items, fits[source], sample_key(seed)):
        item = items[number]
        columns, scores = {source: taken, "translation": made}, {}
        if item.read_target is not None:
            target = columns["target"] = fits[sampler.target](item.read_target(), item.name)
            scores["error"] = _error(made, target, item)
        elif back is not None:
            columns["back"] = again = _once(back, made, seed)
            scores["error of coming back"] = float(mean_error(again[None], taken[None])[0])
        for kind, value in scores.items():
            scored, errors[item.name] = kind, value
        rows.append(Row(item.name, columns, scores))
        if len(rows) >= shown + 1000:  # the images of no more are kept
            rows = _worst(rows)[:shown]
        if is_first():
            save_png(folder / f"{item.name}.png", made)
    if is_first():
        _write(folder, _worst(rows)[:shown], errors, scored, len(items), translator.name)
        told = f"; mean error {np.mean(list(errors.values())):.4g}" if errors else ""
        count = f"{len(items):,} translation{'s' if len(items) > 1 else ''}"
        print(f"wrote {count} by {translator.name} to {folder}{told}")
    return errors


def _worst(rows: list[Row]) -> list[Row]:
    """Those with the largest error first."""
    return sorted(rows, key=lambda row: (-max(row.scores.values(), default=0.0), row.name))


def _items(setup: Any, images: str | None, targets: str | None, sampler: Any) -> list[Item]:
    if images is not None:
        return items_of(images, targets)
    paired = Reference(setup).is_paired(sampler.given, sampler.target)
    return items_of_data(setup.source("test"), sampler.given[0], sampler.target, paired)


def _error(made: np.ndarray, target: np.ndarray, item: Item) -> float:
    if made.shape != target.shape:
        raise ValueError(
            f"{item.name}: its translation is of {made.shape} and its target of {target.shape}: give targets of the same size"
        )
    return float(mean_error(made[None], target[None])[0])


def _once(back: Any, image: np.ndarray, seed: int) -> np.ndarray:
    given = {back.given[0]: image[None].astype(np.float32) / 127.5 - 1}
    made = np.asarray(_sampled(back, sample_key(seed), np.zeros(1, np.uint32), given)[0])[0]
    return np.round(np.clip(made, -1, 1) * 127.5 + 127.5).astype(np.uint8)


def _write(folder: Path, rows: list[Row], errors: dict[str, float], scored: str, count: int, title: str) -> None:
    if rows:
        order = ", those with the largest error first; errors are means by pixel, in units of [-1, 1]" if errors else ""
        write_gallery(folder / PAGE, title, f"{len(rows):,} of {count:,} images{order}.", rows)
    if errors:
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["name", scored])
        writer.writerows(sorted(errors.items(), key=lambda each: (-each[1], each[0])))
        write_atomically(folder / TABLE, text.getvalue().encode("utf-8", "backslashreplace"))
