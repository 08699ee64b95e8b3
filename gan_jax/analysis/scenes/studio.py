"""A generator that is set up to draw scenes: one compiled program, whatever its knobs say."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from gan_jax.analysis.directions import Direction, with_directions
from gan_jax.analysis.scenes.abilities import Abilities, abilities_of
from gan_jax.analysis.scenes.mask import unpacked
from gan_jax.analysis.scenes.program import Numbers, made_of, starts_of
from gan_jax.analysis.scenes.scene import Scene, Units
from gan_jax.analysis.scenes.sweeps import turned
from gan_jax.game import Edit, Sampler
from gan_jax.methods.samplers import with_noise
from gan_jax.methods.truncation import with_truncation
from gan_jax.names import nearest
from gan_jax.runtime.writers.images import image_grid, save_png
from gan_jax.types import Batch

LEVEL_OF = 32  # images that the usual level of a unit is the mean of


class Studio:
    """Draws scenes of a sampler of images. directions: those that scenes may name; their names differ.

    Drawing compiles once. Not for several threads at a time.
    Raises ValueError for samplers of points and voxels, and for those that start from images.
    """

    def __init__(self, sampler: Sampler, directions: Sequence[Direction] = ()):
        self.directions = {each.name: each for each in directions}
        if len(self.directions) < len(directions):
            raise ValueError(f"two directions are of one name among {', '.join(each.name for each in directions)}")
        self.abilities: Abilities = abilities_of(sampler)
        moves = [(each, 0.0) for each in directions]
        inner = with_truncation(sampler, 1.0) if self.abilities.truncation == "psi" else sampler
        self._loud = with_directions(inner, moves)
        self._quiet = self._loud
        if self.abilities.noise:  # its parameters are 0: the program is the same
            self._quiet = with_directions(with_noise(inner, "none").replace(noise="new"), moves)

    def image(self, scene: Scene) -> np.ndarray:
        """float32 [H, W, C], in [-1, 1] but for what the generator draws beyond. Raises ValueError for a scene that it
        cannot draw, and where a number of the image is not finite."""
        image = np.asarray(made_of(self._sampler(scene), self._numbers(scene))[0])
        if not np.isfinite(image).all():
            raise ValueError("the image of this scene holds NaN or infinite numbers: take smaller amounts or levels")
        return image

    def save(self, path: str | os.PathLike, scene: Scene) -> None:
        """Writes the scene's image as a PNG, see `pixels`."""
        save_png(path, pixels(self.image(scene)))

    def activations(self, scene: Scene) -> dict[str, np.ndarray]:
        """By layer float32 [h, w, F], as they are after the scene's edits."""
        made = made_of(self._sampler(scene), self._numbers(scene))[1]
        return {name: np.asarray(x, np.float32) for name, x in made.items()}

    @functools.cached_property
    def levels(self) -> dict[str, np.ndarray]:
        """By layer [F]: how high each unit fires at its highest place, the mean over 32 images. What one inserts."""
        total: dict[str, Any] = {}
        for index in range(LEVEL_OF):
            for name, x in self.activations(Scene(index=index)).items():
                total[name] = total.get(name, 0.0) + x.max((0, 1))
        return {name: each / LEVEL_OF for name, each in total.items()}

    def check(self, scene: Scene) -> None:
        """Raises ValueError, which says what there is, for a scene that this generator cannot draw."""
        can = self.abilities
        if scene.truncation is not None and can.truncation is None:
            raise ValueError("this generator's latents have no tails to truncate")
        if scene.truncation is not None and can.truncation == "threshold" and scene.truncation <= 0:
            raise ValueError(f"a threshold of latents is above 0, got {scene.truncation}")
        if scene.label is not None and not can.classes:
            raise ValueError("this generator is unconditional: it takes no label")
        if scene.label is not None and scene.label >= can.classes:
            raise ValueError(f"label must be 0 to {can.classes - 1}, got {scene.label}")
        if scene.noise != "new" and not can.noise:
            raise ValueError("no layer of this generator draws noise: there is none to choose")
        if scene.mixed and scene.mixed[-1] >= can.styles:
            has = f"layers 0 to {can.styles - 1}" if can.styles else "no codes w to mix"
            raise ValueError(f"layer {scene.mixed[-1]} cannot be mixed: this generator has {has}")
        if scene.between and not can.blends:
            raise ValueError("this generator has neither latents z nor codes w: nothing lies between two images")
        _require_known("direction", scene.directions, list(self.directions))
        _require_known("layer", scene.layers, list(can.layers))
        for name, units in scene.layers.items():
            height, width, channels = can.layers[name]
            if (largest := max((*units.remove, *units.insert), default=0)) >= channels:
                raise ValueError(f"{name} has units 0 to {channels - 1}, and {largest} is none of them")
            if units.where is not None:
                unpacked(units.where, (height, width))

    def frames(self, scene: Scene, sweep: str = "between", frames: int = 24) -> Iterator[np.ndarray]:
        """Images [H, W, C] as one knob goes to and fro, see `sweeps.turned`, which raises ValueError for what there is not."""
        scenes = turned(scene, sweep, frames, self.abilities.truncation, list(self.directions))
        for each in scenes:
            self.check(each)
        return (self.image(each) for each in scenes)

    def _sampler(self, scene: Scene) -> Any:
        self.check(scene)
        sampler = self._quiet if scene.noise == "none" else self._loud
        if self.directions:
            sampler = sampler.at([scene.directions.get(name, 0.0) for name in self.directions])
        if self.abilities.truncation != "psi":
            return sampler
        psi = jnp.full((self.abilities.styles,), 1.0 if scene.truncation is None else scene.truncation, jnp.float32)
        if self.directions:
            return sampler.replace(sampler=sampler.sampler.replace(psi=psi))
        return sampler.replace(psi=psi)

    def _starts(self, scene: Scene, seed: int, index: int) -> Batch:
        threshold = jnp.float32(scene.truncation) if self._by_threshold(scene) else None
        draw = lambda i: dict(starts_of(self._sampler(scene), np.uint32(seed), np.uint32(i), threshold))
        starts = draw(index)
        if scene.noise == "fixed":
            starts["noise"] = draw(0)["noise"]
        if scene.label is not None:
            starts["label"] = jnp.full((1,), scene.label, jnp.int32)
        return starts

    def _by_threshold(self, scene: Scene) -> bool:
        return scene.truncation is not None and self.abilities.truncation == "threshold"

    def _numbers(self, scene: Scene) -> Numbers:
        first = self._starts(scene, scene.seed, scene.index)
        second = self._starts(scene, *(scene.other or (scene.seed, scene.index)))
        mixed = np.isin(np.arange(self.abilities.styles), scene.mixed)
        edits = {name: _edit(scene.layers.get(name), *shape) for name, shape in self.abilities.layers.items()}
        return Numbers(first, second, np.float32(scene.between), mixed, edits)


def pixels(image: np.ndarray) -> np.ndarray:
    """An image [H, W, C] as what a PNG holds, uint8 [H, W, 1, 3 or 4]. Of other channels each is grey, side by side."""
    if image.shape[-1] not in (1, 3, 4):
        return image_grid(image[None], padding=0, scale=1)
    return np.round(np.clip(image, -1, 1) * 127.5 + 127.5).astype(np.uint8)


def _edit(units: Units | None, height: int, width: int, channels: int) -> Edit:
    """The edit that does it; of no units, one that leaves the activation as it is."""
    where = np.zeros((1, height, width, 1), np.float32)
    scale, shift = np.ones(channels, np.float32), np.zeros(channels, np.float32)
    if units is not None:
        where[0, ..., 0] = 1 if units.where is None else unpacked(units.where, (height, width))
        scale[[*units.remove, *units.insert]] = 0
        shift[list(units.insert)] = list(units.insert.values())
    return Edit(where, scale, shift)


def _require_known(what: str, asked: Any, known: list[str]) -> None:
    for name in asked:
        if name not in known:
            has = f"there are {', '.join(known)}" if known else "there is none"
            raise ValueError(f"there is no {what} {name!r}{nearest(name, known)}; {has}")
