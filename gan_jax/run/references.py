"""A run's data beside its samples: what they are scored against, and what samplers of images start from."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gan_jax.data import EightBit, Preprocessing
from gan_jax.data.source import keys_of
from gan_jax.data.sources.toys import Toys
from gan_jax.evaluators.mixture import Mixture
from gan_jax.evaluators.volumes import Shapes, Volumes
from gan_jax.setup.setup import Setup


class Reference:
    """The data of a run's config, opened when it is first asked for and kept."""

    def __init__(self, setup: Setup):
        self._setup = setup
        self._splits = ("train", "test") if setup.evaluate.test else ("train",)
        self._source = functools.cache(setup.source)
        self._sets: dict[tuple, EightBit] = {}

    def sets(self, target: str, shape: tuple[int, ...]) -> dict[str, Callable[[], EightBit]]:
        """By split, a function that opens the images that samples should look like. shape: of the phase."""
        return {split: functools.partial(self._set, split, target, tuple(shape)) for split in self._splits}

    def given(self, keys: tuple[str, ...], shape: tuple[int, ...]) -> Given:
        """What samplers of images start from: elements of the test split where there is one, else of the training split."""
        return Given(self._source(self._splits[-1]), self._setup.preprocessing, keys, shape)

    def is_paired(self, keys: tuple[str, ...], target: str) -> bool:
        """Whether test elements hold what a sampler starts from and what that should become."""
        source = self._source(self._splits[-1])
        if not keys or self._splits[-1] != "test" or isinstance(source, Mapping):
            return False
        return {*keys, target} <= {*keys_of(source)}

    def targets(self, sampler: Any, shape: tuple[int, ...], n: int) -> np.ndarray | None:
        """What the first n elements of a sampler of images should become, [n, *shape]; None where the data do not say it."""
        if not self.is_paired(sampler.given, sampler.target):
            return None
        if len(shape) == 3:
            return self.given((sampler.target,), shape)(np.arange(n))[sampler.target]
        source = self._source(self._splits[-1])
        return np.stack([np.asarray(source[i % len(source)][sampler.target], np.float32) for i in range(n)])

    def mixture(self, draw: Callable[[int], np.ndarray]) -> Mixture | None:
        """Where the data are points of a mixture of Gaussians, that, and draw: n -> the generator's. Else None."""
        if not self._setup.preprocessing.is_points:
            return None
        source = self._source("train")
        return Mixture(source.modes, source.std, draw) if isinstance(source, Toys) else None

    def volumes(self, sampler: Any, given: Given | None, draw: Callable[[int], np.ndarray]) -> Volumes | None:
        """Where samples should look like voxels, those of the data, and draw: n -> the sampler's. Else None."""
        if sampler.target != "voxels":
            return None
        return Volumes(draw, functools.cache(self._shapes), tuple(self._source("train").classes), given is not None)

    def _shapes(self, split: str) -> Shapes:
        if split not in self._splits:
            raise ValueError("it needs a test split, and evaluate.test names none")
        source = self._source(split)
        elements = [source[i] for i in range(len(source))]
        labels = np.array([each.get("label", -1) for each in elements], np.int32)
        voxels = np.stack([np.asarray(each["voxels"][..., 0], bool) for each in elements])
        return Shapes(voxels, labels if source.classes else None)

    def _set(self, split: str, target: str, shape: tuple[int, ...]) -> EightBit:
        name = split, target, shape
        if name not in self._sets:
            images = EightBit(self._source(split), self._setup.preprocessing, split, target, shape)
            self._sets[name] = images
        return self._sets[name]


class Given:
    """Indices [n] -> {key: float32 [n, H, W, C] in [-1, 1]}: element i of a sample starts from element i of the data.

    Beyond its end the data begins anew. source: one, or one for each domain. shape: of a smaller phase than the whole.
    """

    def __init__(
        self, source: Any, preprocessing: Preprocessing, keys: Sequence[str], shape: tuple[int, ...] | None = None
    ):
        shape = shape if shape is None or len(shape) == 3 else None  # pictures beside voxels are always whole
        self._sets = {key: EightBit(source, preprocessing, key=key, shape=shape) for key in keys}

    def __call__(self, indices: np.ndarray) -> dict[str, np.ndarray]:
        found = {}
        for key, images in self._sets.items():
            pixels = images.images(np.asarray(indices, np.int64) % len(images))
            found[key] = pixels.astype(np.float32) / 127.5 - 1
        return found
