"""A sampler that is to leave its run: with what is known of it, and sixteen elements that tell whether it did so whole."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gan_jax.game import Sampler, stretch_after
from gan_jax.run.drawing import chosen_sampler, draw, sample_key
from gan_jax.run.references import Reference
from gan_jax.run.state import restore
from gan_jax.runtime.storage import at
from gan_jax.setup.setup import Setup
from gan_jax.types import Batch
from gan_jax.zoo.cards import about, card_of
from gan_jax.zoo.files import hash_of
from gan_jax.zoo.formats.checking import ALLOWED, Example
from gan_jax.zoo.formats.program import Program, inputs_of, program_of
from gan_jax.zoo.model import load

SHOWN = 16  # elements that it is compared by, of seed 0


@dataclasses.dataclass(frozen=True)
class Trained:
    """A sampler and its card. given: indices [n] -> what elements start from; drawn: SHOWN elements, as `draw` has them.

    inputs: data that it was trained on, as paths; nothing is written there.
    """

    sampler: Sampler
    card: Mapping[str, Any]
    given: Callable[[np.ndarray], Batch] | None
    drawn: Mapping[str, np.ndarray]
    targets: np.ndarray | None = None

    @property
    def started(self) -> Batch:
        """What the elements started from, {} where that is chance."""
        return self.given(np.arange(SHOWN)) if self.given else {}

    def program(self) -> Program:
        """It as a function of plain arrays. Raises ExportError where it is none."""
        return program_of(self.sampler, self.started or None)

    def example(self) -> Example:
        """The elements, and what its program makes them of."""
        inputs = inputs_of(self.sampler, sample_key(0), np.arange(SHOWN, dtype=np.uint32), self.started or None)
        return Example(inputs, self.drawn["image"], ALLOWED[self.card["config"].get("precision", "float32")])

    def about(self) -> dict[str, Any]:
        """What a program's JSON says of it."""
        card = self.card
        told = {key: card[key] for key in ("version", "name", "about", "step", "sampler", "average") if key in card}
        return told | {"method": card["config"]["method"]["type"], "data": card["data"]}


def of_run(
    workdir: str | Path,
    name: str,
    step: int | None = None,
    average: bool = True,
    sampler: str | None = None,
    licence: str | None = None,
    hardware: str | None = None,
    apart: Callable[..., None] = lambda *inputs: None,
) -> Trained:
    """A run's. name: that it goes by from now on. apart: is handed the run's data, before anything is drawn.

    Raises what `restore` raises, ValueError for a sampler that there is not.
    """
    restored = restore(workdir, step)
    apart(*restored.setup.inputs)
    samplers = restored.setup.method.samplers(restored.state, restored.phase, average)
    chosen = chosen_sampler(samplers, sampler)
    called = next(each for each, own in samplers.items() if own is chosen)
    reference = Reference(restored.setup)
    given = reference.given(chosen.given, restored.phase.shape) if chosen.given else None
    drawn = draw(chosen, SHOWN, given=given)
    card = {"name": name, "about": about(chosen, drawn["image"], given(np.arange(SHOWN)) if given else None)}
    card |= card_of(restored, at(workdir), called, average, licence, hardware)
    card["samples"] = {"num": SHOWN, "seed": 0, "sha256": hash_of(drawn["image"])}
    return Trained(chosen, card, given, drawn, reference.targets(chosen, restored.phase.shape, SHOWN))


def of_model(name: str | Path) -> Trained:
    """That of a model that ships with the package, or was exported; what a translator starts from is noise here.

    Raises what `load` raises, and ValueError for a run's folder or a generator of one's own, which have no card.
    """
    model = load(name)
    if "weights" not in model.card:
        raise ValueError(f"{name} is no exported model: name a run with --workdir")
    given = _noise(model.sampler, model.card) if model.sampler.given else None
    return Trained(model.sampler, model.card, given, draw(model.sampler, SHOWN, given=given))


def _noise(sampler: Any, card: Mapping[str, Any]) -> Callable[[np.ndarray], Batch]:
    """indices [n] -> images of noise in [-1, 1], of the shapes that a game's sampler starts from."""
    setup = Setup.of(card["config"])
    takes = setup.method.batch(stretch_after(setup.stretches, card["step"]).phase)
    shapes = {key: takes[key].shape[2:] for key in sampler.given}  # [d_steps, B, H, W, C]

    def given(indices: np.ndarray) -> Batch:
        of = lambda i, shape: np.random.default_rng(int(i)).uniform(-1, 1, shape).astype(np.float32)
        return {key: np.stack([of(i, shape) for i in indices]) for key, shape in shapes.items()}

    return given
