"""Translating images of one's own: what is read, at which sizes, and what comes of each."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from gan_jax.data import Preprocessing, Unpaired, holding
from gan_jax.data.files.layout import ENDINGS
from gan_jax.data.files.tree import Disk
from gan_jax.data.images.channels import with_channels
from gan_jax.data.images.decoding import decode
from gan_jax.data.images.resizing import resize
from gan_jax.data.matching import matched
from gan_jax.data.source import Source
from gan_jax.data.sources.folder import Folder
from gan_jax.game import sampled
from gan_jax.nn.compiling import compiled
from gan_jax.run.divergence import require_finite

SIZES = ("own", "nearest", "run")
_AT_ONCE = 16

_sampled = compiled(sampled)


class Item(NamedTuple):
    """An image to translate. name: without an ending; read, read_target: -> uint8 [h, w, c]."""

    name: str
    read: Callable[[], np.ndarray]
    read_target: Callable[[], np.ndarray] | None = None


def items_of(path: str, targets: str | None = None) -> list[Item]:
    """The images of a folder, a zip archive, or one file, in the order of their names.

    targets: the same of what they should become, matched by name. Raises ValueError, with the names, where some do not match.
    """
    images = _opened(path)
    if targets is None:
        return [Item(_named(file), read) for file, read in images]
    wanted = _opened(targets)
    if len(images) == len(wanted) == 1:
        pairs = [(0, 0)]
    else:
        pairs = matched([file for file, _ in images], [file for file, _ in wanted], (path, targets))
    return [Item(_named(images[i][0]), images[i][1], wanted[j][1]) for i, j in pairs]


def items_of_data(source: Source | Unpaired, key: str, target: str, paired: bool) -> list[Item]:
    """The elements of a run's own data, numbered; with targets where they are paired."""
    images = holding(source, key)
    read = lambda i, key: lambda: images[i][key]
    return [Item(f"{i:06d}", read(i, key), read(i, target) if paired else None) for i in range(len(images))]


def _opened(path: str) -> list[tuple[str, Callable[[], np.ndarray]]]:
    folder, name = os.path.split(os.path.expanduser(path))
    if name.lower().endswith(ENDINGS) and not os.path.isdir(os.path.expanduser(path)):
        tree = Disk(folder or ".")
        if not os.path.exists(os.path.join(folder, name)):
            raise FileNotFoundError(f"there is no file {path}")
        return [(name, lambda: decode(tree.read(name), path))]
    source = Folder(path, splits=False)
    shared = os.path.commonpath([os.path.dirname(file) for file in source.files])
    below = lambda file: file[len(shared) :].lstrip("/")
    read = lambda i: lambda: source[i]["image"]
    return [(below(file), read(i)) for i, file in enumerate(source.files)]


def _named(file: str) -> str:
    return os.path.splitext(file)[0]


@dataclasses.dataclass(frozen=True)
class Fitting:
    """How images become what a translator takes.

    size: "own": as they are, where both sides are multiples of `divisor`; "nearest": resized to the nearest size that is;
    "run": cropped and resized as the run's data are, by `preprocessing`. channels: of what the network takes.
    """

    size: str
    divisor: int
    preprocessing: Preprocessing
    key: str
    channels: int

    def __call__(self, image: np.ndarray, name: str) -> np.ndarray:
        """uint8 [h, w, c] -> uint8 [h', w', channels]. Raises ValueError for a size that does not fit."""
        if self.size == "run":
            return self.preprocessing.without_randomness().prepare({self.key: image})[self.key]
        image = with_channels(image, self.channels)
        h, w = image.shape[:2]
        fitting = tuple(max(1, round(side / self.divisor)) * self.divisor for side in (h, w))
        if fitting == (h, w):
            return image
        if self.size == "own":
            raise ValueError(
                f"{name} has {h} x {w} pixels, and this network takes multiples of {self.divisor}; the nearest is"
                f" {fitting[0]} x {fitting[1]}: --size=nearest resizes each image to its nearest, --size=run to the run's size"
            )
        return resize(image, fitting, "bicubic")


def translated(
    sampler: Any, items: Sequence[Item], fit: Fitting, key: Any
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """(its number, what was taken, what came of it), uint8, of each item, images of one size together.

    What comes of image i depends on the weights, the key, i and the image alone. Raises ValueError where it is not finite.
    """
    (source,) = sampler.given
    waiting: dict[tuple[int, ...], list[tuple[int, np.ndarray]]] = {}
    for number, item in enumerate(items):
        image = fit(item.read(), item.name)
        group = waiting.setdefault(image.shape, [])
        group.append((number, image))
        if len(group) == min(_AT_ONCE, len(items)):
            yield from _of(sampler, source, waiting.pop(image.shape), key, min(_AT_ONCE, len(items)))
    for group in waiting.values():
        yield from _of(sampler, source, group, key, min(_AT_ONCE, len(items)))


def _of(
    sampler: Any, source: str, group: Sequence[tuple[int, np.ndarray]], key: Any, size: int
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    full = [group[i % len(group)] for i in range(size)]  # one program for all groups of a size
    numbers = np.asarray([number for number, _ in full], np.uint32)
    images = np.stack([image for _, image in full]).astype(np.float32) / 127.5 - 1
    made = np.asarray(_sampled(sampler, key, numbers, {source: images})[0])[: len(group)]
    made = np.round(np.clip(require_finite(made, "translations"), -1, 1) * 127.5 + 127.5).astype(np.uint8)
    for (number, image), out in zip(group, made, strict=True):
        yield number, image, out
