"""Rounds on the device: one a call, or several in one program, where a call would take longer than a small model's round."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import jax
import numpy as np

from gan_jax.data import Batches
from gan_jax.game import Method, Phase, Stretch, stretch_index
from gan_jax.nn.compiling import compiler_options
from gan_jax.runtime.mesh import batch_sharding, put_batch
from gan_jax.runtime.processes.processes import wait_for_all
from gan_jax.types import Array, Batch, PyTree, TrainState


class Dispatch(NamedTuple):
    """What one call of the device plays."""

    rounds: int
    batch: Batch  # leaves [d_steps, B, ...] of one round, [rounds, d_steps, B, ...] of several
    phase: Phase  # of all its rounds


def gathered(
    batches: Batches, start: int, lengths: Iterable[int], stretches: Sequence[Stretch], keys: Iterable[str]
) -> Iterator[Dispatch]:
    """This process's part of the batches of consecutive rounds from `start`, as many together as each of lengths says.

    No length may reach beyond a stretch. keys: the leaves that the game takes; others are left behind.
    """
    keys, step = tuple(keys), start
    with batches.iterate(start) as rounds:
        for length in lengths:
            played = [next(rounds) for _ in range(length)]
            join = (lambda leaves: np.stack(leaves)) if length > 1 else (lambda leaves: leaves[0])
            batch = {name: join([each[name] for each in played]) for name in keys}
            yield Dispatch(length, batch, stretches[stretch_index(stretches, step)].phase)
            step += length


def put(dispatch: Dispatch, mesh: jax.sharding.Mesh) -> Dispatch:
    """The same with the global batch, on the devices."""
    return dispatch._replace(batch=put_batch(dispatch.batch, mesh, batch_axis=1 if dispatch.rounds == 1 else 2))


class Player:
    """Plays dispatches, (state, dispatch) -> (state, metrics), of one round by `method.step`, of several by a scan of it.

    The state is donated. metrics: {"d/...": [] of one round, [rounds] of several}. Each phase and length compiles once: a
    later dispatch of other shapes is an error, not another program.
    """

    def __init__(self, method: Method, mesh: jax.sharding.Mesh, state_shardings: PyTree):
        self._method, self._mesh = method, mesh
        self._jit = functools.partial(jax.jit, donate_argnums=0, out_shardings=(state_shardings, None))
        self._programs: dict[tuple[Phase, int], jax.stages.Compiled] = {}
        self._rounds = functools.cache(self._round)

    def check(self, state: PyTree) -> None:
        """Raises what a round would raise while it is traced, such as batches that a network or a regulariser cannot part.

        state: its shapes on the mesh. Every phase is traced; its first round is not traced again.
        """
        on = batch_sharding(self._mesh)
        for phase in dict.fromkeys(each.phase for each in self._method.stretches):
            shapes = self._method.batch(phase)
            batch = {name: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=on) for name, leaf in shapes.items()}
            with jax.set_mesh(self._mesh):
                self._rounds(phase).trace(state, batch)

    def __call__(self, state: TrainState, dispatch: Dispatch) -> tuple[TrainState, dict[str, Array]]:
        program = dispatch.phase, dispatch.rounds
        with jax.set_mesh(self._mesh):
            if program not in self._programs:
                one = self._rounds(dispatch.phase)
                play = one if dispatch.rounds == 1 else self._jit(self._scan(dispatch.phase))
                self._programs[program] = play.lower(state, dispatch.batch).compile(compiler_options())
                wait_for_all("compiled")  # where they meet first, on CPUs, they wait for each other for 30 s only
            return self._programs[program](state, dispatch.batch)

    def _round(self, phase: Phase) -> jax.stages.Wrapped:
        return self._jit(functools.partial(self._method.step, phase=phase))

    def _scan(self, phase: Phase):
        step = functools.partial(self._method.step, phase=phase)
        return lambda state, batches: jax.lax.scan(step, state, batches)


def read(metrics: Mapping[str, Array]) -> list[dict[str, float]]:
    """The numbers of a dispatch, a dict for each round. Waits until the device has them."""
    columns = {name: np.reshape(value, -1).tolist() for name, value in jax.device_get(metrics).items()}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
