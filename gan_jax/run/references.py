"""What a run's samples are scored against: its data, split by split, at the size of the phase that is scored."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from gan_jax.data import EightBit
from gan_jax.run.given import Given
from gan_jax.run.setup import Setup


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
        return Given(self._source(self._splits[-1]), self._preprocessing(shape), keys)

    def _set(self, split: str, target: str, shape: tuple[int, ...]) -> EightBit:
        name = split, target, shape
        if name not in self._sets:
            source = self._source(split)
            of = (source[target], "image") if isinstance(source, Mapping) else (source, target)
            self._sets[name] = EightBit(of[0], self._preprocessing(shape), split, key=of[1])
        return self._sets[name]

    def _preprocessing(self, shape: tuple[int, ...]) -> Any:
        """The run's, at the phase's size: a smaller one is box means of the full size, as in training."""
        return self._setup.preprocessing
