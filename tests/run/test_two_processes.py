"""Processes that were not started alike do not play as one run."""

import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys
from pathlib import Path
from gan_jax.runtime.processes.processes import initialize_distributed
initialize_distributed(timeout_seconds=60)
import jax
from gan_jax.run.beginning import occupy
from gan_jax.runtime.lock import NAME, FolderInUse, FolderLock
from gan_jax.runtime.processes.agreement import AnotherProcessFailed, on_first_process, texts_of_all
from gan_jax.setup.construct import ConfigError

me, folder = jax.process_index(), Path(sys.argv[1])
assert texts_of_all("a long text of process 0" if me == 0 else "é") == ["a long text of process 0", "é"]
assert texts_of_all("") == ["", ""]
assert on_first_process(lambda: 7) == (7 if me == 0 else None)

def told(kind, *arguments):
    try:
        occupy(*arguments)
    except kind as error:
        return str(error)
    raise AssertionError(f"accepted: {arguments}")

config = {"seed": 0, "steps": 9, "data": {"path": f"host {me}"}}
said = told(ConfigError, folder, {**config, "seed": me, "steps": 9 + me}, 1.0)
assert "not given the same config" in said and "seed: 0 on process 0, 1 on process 1" in said, said
assert "steps: 9 on process 0, 10 on process 1" in said and "Start all hosts with the same command" in said, said
said = told(ConfigError, folder / str(me), config, 1.0)
assert f"process 1 of 2 does not see the work folder of process 0: there it is {folder}/0, here {folder}/1" in said, said
assert not (folder / "0" / NAME).exists()
lock = occupy(folder, config, 20.0)
assert (lock is not None) == (me == 0)
second = told(FolderInUse if me == 0 else AnotherProcessFailed, folder, config, 1.0)
assert ("open in this process" if me == 0 else "process 0 could not begin the run") in second
on_first_process(lambda: lock.release())
print("done", me)
"""


def test_other_configs_and_folders_are_refused_on_all_of_them(tmp_path):
    for name in ("0", "1"):
        (tmp_path / name).mkdir()
    with socket.socket() as free:
        free.bind(("localhost", 0))
        address = f"localhost:{free.getsockname()[1]}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JAX_", "SLURM_", "TPU_"))}
    cluster = {"JAX_PLATFORMS": "cpu", "JAX_COORDINATOR_ADDRESS": address, "JAX_NUM_PROCESSES": "2"}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(tmp_path)],
            env={**kept, **cluster, "PYTHONPATH": str(ROOT), "JAX_PROCESS_ID": str(number)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    try:
        ended = [process.communicate(timeout=120) for process in running]
    finally:
        for process in running:
            process.kill()
    for number, (out, err) in enumerate(ended):
        assert out.strip().endswith(f"done {number}"), err[-3000:]
