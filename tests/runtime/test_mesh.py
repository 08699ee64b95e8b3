import jax
import numpy as np
import pytest
from jax.sharding import AbstractMesh, PartitionSpec

from gan_jax.runtime.mesh import AXES, make_mesh, put_batch, state_shardings, state_template
from gan_jax.types import Network, TrainState

EIGHT = """
import jax, numpy as np
from conftest import state_of
from gan_jax.runtime.mesh import *
from gan_jax.runtime.processes.processes import fetch
from jax.sharding import PartitionSpec as P

assert dict(make_mesh().shape) == {"data": 8, "fsdp": 1}
assert dict(make_mesh(2, -1).shape) == {"data": 2, "fsdp": 4}
assert make_mesh(2, 1, devices=jax.devices()[:2]).size == 2
for sizes, words in (((3, 1), "3 x 1 = 3, which is not 8"), ((-1, 3), "3 does not divide 8; use one of [1, 2, 4, 8]"),
                     ((-1, -1), "data=-1 x fsdp=-1"), ((0, 1), "at least 1")):
    try:
        make_mesh(*sizes)
    except ValueError as error:
        assert words in str(error), error
    else:
        raise AssertionError(sizes)

mesh = make_mesh(-1, 2)
specs = jax.tree.map(lambda s: s.spec, state_shardings(jax.eval_shape(lambda: state_of(1)), mesh))
net = specs.networks["generator"]
assert net.params["Dense_0"] == {"kernel": P(None, "fsdp"), "bias": P("fsdp")}
assert net.params["half"] == P()  # 3 values: no axis that 2 divides
assert net.opt_state[1][0].mu["Dense_0"]["kernel"] == P(None, "fsdp") and net.opt_state[1][0].count == P()
assert net.ema["params"]["Dense_0"]["bias"] == P("fsdp")
assert net.stats["batch_stats"]["mean"] == P() and specs.step == P() and specs.memory["keys"] == P()

batch = put_batch({"image": np.arange(2 * 16 * 3.).reshape(2, 16, 3), "label": np.arange(32).reshape(2, 16)}, mesh)
assert batch["image"].sharding.shard_shape((2, 16, 3)) == (2, 2, 3)  # 8 devices, 2 images each, of each substep
np.testing.assert_array_equal(fetch(batch)["label"], np.arange(32).reshape(2, 16))
several = put_batch({"label": np.arange(96).reshape(3, 2, 16)}, mesh, batch_axis=2)["label"]  # of three rounds
assert several.sharding.shard_shape((3, 2, 16)) == (3, 2, 2)
np.testing.assert_array_equal(fetch(several), np.arange(96).reshape(3, 2, 16))
check_batch(16, mesh)
for size, words in ((20, "use 16 or 24"), (3, "use 8"), (0, "use 8")):
    try:
        check_batch(size, mesh)
    except ValueError as error:
        assert words in str(error) and "8 devices (data=4 x fsdp=2)" in str(error), error
    else:
        raise AssertionError(size)
"""


def test_mesh_shardings_and_batches_on_eight_devices(run_program):
    run_program(EIGHT, devices=8)


def test_one_device_replicates_everything(make_state):
    mesh = make_mesh(1, 1, devices=jax.devices()[:1])
    abstract = jax.eval_shape(lambda: make_state(0))
    template = state_template(abstract, mesh)
    assert jax.tree.structure(template) == jax.tree.structure(abstract)
    assert {leaf.sharding.spec for leaf in jax.tree.leaves(template)} == {PartitionSpec()}
    assert jax.tree.structure(state_shardings(abstract, mesh)) == jax.tree.structure(abstract)


@pytest.mark.parametrize(
    ("shape", "fsdp", "spec"),
    [
        ((3, 3, 8, 16), 4, (None, None, None, "fsdp")),  # the largest
        ((3, 3, 16, 8), 4, (None, None, "fsdp", None)),
        ((3, 3, 8, 8), 4, (None, None, None, "fsdp")),  # the last of equals
        ((3, 3, 8, 18), 4, (None, None, "fsdp", None)),  # the largest that 4 divides
        ((3, 3, 8, 16), 3, (None, "fsdp", None, None)),
        ((3, 3, 1, 6), 4, ()),  # no axis that 4 divides: replicated
        ((6,), 4, ()),
        ((), 4, ()),
        ((0, 3), 3, (None, "fsdp")),  # an empty axis is not split
        ((3, 3, 8, 16), 1, ()),
    ],
)
def test_a_leaf_is_split_along_its_largest_axis_that_fsdp_divides(shape, fsdp, spec):
    network = Network(params={"leaf": jax.ShapeDtypeStruct(shape, np.float32)}, stats={}, opt_state=(), ema={})
    state = TrainState(step=np.int32(0), key=jax.random.key(0), networks={"generator": network}, memory={})
    shardings = state_shardings(state, AbstractMesh((2, fsdp), AXES))
    assert shardings.networks["generator"].params["leaf"].spec == PartitionSpec(*spec)
    assert shardings.step.spec == PartitionSpec()


def test_no_devices_is_an_error_that_says_so():
    with pytest.raises(ValueError, match="0 devices"):
        make_mesh(devices=[])


def test_a_batch_without_the_substep_axis_is_an_error_that_names_it():
    with pytest.raises(ValueError, match=r"batch\['label'\] has shape \(4,\)"):
        put_batch({"label": np.zeros(4)}, make_mesh(1, 1, devices=jax.devices()[:1]))
    with pytest.raises(ValueError, match=r"expected \[rounds, d_steps, rows, ...\]"):
        put_batch({"label": np.zeros((4, 2))}, make_mesh(1, 1, devices=jax.devices()[:1]), batch_axis=2)
