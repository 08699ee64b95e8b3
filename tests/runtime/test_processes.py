import signal
import socket
import subprocess
import sys
import threading
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.runtime.processes import processes
from gan_jax.runtime.processes.processes import (
    any_process,
    ending_together,
    fetch,
    from_first_process,
    initialize_distributed,
)

TWO = """
import signal, sys
from pathlib import Path
from gan_jax.runtime.processes import processes
from gan_jax.runtime.processes.processes import any_process, ending_together, fetch, from_first_process, initialize_distributed
assert initialize_distributed(timeout_seconds=40) and initialize_distributed()
import jax, numpy as np
from conftest import state_of
from gan_jax.runtime.checkpoints.checkpoints import CheckpointError, Checkpoints
from gan_jax.runtime.checkpoints.digest import state_digest
from gan_jax.runtime.mesh import *
from gan_jax.runtime.processes.signals import StopRequested

me = jax.process_index()
assert jax.process_count() == 2 and jax.device_count() == 4
mesh = make_mesh(1, 4)  # the parameters are split over both processes
rows = np.arange(8).reshape(1, 8)
batch = put_batch({"label": rows[:, 4 * me : 4 * me + 4]}, mesh)
assert batch["label"].shape == (1, 8)
np.testing.assert_array_equal(fetch(batch["label"]), rows)

shardings = state_shardings(jax.eval_shape(lambda: state_of(3)), mesh)
state = jax.jit(lambda: state_of(3), out_shardings=shardings)()
kernel = state.networks["generator"].params["Dense_0"]["kernel"]
assert not kernel.is_fully_addressable and not kernel.is_fully_replicated
digest = state_digest(state)
assert digest == sys.argv[2]

with Checkpoints(sys.argv[1]) as checkpoints:
    assert checkpoints.restore(state) is None
    for step in (1, 2):
        checkpoints.save(step, state)
    checkpoints.wait()
    any_process(False)  # a barrier: process 0 has written its manifests
    if me == 0:
        (Path(sys.argv[1]) / "2" / "leaves.json").write_text("{}")
    template = state_template(jax.eval_shape(lambda: state_of(3)), mesh)
    step, restored = checkpoints.restore(template)
    assert step == 1 and state_digest(restored) == digest
    assert restored.networks["generator"].params["Dense_0"]["kernel"].sharding == kernel.sharding
try:
    Checkpoints("/proc/nowhere").save(1, state)
except CheckpointError:
    pass
else:
    raise AssertionError("a place where nothing can be written was accepted")

assert any_process(me == 1) and not any_process(False) and from_first_process(5 + me) == 5
with StopRequested(every=3) as stop:
    answers = []
    for step in range(1, 8):
        stop.received = signal.SIGTERM if me == 1 and step >= 2 else None
        answers.append(stop.agreed(step))
assert answers == [False, False, True, True, True, True, True], answers
assert stop.name == "SIGTERM", stop.name
print("done", me)
"""


def test_two_processes_share_arrays_checkpoints_and_the_wish_to_stop(tmp_path, environment, run_program):
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    digest = run_program(
        "from conftest import state_of; from gan_jax.runtime.checkpoints.digest import state_digest; import jax\n"
        "print(state_digest(jax.jit(lambda: state_of(3))()))"
    ).strip()
    cluster = {"JAX_COORDINATOR_ADDRESS": f"localhost:{port}", "JAX_NUM_PROCESSES": "2"}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", TWO, str(tmp_path / "checkpoints"), digest],
            env=environment(2, **cluster, JAX_PROCESS_ID=str(process)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for process in range(2)
    ]
    try:
        ended = [process.communicate(timeout=60) for process in running]
    finally:
        for process in running:
            process.kill()
    for number, (out, err) in enumerate(ended):
        assert out.strip().endswith(f"done {number}"), err[-3000:]
    assert "leaves.json has changed" in ended[0][1] and "is passed over" not in ended[1][1]  # said once


def test_one_process_is_left_alone():
    assert not initialize_distributed(environment={})
    assert not initialize_distributed(environment={"JAX_NUM_PROCESSES": "1", "JAX_PROCESS_ID": "0"})
    assert not initialize_distributed(environment={"JAX_NUM_PROCESSES": "2"}, distributed=False)
    assert not initialize_distributed(environment={"SLURM_NTASKS": "4"})  # sbatch without srun: one process runs
    assert not initialize_distributed(environment={"TPU_WORKER_HOSTNAMES": "localhost"})
    assert any_process(True) and not any_process(False) and from_first_process(3) == 3


@pytest.mark.parametrize(
    "variables",
    [
        {"JAX_COORDINATOR_ADDRESS": "host:1", "JAX_NUM_PROCESSES": "2", "JAX_PROCESS_ID": "1"},
        {"SLURM_STEP_NODELIST": "n[1-2]", "SLURM_PROCID": "0", "SLURM_NTASKS": "2"},
        {"TPU_WORKER_HOSTNAMES": "a,b"},
    ],
    ids=["jax", "slurm", "tpu"],
)
def test_a_cluster_is_recognised_by_its_variables(variables, monkeypatch):
    calls, roll = [], []
    monkeypatch.setattr(processes, "call_roll", lambda *args: roll.append(args))
    monkeypatch.setattr(jax.distributed, "initialize", lambda *args, **kwargs: calls.append((args, kwargs)))
    assert initialize_distributed(environment=variables, timeout_seconds=7)
    [(arguments, settings)] = calls
    assert settings == {"initialization_timeout": 7, "heartbeat_timeout_seconds": 30}
    assert roll == ([("host:1", 2, 1, 7, None)] if "JAX_PROCESS_ID" in variables else [])  # else JAX asks the cluster
    assert arguments == (("host:1", 2, 1) if "JAX_PROCESS_ID" in variables else (None, None, None))


def test_wrong_settings_are_named(monkeypatch):
    with pytest.raises(RuntimeError, match="process 2 of 2"):
        initialize_distributed("host:1", 2, 2)
    with pytest.raises(RuntimeError, match="JAX_NUM_PROCESSES is 'two'"):
        initialize_distributed(environment={"JAX_NUM_PROCESSES": "two"})

    def refuse(*args, **kwargs):
        raise ValueError("no such host")

    monkeypatch.setattr(processes, "call_roll", lambda *args: None)
    monkeypatch.setattr(jax.distributed, "initialize", refuse)
    with pytest.raises(RuntimeError, match="coordinator nowhere:1, this is process 0 of 2(?s:.*)no such host"):
        initialize_distributed("nowhere:1", 2, 0)


def test_advice_is_given_before_the_time_is_up(monkeypatch, capsys):
    # XLA then aborts the process, which is why it cannot be given afterwards.
    monkeypatch.setattr(processes, "call_roll", lambda *args: None)
    monkeypatch.setattr(jax.distributed, "initialize", lambda *args, **kwargs: time.sleep(0.5))
    initialize_distributed("host:1", 2, 1, timeout_seconds=0.1)
    assert "this is process 1 of 2. Start every process with the same JAX_COORD" in capsys.readouterr().err
    initialize_distributed("host:1", 2, 1, timeout_seconds=5)
    assert capsys.readouterr().err == ""


def test_who_does_not_come_is_named_before_jax_is_asked():
    with socket.socket() as free:
        free.bind(("localhost", 0))
        address = f"localhost:{free.getsockname()[1]}"
    with pytest.raises(RuntimeError, match=r"(?s)process 1 of 2 did not come within 0.1 s.*Start every process with"):
        initialize_distributed(address, 2, 0, timeout_seconds=0.1)


def test_an_error_in_a_run_of_one_process_is_left_alone():
    threads = threading.active_count()
    with pytest.raises(ValueError, match="mine"), ending_together():
        raise ValueError("mine")
    assert threading.active_count() == threads


LOOP = """
import sys, time
from gan_jax.runtime.processes.processes import any_process, ending_together, initialize_distributed
with ending_together(2):
    initialize_distributed(timeout_seconds=60, heartbeat_seconds=10)
    import jax
    any_process(False)
    print("going", flush=True)
    me = jax.process_index()
    for round in range(10_000):
        time.sleep(0.01)
        any_process(False)
        if round > 20 and sys.argv[1] in (f"fails {me}", "all fail"):
            raise ValueError("my own mistake")
        if round > 20 and sys.argv[1] == "all end":
            break
"""


@pytest.mark.slow
@pytest.mark.parametrize("what", ["fails 0", "fails 1", "all fail", "all end", "stopped 0", "stopped 1"])
def test_no_process_waits_for_another_that_fails_or_falls_silent(what, environment):
    """A stopped process stands for a host that cannot be reached: no connection is closed."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        address = f"localhost:{free.getsockname()[1]}"
    cluster = {"JAX_COORDINATOR_ADDRESS": address, "JAX_NUM_PROCESSES": "2"}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", LOOP, what],
            env=environment(1, **cluster, JAX_PROCESS_ID=str(process)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for process in range(2)
    ]
    left = set(range(2))
    try:
        for process in running:
            assert any(line == "going\n" for line in process.stdout or ())  # after what Gloo says
        if what.startswith("stopped"):
            left.remove(int(what[-1]))
            running[int(what[-1])].send_signal(signal.SIGSTOP)
        errors = {number: running[number].communicate(timeout=60)[1] for number in left}
    finally:
        for process in running:
            process.kill()
            process.communicate()
    for number in left:
        assert (running[number].returncode == 0) == (what == "all end"), errors[number][-2000:]
        advised = errors[number].strip().splitlines()[-1:] and f"process {number} of 2 ended before" in errors[number]
        assert bool(advised) == (what not in ("all end", "all fail")), errors[number][-2000:]
        if what in ("all fail", f"fails {number}"):
            assert "ValueError: my own mistake" in errors[number]


def test_fetch_copies_and_unwraps_keys():
    array = jnp.arange(3.0)
    fetched = fetch({"a": array, "key": jax.random.key(1), "b": np.ones(2), "c": 3})
    assert fetched["a"].flags.owndata and fetched["a"].flags.writeable
    np.testing.assert_array_equal(fetched["key"], jax.random.key_data(jax.random.key(1)))
    assert fetched["c"] == 3 and isinstance(fetched["c"], np.ndarray)
