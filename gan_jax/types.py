"""The contract of the house: what networks, losses, regularisers and methods hand to each other.

Arrays carry their shapes in the comments: B images a batch, H x W pixels, C channels, F features.
Images are in [-1, 1], logits are unbounded and larger means "more real".
"""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
from flax import struct
from jax.sharding import PartitionSpec

Array = jax.Array
PyTree = Any
Batch = Mapping[str, Array]  # {"image": [B, H, W, C] in [-1, 1], "label": [B] int32}
Weight = float | Callable[[Array], Array]  # a number, or an optax schedule of the round


class Verdict(NamedTuple):
    """What a discriminator says about B images."""

    logits: Array  # [B], unbounded, larger is more real ([B / m] if m images are packed; a PatchGAN's map is [B, h, w])
    features: Mapping[str, Array]  # named taps; "pooled": [B, F] is always there


@struct.dataclass
class Network:
    """What one network remembers between steps. All leaves are arrays."""

    params: PyTree
    stats: PyTree  # the other variable collections: {"batch_stats": ..., "spectral": ...}, each where the net has it
    opt_state: PyTree
    ema: PyTree = ()  # {"params", "stats"} averaged over steps, or () where no average is kept


@struct.dataclass
class TrainState:
    """Everything a run needs to go on. Arrays only: the state is the checkpoint."""

    step: Array  # [] int32, rounds played
    key: Array  # [] typed PRNG key; it never changes, every round folds its number in
    networks: Mapping[str, Network]
    memory: Mapping[str, PyTree]  # what the loss and each regulariser carry from step to step, by name


class Term(NamedTuple):
    """One addend of a player's loss."""

    loss: Array  # []
    memory: PyTree = ()  # the addend's own memory after this step
    metrics: Mapping[str, Array] = {}  # scalars to log, without the player's prefix


class Head(NamedTuple):
    """A small module that a regulariser brings along."""

    module: Any  # flax.linen.Module
    player: str  # "generator" or "discriminator": with whose loss it is trained
    example: Callable[[Mapping[str, Array]], tuple]  # D's features -> the arguments the module is initialised on
    optimizer: Any = None  # an optax transformation of its own; None: the player's


@dataclasses.dataclass(frozen=True)
class Play:
    """What a regulariser sees of one update.

    `nets` maps a network's or head's name to a callable that is bound to the parameters being differentiated:
    `nets["discriminator"](images, labels) -> Verdict`, `nets["generator"](latents, labels) -> images`, and a
    head's name to its module. Calling one moves no statistics, however often. Random layers of the two players draw
    the same at every call, what they drew for `fake` and `on_fake`; `noise=key` has them draw anew (on_real did).
    """

    nets: Mapping[str, Callable]
    real: Batch  # image [B, H, W, C], label [B] where the data has labels
    latents: Batch  # "z": [N, Z], and "label": [N] int32 where the networks are class-conditional
    fake: Batch  # image [N, H, W, C]: constant in D's update, differentiable in G's; "label" as in latents
    on_real: Verdict  # D's verdict on real
    on_fake: Verdict  # D's verdict on fake
    key: Array  # this regulariser's own noise for this update
    round: Array  # [] int32, rounds played: the argument of schedules
    update: Array  # [] int32, updates of this player made so far: what `every` counts
    adversarial: Callable[[Array, Array], Array]  # the player's adversarial loss of (real, fake) logits, other ones too


class AdversarialLoss(Protocol):
    """A GAN's loss. `real` and `fake` are logits."""

    def init(self) -> PyTree: ...

    def discriminator(self, real: Array, fake: Array, memory: PyTree) -> Term: ...

    def generator(self, real: Array, fake: Array, memory: PyTree) -> Term: ...


class Regularizer(Protocol):
    """One more addend for either player: to a GAN's loss what an optax transformation is to a gradient."""

    def heads(self) -> Mapping[str, Head]: ...

    def init(self) -> PyTree: ...

    def discriminator(self, play: Play, memory: PyTree) -> Term: ...

    def generator(self, play: Play, memory: PyTree) -> Term: ...


@dataclasses.dataclass(frozen=True)
class Phase:
    """A stretch of a run with fixed shapes: one compilation each."""

    resolution: tuple[int, ...]  # (H, W); () for points
    batch_size: int  # real images an update of the discriminator, over all devices
    start: int  # first round
    stop: int  # one past the last round


class Sampler(Protocol):
    """All that scores and analysis ever see of a generator."""

    num_classes: int  # 0: unconditional

    def latents(self, key: Array, n: int, truncation: float | None = None) -> Array: ...  # [n, Z]

    def labels(self, key: Array, n: int) -> Array | None: ...  # [n] int32, uniform; None where unconditional

    def map(self, latents: Array, label: Array | None = None) -> Array: ...  # codes; the latents where G has no mapping

    def synthesize(
        self, codes: Array, label: Array | None = None, taps: tuple[str, ...] = ()
    ) -> tuple[Array, Mapping[str, Array]]: ...  # images in [-1, 1], and the activations of the named layers

    def with_batch_norm(  # by "running" statistics, the drawn "batch"'s own, or "standing" ones: means over new batches
        self, statistics: str, key: Array, truncation: float | None = None
    ) -> Sampler: ...


class Method(Protocol):
    """A game: some networks, and what each player wants."""

    phases: tuple[Phase, ...]

    def init(self, key: Array, batch: Batch) -> TrainState: ...

    def step(self, state: TrainState, batch: Batch, phase: Phase) -> tuple[TrainState, Mapping[str, Array]]: ...

    def sampler(self, state: TrainState, phase: Phase, average: bool = True) -> Sampler: ...

    def discriminator_features(self, state: TrainState, phase: Phase) -> Callable[[Array], Mapping[str, Array]]: ...


def weight_at(weight: Weight, round: Array) -> Array:
    """The value of a number or a schedule at a round. -> [] float32."""
    return jnp.asarray(weight(round) if callable(weight) else weight, jnp.float32)


def named_key(key: Array, name: str) -> Array:
    """A key for one purpose. Adding a purpose changes no other's noise."""
    return jax.random.fold_in(key, zlib.crc32(name.encode()))


def over_data(x: PyTree) -> PyTree:
    """Lays the leading axis of every leaf over the devices of the mesh in force; does nothing where there is none.

    Images drawn inside the step have no sharded ancestor: without this the compiler may make them whole on every device.
    """
    axes = tuple(name for name in ("data", "fsdp") if name in jax.sharding.get_abstract_mesh().axis_names)
    if not axes:
        return x
    return jax.tree.map(lambda leaf: jax.lax.with_sharding_constraint(leaf, PartitionSpec(axes)), x)
