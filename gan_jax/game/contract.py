"""What a run, a score and an analysis see of a game: what it takes, how it is played, what it shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import jax
import numpy as np

from gan_jax.game.stretches import Phase, Stretch
from gan_jax.types import Array, Batch, PyTree, TrainState


class Edit(NamedTuple):
    """A change of a named activation x [N, *space, C]: x + where * (x * (scale - 1) + shift), in x's dtype.

    x stays itself, to the bit, where `where` is 0. Arrays, so edits are jitted, vmapped and differentiated. Another set of
    names is another program: what edits often passes all of its layers' edits always.
    """

    where: Array  # [N | 1, *(space | 1), 1], from 0 to 1
    scale: Array  # [C]
    shift: Array  # [C]


class Sampler(Protocol):
    """A generator as pictures, scores, analysis and export see it: a pytree, frozen.

    Element i of a sample is made of `starts(key, indices)` at index i: of weights, key and i alone, whatever the batch.
    """

    @property
    def given(self) -> tuple[str, ...]:
        """The keys of the data that it starts from: (), ("a",), ("content", "style")."""
        ...

    @property
    def target(self) -> str:
        """The key of the data that what it makes should look like."""
        ...

    @property
    def num_classes(self) -> int:
        """0: unconditional."""
        ...

    def starts(self, key: Array, indices: Array, given: Batch | None = None) -> Batch:
        """What elements `indices` [n] are made from: {"z": [n, Z], "label": [n] int32, "noise": [n] keys, ...}."""
        ...

    def map(self, starts: Batch) -> Batch:
        """Codes: the starts, and {"w": [n, layers, W]} where there is a mapping network."""
        ...

    def synthesize(
        self, codes: Batch, taps: tuple[str, ...] = (), edits: Mapping[str, Edit] | None = None
    ) -> tuple[Array, Mapping[str, Array]]:
        """Elements [n, *shape], and the activations of the named layers as they are after edits.

        Raises ValueError for a tap or an edit of a layer that there is not, with those there are.
        """
        ...


LARGEST_SEED = 2**32 - 1  # a key is made of 32 bits of it


def check_seed(seed: int, largest: int = LARGEST_SEED) -> int:
    """The seed. Raises ValueError where it is no whole number from 0 to `largest`: a key would be another seed's."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed <= largest:
        raise ValueError(f"a seed is from 0 to {largest}, got {seed}")
    return int(seed)


def sampled(sampler: Sampler, key: Array, indices: Array, given: Batch | None = None) -> tuple[Array, Batch]:
    """Elements `indices` [n] of the sample that `key` stands for, [n, *shape], and what they were made from.

    All that is drawn from a generator is drawn here: pictures, samples, scores, plans.
    """
    starts = sampler.starts(key, indices, given)
    return sampler.synthesize(sampler.map(starts))[0], starts


class Observer(Protocol):
    """A network that looks: images -> {tap: activations [n, ..., F]}. A pytree, frozen."""

    def __call__(self, images: Array) -> Mapping[str, Array]: ...


class Measure(Protocol):
    """A score that only its game knows: (key, batch) -> []. A pytree, frozen. batch: real elements, leaves [n, ...]."""

    def __call__(self, key: Array, batch: Batch) -> Array: ...


class Method(Protocol):
    """A game: some networks, and what each player wants.

    One may have `curves`: by title of a panel, names of metrics that a run draws over its rounds, in curves.png.
    """

    networks: tuple[str, ...]  # those that a config describes, each in the block of its name
    frozen: tuple[
        str, ...
    ]  # those of them that no player trains: types of `features`, loaded before round 0, never saved
    stretches: tuple[Stretch, ...]

    def batch(self, phase: Phase) -> dict[str, jax.ShapeDtypeStruct]:
        """What a round takes: leaves [d_steps, B, ...]."""
        ...

    def init(self, key: Array) -> TrainState:
        """The state before round 0; everything that the last phase needs exists from the start."""
        ...

    def load(self) -> Mapping[str, PyTree]:
        """The variables of the frozen networks, from where they are kept; {} where there are none."""
        ...

    def step(self, state: TrainState, batch: Batch, phase: Phase) -> tuple[TrainState, Mapping[str, Array]]:
        """Plays one round. -> the state after it, and numbers named player/term."""
        ...

    def samplers(self, state: TrainState, phase: Phase, average: bool = True) -> dict[str, Sampler]:
        """By name: {"image": ...}, {"a_to_b": ..., "b_to_a": ...}. The first is the one that pictures and scores take."""
        ...

    def observers(self, state: TrainState, phase: Phase) -> dict[str, Observer]:
        """By name: {"discriminator": ...}; {} where there is none."""
        ...

    def measures(self, state: TrainState, phase: Phase) -> dict[str, Measure]:
        """By name; {} where there is none."""
        ...
