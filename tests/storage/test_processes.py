"""Several processes read a work folder in a bucket; training there is refused on all of them."""

import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jax.numpy as jnp
import pytest

from gan_jax.runtime.checkpoints.checkpoints import Checkpoints

pytestmark = pytest.mark.remote

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import faulthandler, sys
faulthandler.dump_traceback_later(60, exit=True)  # none is left waiting
from gan_jax.runtime.processes.processes import initialize_distributed
initialize_distributed(timeout_seconds=60)
import jax, numpy as np
import jax.numpy as jnp
from jax.sharding import NamedSharding, PartitionSpec as P
from gan_jax.runtime.checkpoints.checkpoints import Checkpoints
from gan_jax.runtime.checkpoints.digest import state_digest
from gan_jax.runtime.workdir import check_writable
mesh = jax.make_mesh((2,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
lay = lambda values, spec: jax.make_array_from_callback(values.shape, NamedSharding(mesh, spec), lambda at: values[at])
state = {"split": lay(np.arange(8, dtype=np.float32), P("data")), "whole": lay(np.ones((3,), np.float32), P())}
template = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=leaf.sharding), state)
with Checkpoints(sys.argv[1]) as checkpoints:
    step, found = checkpoints.restore(template)
    assert (step, checkpoints.steps()) == (3, [3])
    assert found["split"].sharding == state["split"].sharding
    assert state_digest(found) == state_digest(state)
for refused in (lambda: check_writable(sys.argv[1]), lambda: checkpoints.save(4, state)):
    try:
        refused()
    except ValueError as error:
        assert "a run of one process can train in, and this one has 2: mount the bucket" in str(error), error
    else:
        raise AssertionError("not refused")
print("done", jax.process_index())
"""


def test_two_processes_restore_arrays_split_over_them_and_do_not_train(bucket, environment):
    state = {"split": jnp.arange(8, dtype=jnp.float32), "whole": jnp.ones(3)}
    with Checkpoints(f"{bucket}/run/checkpoints") as checkpoints:
        checkpoints.save(3, state)
    with socket.socket() as free:
        free.bind(("localhost", 0))
        address = f"localhost:{free.getsockname()[1]}"
    cluster = {"JAX_COORDINATOR_ADDRESS": address, "JAX_NUM_PROCESSES": "2", "XLA_FLAGS": ""}
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, f"{bucket}/run/checkpoints"],
            env={**environment, **cluster, "PYTHONPATH": paths, "JAX_PROCESS_ID": str(number)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    try:
        with ThreadPoolExecutor() as pool:
            printed = list(pool.map(lambda process: process.communicate(timeout=100), running))
    finally:
        for process in running:
            process.kill()
    for number, (out, errors) in enumerate(printed):
        assert f"done {number}" in out, errors[-3000:]
