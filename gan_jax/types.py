"""What networks, losses and regularisers hand to each other, and the state that a game keeps.

What a run sees of a game is in `gan_jax/game`.

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
# Any named leaves: "image" [B, H, W, C] in [-1, 1], "label" [B] int32 (-1: unlabelled), "a" and "b" of a pair,
# "voxels" [B, D, H, W, 1] from 0 to 1.
Batch = Mapping[str, Array]


class Clock(NamedTuple):
    """When: the argument of schedules."""

    round: Array  # [] int32, rounds played before this one
    kimg: Array  # [] float32, thousands of real images shown before it


@dataclasses.dataclass(frozen=True)
class ByImages:
    """A schedule of the thousands of real images shown; a plain function is one of the rounds played."""

    schedule: Callable[[Array], Array]


Weight = float | Callable[[Array], Array] | ByImages  # a number or a schedule, never of an optimiser's own count


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
    frozen: Mapping[str, PyTree] = struct.field(
        default_factory=dict
    )  # variables that no player trains: in no checkpoint


class Term(NamedTuple):
    """One addend of a player's loss."""

    loss: Array  # []
    memory: PyTree = ()  # the addend's own memory after this step
    metrics: Mapping[str, Array] = {}  # scalars to log, without the player's prefix
    # [] bool: in this update the heads that this regulariser brings to the player rest; of a loss: the player itself
    rests: Array | None = None


class Head(NamedTuple):
    """A small module that a regulariser brings along."""

    module: Any  # flax.linen.Module
    player: str  # "generator" or "discriminator": with whose loss it is trained
    example: Callable[[Mapping[str, Array]], tuple]  # D's features -> the arguments the module is initialised on
    optimizer: Any = None  # an optax transformation of its own; None: the player's


@dataclasses.dataclass(frozen=True)
class Play:
    """What a regulariser sees of one update.

    `nets` holds every network and head by name, as functions of the parameters being trained:
    `nets["discriminator"](images, labels) -> Verdict`, `nets["generator"](latents, labels) -> images`, and each head with
    its module's arguments. Calling one moves no statistics.

    Networks with random layers draw the same noise at every call, so a second pass differs from the first by its input
    alone. `noise=key` makes a call draw other noise. `on_real` was made with noise of its own.
    """

    nets: Mapping[str, Callable]
    real: Batch  # "image": what D judges, [B, *shape]; "label": [B] where the data has labels
    latents: Batch  # "z": [N, Z], and "label": [N] int32 where the networks are class-conditional
    fake: Batch  # "image" [N, *shape]: constant in D's update, differentiable in G's; "label" as in latents
    on_real: Verdict  # D's verdict on real
    on_fake: Verdict  # D's verdict on fake
    key: Array  # this regulariser's own noise for this update
    clock: Clock  # the argument of schedules
    update: Array  # [] int32, updates of this player made so far: what `every` counts
    adversarial: Callable[[Array, Array], Array]  # the player's adversarial loss of (real, fake) logits, other ones too


# (nets, sampler, key, batch, **settings) -> []: nets holds the trained heads, as functions of their own arguments, and
# "discriminator": images -> features; sampler is a `game.Sampler`, batch real elements.
Measured = Callable[..., Array]


class AdversarialLoss(Protocol):
    """A GAN's loss. `real` and `fake` are logits."""

    def right(self, real: Array, fake: Array) -> tuple[Array, Array]:  # bool: which of each D tells right
        ...

    def init(self) -> PyTree: ...

    def discriminator(self, real: Array, fake: Array, memory: PyTree) -> Term: ...

    def generator(self, real: Array, fake: Array, memory: PyTree) -> Term: ...


class Regularizer(Protocol):
    """One more addend for either player: to a GAN's loss what an optax transformation is to a gradient."""

    def heads(self) -> Mapping[str, Head]: ...

    def init(self) -> PyTree: ...

    def discriminator(self, play: Play, memory: PyTree) -> Term: ...

    def generator(self, play: Play, memory: PyTree) -> Term: ...

    def measures(self) -> Mapping[str, tuple[Measured, Mapping[str, float]]]:
        """By name, a score that only this task knows, and the settings, numbers, that it takes as keyword arguments."""
        ...


def is_schedule(weight: Weight) -> bool:
    """Whether a weight depends on the time."""
    return callable(weight) or isinstance(weight, ByImages)


def weight_at(weight: Weight, clock: Clock) -> Array:
    """The value of a number or a schedule at a time. -> [] float32."""
    if isinstance(weight, ByImages):
        return jnp.asarray(weight.schedule(clock.kimg), jnp.float32)
    return jnp.asarray(weight(clock.round) if callable(weight) else weight, jnp.float32)


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
