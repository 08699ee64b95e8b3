"""Several processes on one machine are one: the same losses and scores, and a clear end where one of them dies."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest


def _lines(workdir):
    file = workdir / "metrics.jsonl"
    lines = map(json.loads, file.read_text().splitlines()) if file.exists() else []
    return [line for line in lines if "d/total" in line]


def _losses(workdir):
    return np.array([[line["d/total"], line["g/total"]] for line in _lines(workdir)])


def _scores(workdir):
    lines = (workdir / "scores.jsonl").read_text().splitlines()
    return {score["name"]: score["value"] for score in map(json.loads, lines)}


def test_two_processes_train_and_resume_as_one(command, together, run, tmp_path):
    first, second = together(command(tmp_path / "two", "--config.steps=3"))
    assert "processes: 2" in first
    assert "parameters" not in second  # one process speaks
    resumed, _ = together(command(tmp_path / "two", "--config.steps=6"))
    assert "resumed at step 3" in resumed
    one = run(tmp_path / "one", "--config.steps=6")
    assert one.returncode == 0, one.stderr[-2000:]
    assert len(_losses(tmp_path / "two")) == 6
    np.testing.assert_allclose(_losses(tmp_path / "two"), _losses(tmp_path / "one"), rtol=2e-4, atol=2e-4)


def test_a_signal_to_one_process_stops_all_and_none_says_finished(command, start, tmp_path):
    """Nor does a third process get in between, on the same folder."""
    arguments = command(tmp_path, "--config.steps=100000", "--config.checkpoint.every=100000")
    processes = start(arguments)
    with ThreadPoolExecutor() as pool:
        printed = [pool.submit(process.communicate) for process in processes]
        deadline = time.monotonic() + 300
        while len(_lines(tmp_path)) < 12 and time.monotonic() < deadline:
            assert all(process.poll() is None for process in processes), [each.result() for each in printed]
            time.sleep(0.05)
        [intruder] = start(arguments, 1)
        out, errors = intruder.communicate(timeout=120)
        assert intruder.returncode == 1 and f"process {processes[0].pid} on host" in errors, errors[-2000:]
        processes[1].send_signal(signal.SIGTERM)
        (first, _), (second, _) = (each.result(timeout=120) for each in printed)
    assert [process.returncode for process in processes] == [143, 143]
    assert "stopped by SIGTERM at step" in first and "finished" not in first + second
    saved = int(re.search(r"at step (\d+), saved", first)[1])
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == [str(saved)]


_EVIDENCE = """
import jax, sys
import numpy as np
from pathlib import Path
from gan_jax.evaluators.evidence import Evidence
from gan_jax.evaluators.extractors import Extractors
from gan_jax.evaluators.image_set import ArraySet, fingerprint
from gan_jax.runtime.mesh import make_mesh
from gan_jax.runtime.processes.processes import initialize_distributed

initialize_distributed()
images = ArraySet(np.random.default_rng(0).integers(0, 256, (1000, 4, 4, 1), np.uint8))
for turn in range(2):
    cache = Path(sys.argv[1]) / ("first" if turn == 0 and jax.process_index() == 0 else "others")
    seen = Evidence(images, {"train": lambda: images}, Extractors().open, make_mesh(), cache=cache, quiet=True)
    features = seen.real_features("train", "pixels", "pixels", 900)
print(fingerprint(images), features.shape, float(features.sum()))
"""


def test_processes_read_a_part_each_and_agree_on_what_is_cached(together, tmp_path):
    """In the first turn process 1 finds what one process kept, and process 0 does not: both must make it."""
    arguments = [sys.executable, "-c", _EVIDENCE, str(tmp_path)]
    told = lambda count: [printed.splitlines()[-1] for printed in together(arguments, count)]
    alone = told(1)
    shutil.rmtree(tmp_path / "first")
    assert (tmp_path / "others").is_dir()
    assert told(2) == alone * 2


@pytest.mark.slow
def test_a_run_goes_from_two_processes_to_four_to_one(command, together, run, cache, tmp_path):
    """Each time on other meshes, the state split over processes; in the end the scores of four processes are one's."""
    run_of_many, run_of_one = tmp_path / "many", tmp_path / "one"
    split = "--config.mesh.fsdp=2"
    first, *_ = together(command(run_of_many, "--config.steps=3", split))
    assert "mesh {'data': 1, 'fsdp': 2}, processes: 2" in first
    first, *others = together(command(run_of_many, "--config.steps=6", split), 4)
    assert "mesh {'data': 2, 'fsdp': 2}, processes: 4" in first and "resumed at step 3" in first
    assert len(others) == 3 and "parameters" not in "".join(others)
    last = run(run_of_many, "--config.steps=9")
    assert last.returncode == 0 and "resumed at step 6" in last.stdout, last.stderr[-2000:]
    unbroken = run(run_of_one, "--config.steps=9")
    assert unbroken.returncode == 0, unbroken.stderr[-2000:]
    assert len(_losses(run_of_many)) == 9
    np.testing.assert_allclose(_losses(run_of_many), _losses(run_of_one), rtol=1e-3, atol=1e-3)

    evaluate = [sys.executable, "-m", "gan_jax.main", "--mode=evaluate", f"--workdir={run_of_many}"]
    evaluate += [f"--compilation_cache={cache}", "--recipes=memorisation"]
    together(evaluate, 4, GAN_JAX_CACHE=str(tmp_path / "cache_of_four"))
    of_four = _scores(run_of_many)
    (run_of_many / "scores.jsonl").unlink()
    together(evaluate, 1, GAN_JAX_CACHE=str(tmp_path / "cache_of_one"))
    assert len(of_four) >= 2
    assert of_four == pytest.approx(_scores(run_of_many), rel=2e-3, abs=2e-4)


@pytest.mark.slow
def test_where_one_process_is_killed_the_others_end_and_the_next_start_resumes(command, start, together, tmp_path):
    steps = 60
    flags = (f"--config.steps={steps}", "--config.checkpoint.every=5", "--config.log.samples_every=1000")
    arguments = command(tmp_path, *flags)
    for victim, after in ((1, 12), (0, 26)):  # 0 is the coordinator
        processes = start(arguments)
        with ThreadPoolExecutor() as pool:
            printed = [pool.submit(process.communicate) for process in processes]
            deadline = time.monotonic() + 300
            while len(_lines(tmp_path)) < after and time.monotonic() < deadline:
                assert all(process.poll() is None for process in processes), [each.result() for each in printed]
                time.sleep(0.02)
            processes[victim].send_signal(signal.SIGKILL)
            killed = time.monotonic()
            out, errors = printed[1 - victim].result(timeout=60)
            print(f"process {victim} killed, the other ended after {time.monotonic() - killed:.1f} s")
        assert processes[1 - victim].returncode not in (0, None)
        [*_, said] = errors.strip().splitlines()
        assert said.startswith(f"process {1 - victim} of 2 ended before its work was done")
        assert "Run the same command again on all hosts: it resumes from the newest checkpoint" in said
        assert "finished" not in out and len(_lines(tmp_path)) < steps
    first, _ = together(arguments)
    resumed = int(re.search(r"resumed at step (\d+)", first)[1])
    assert resumed >= 20 and resumed % 5 == 0
    assert f"finished at step {steps}" in first
    assert [line["step"] for line in _lines(tmp_path)] == list(range(1, steps + 1))


@pytest.mark.slow
def test_a_process_that_never_comes_is_named_by_those_that_wait(start, tmp_path):
    program = "from gan_jax.runtime.processes.processes import initialize_distributed; initialize_distributed(timeout_seconds=20)"
    processes = start([sys.executable, "-c", program], 3)
    processes[1].kill()
    for i in (0, 2):
        began = time.monotonic()
        try:
            _, errors = processes[i].communicate(timeout=60)
        except subprocess.TimeoutExpired:
            pytest.fail(f"process {i} waits still, after {time.monotonic() - began:.0f} s")
        assert processes[i].returncode == 1
        assert "process 1 of 3 did not come within 20 s; 2 came" in errors
        assert "Start every process with the same JAX_COORDINATOR_ADDRESS" in errors
