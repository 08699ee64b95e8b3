"""Two processes on one machine are one: the same losses and the same resumption as a single process."""

import json
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]


def _together(command, environment, workdir, *flags):
    with socket.socket() as free:
        free.bind(("localhost", 0))
        address = f"localhost:{free.getsockname()[1]}"
    settings = {"JAX_COORDINATOR_ADDRESS": address, "JAX_NUM_PROCESSES": "2"}
    started = [
        subprocess.Popen(
            command(workdir, *flags),
            env=environment(1, **settings, JAX_PROCESS_ID=str(i)),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for i in (0, 1)
    ]
    with ThreadPoolExecutor() as pool:  # both pipes must be read at once
        outputs = list(pool.map(lambda process: _finished(process, started), started))
    for process, (_, errors) in zip(started, outputs, strict=True):
        assert process.returncode == 0, errors[-3000:]
    return outputs[0][0], outputs[1][0]


def _finished(process, together):
    """What a process printed. If it fails, or takes too long, none is left waiting for it."""
    try:
        return process.communicate(timeout=200)
    finally:
        if process.returncode != 0:
            for other in together:
                other.kill()


def _losses(workdir):
    lines = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    return np.array([[line["d/total"], line["g/total"]] for line in lines if "d/total" in line])


def test_two_processes_train_and_resume_as_one(command, environment, run, tmp_path):
    first, second = _together(command, environment, tmp_path / "two", "--config.steps=3")
    assert "processes: 2" in first
    assert "parameters" not in second  # one process speaks
    resumed, _ = _together(command, environment, tmp_path / "two", "--config.steps=6")
    assert "resumed at step 3" in resumed
    one = run(tmp_path / "one", "--config.steps=6")
    assert one.returncode == 0, one.stderr[-2000:]
    assert len(_losses(tmp_path / "two")) == 6
    np.testing.assert_allclose(_losses(tmp_path / "two"), _losses(tmp_path / "one"), rtol=2e-4, atol=2e-4)
