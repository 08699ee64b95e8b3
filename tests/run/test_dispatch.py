"""Several rounds in one program are those rounds one after the other."""

import jax
import numpy as np
from jax.sharding import PartitionSpec

from gan_jax.data import Batches, Preprocessing, open_source
from gan_jax.game import Phase, Stretch
from gan_jax.run.dispatch import Dispatch, Player, gathered, put, read
from gan_jax.runtime.mesh import AXES, make_mesh, state_shardings, state_template

PHASE = Phase((4, 4, 1), 6, d_steps=2)
KEYS = ("image", "label")


class Sums:
    """Stands in for a method: the state adds up what it sees, in an order that shows."""

    stretches = (Stretch(PHASE, 0, 3), Stretch(Phase((4, 4, 1), 3), 3, 100))

    @staticmethod
    def batch(phase):
        rows = (phase.d_steps, phase.batch_size)
        return {
            "image": jax.ShapeDtypeStruct((*rows, *phase.shape), np.float32),
            "label": jax.ShapeDtypeStruct(rows, np.int32),
        }

    @staticmethod
    def step(state, batch, phase):
        total = 3 * state["total"] + batch["label"].sum()  # whole numbers, so that nothing is rounded
        return {"total": total, "step": state["step"] + 1}, {"total": total, "step": 1.0 * state["step"]}


class One(Sums):
    stretches = (Stretch(PHASE, 0, 100),)


def batches(method=One):
    return Batches(open_source("fake", length=20, num_classes=3), Preprocessing((4, 4, 1)), method.stretches)


def dispatches(start, lengths, method=One, keys=KEYS):
    return gathered(batches(method), start, lengths, method.stretches, keys)


def test_gathered_rounds_are_the_rounds():
    source = batches()
    found = list(gathered(source, 3, [1, 3, 1], One.stretches, KEYS))
    assert [dispatch.rounds for dispatch in found] == [1, 3, 1]
    assert found[0].batch["image"].shape == (2, 6, 4, 4, 1) and found[1].batch["label"].shape == (3, 2, 6)
    joined = [
        found[0].batch,
        *({name: leaf[i] for name, leaf in found[1].batch.items()} for i in range(3)),
        found[2].batch,
    ]
    for t, batch in enumerate(joined, 3):
        for name, leaf in source.at(t).items():
            np.testing.assert_array_equal(batch[name], leaf)


def test_closing_early_closes_the_batches():
    rounds = dispatches(0, iter([2, 2]))
    next(rounds)
    rounds.close()
    assert list(rounds) == []


def test_several_rounds_are_single_rounds_in_order():
    mesh = make_mesh(1, 1, devices=jax.devices()[:1])
    start = lambda: {"total": jax.numpy.int32(1), "step": jax.numpy.int32(0)}
    player = Player(One(), mesh, state_shardings(jax.eval_shape(start), mesh))

    def played(lengths):
        state, numbers = start(), []
        for dispatch in dispatches(0, lengths):
            state, metrics = player(state, put(dispatch, mesh))
            numbers += read(metrics)
        return state, numbers

    together, its_numbers = played([1, 4, 1])
    apart, numbers = played([1] * 6)
    assert its_numbers == numbers and [each["step"] for each in numbers] == [0, 1, 2, 3, 4, 5]
    assert int(together["total"]) == int(apart["total"]) == numbers[-1]["total"]


def test_numbers_are_read_round_by_round():
    assert read({"a": np.float32(0.5), "b": np.float32("nan")})[0]["a"] == 0.5
    assert read({"a": np.array([1.0, 2.0]), "b": np.array([3.0, np.inf])}) == [{"a": 1, "b": 3}, {"a": 2, "b": np.inf}]


def test_the_rounds_axis_is_not_split():
    mesh = make_mesh(1, 1, devices=jax.devices()[:1])
    dispatch = put(Dispatch(3, {"label": np.zeros((3, 2, 6))}, PHASE), mesh)
    assert dispatch.batch["label"].sharding.spec == PartitionSpec(None, None, AXES)
    assert put(Dispatch(1, {"label": np.zeros((2, 6))}, PHASE), mesh).batch["label"].sharding.spec == PartitionSpec(
        None, AXES
    )


def test_a_round_is_traced_once_for_the_check_and_for_play():
    mesh, traced = make_mesh(1, 1, devices=jax.devices()[:1]), []

    class Counts(Sums):
        @staticmethod
        def step(state, batch, phase):
            traced.append(batch["image"].shape)
            return Sums.step(state, batch, phase)

    start = lambda: {"total": jax.numpy.int32(1), "step": jax.numpy.int32(0)}
    abstract = jax.eval_shape(start)
    player = Player(Counts(), mesh, state_shardings(abstract, mesh))
    player.check(state_template(abstract, mesh))
    assert traced == [(2, 6, 4, 4, 1), (1, 3, 4, 4, 1)]
    with jax.set_mesh(mesh):
        state = jax.jit(start, out_shardings=state_shardings(abstract, mesh))()
    for dispatch in dispatches(2, [1, 1, 1], Counts):
        state, _ = player(state, put(dispatch, mesh))
    assert len(traced) == 2


def test_each_dispatch_has_its_stretchs_phase_and_the_games_leaves_alone():
    found = list(dispatches(1, [2, 1, 1], Sums, ["label"]))
    assert [dispatch.phase.batch_size for dispatch in found] == [6, 3, 3]
    assert [dispatch.batch["label"].shape for dispatch in found] == [(2, 2, 6), (1, 3), (1, 3)]
    assert all(dispatch.batch.keys() == {"label"} for dispatch in found)
