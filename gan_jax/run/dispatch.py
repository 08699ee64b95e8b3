"""Rounds on the device: one a call, or several in one program, where a call would take longer than a small model's round."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import jax
import numpy as np

from gan_jax.data import Batches
from gan_jax.nn.compiling import compiler_options
from gan_jax.runtime.mesh import batch_sharding, put_batch
from gan_jax.runtime.processes import wait_for_all
from gan_jax.types import Array, Batch, Method, Phase, PyTree, TrainState


class Dispatch(NamedTuple):
    """What one call of the device plays."""

    rounds: int
    batch: Batch  # leaves [d_steps, B, ...] of one round, [rounds, d_steps, B, ...] of several


def gathered(batches: Batches, start: int, lengths: Iterable[int]) -> Iterator[Dispatch]:
    """This process's part of the batches of consecutive rounds from `start`, as many together as each of lengths says."""
    with batches.iterate(start) as rounds:
        for length in lengths:
            played = [next(rounds) for _ in range(length)]
            several = length > 1
            batch = {name: np.stack([each[name] for each in played]) for name in played[0]} if several else played[0]
            yield Dispatch(length, batch)


def put(dispatch: Dispatch, mesh: jax.sharding.Mesh) -> Dispatch:
    """The same with the global batch, on the devices."""
    return dispatch._replace(batch=put_batch(dispatch.batch, mesh, batch_axis=1 if dispatch.rounds == 1 else 2))


class Player:
    """Plays dispatches, (state, dispatch) -> (state, metrics), of one round by `method.step`, of several by a scan of it.

    The state is donated. metrics: {"d/...": [] of one round, [rounds] of several}. Each length compiles once: a later
    dispatch of other shapes is an error, not another program.
    """

    def __init__(self, method: Method, phase: Phase, mesh: jax.sharding.Mesh, state_shardings: PyTree):
        step = functools.partial(method.step, phase=phase)
        jit = functools.partial(jax.jit, donate_argnums=0, out_shardings=(state_shardings, None))
        self._mesh = mesh
        self._programs: dict[int, jax.stages.Compiled] = {}
        self._one = jit(step)
        self._several = jit(lambda state, batches: jax.lax.scan(step, state, batches))

    def check(self, state: PyTree, example: Batch) -> None:
        """Raises what a round would raise while it is traced, such as batches that a network or a regulariser cannot part.

        state: its shapes on the mesh. example: this process's part of a round's batch. The first round is not traced again.
        """
        shape = lambda leaf: (leaf.shape[0], leaf.shape[1] * jax.process_count(), *leaf.shape[2:])
        on = batch_sharding(self._mesh)
        batch = {name: jax.ShapeDtypeStruct(shape(leaf), leaf.dtype, sharding=on) for name, leaf in example.items()}
        with jax.set_mesh(self._mesh):
            self._one.trace(state, batch)

    def __call__(self, state: TrainState, dispatch: Dispatch) -> tuple[TrainState, dict[str, Array]]:
        with jax.set_mesh(self._mesh):
            if dispatch.rounds not in self._programs:
                play = self._one if dispatch.rounds == 1 else self._several
                self._programs[dispatch.rounds] = play.lower(state, dispatch.batch).compile(compiler_options())
                wait_for_all("compiled")  # where they meet first, on CPUs, they wait for each other for 30 s only
            return self._programs[dispatch.rounds](state, dispatch.batch)


def read(metrics: Mapping[str, Array]) -> list[dict[str, float]]:
    """The numbers of a dispatch, a dict for each round. Waits until the device has them."""
    columns = {name: np.reshape(value, -1).tolist() for name, value in jax.device_get(metrics).items()}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
