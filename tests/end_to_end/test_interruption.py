"""The command, killed and told to stop at random moments, then run again: the same state to the bit."""

import json
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _digest(workdir):
    return json.loads((workdir / "metrics.jsonl").read_text().splitlines()[-1]).get("state_digest")


def _lines(workdir):
    file = workdir / "metrics.jsonl"
    return len(file.read_text().splitlines()) if file.exists() else 0


def _interrupt(command, environment, workdir, flags, number, after_lines, delay):
    """Starts the run, waits until it has written so many lines, and a little more, and sends it a signal."""
    log = workdir.with_suffix(".log").open("a")
    process = subprocess.Popen(command(workdir, *flags), env=environment(), cwd=ROOT, stdout=log, stderr=log)
    deadline = time.monotonic() + 200
    while _lines(workdir) < after_lines and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(delay)
    process.send_signal(number)
    process.wait(timeout=100)
    log.close()
    return process.returncode


def test_killed_and_stopped_at_random_moments_ends_in_the_same_state(run, command, environment, tmp_path):
    flags = ["--config.steps=60", "--config.checkpoint.every=1", "--config.log.samples_every=20"]  # always saving
    unbroken = run(tmp_path / "unbroken", *flags)
    assert unbroken.returncode == 0, unbroken.stderr[-2000:]
    moments = random.Random(0)
    workdir, codes = tmp_path / "broken", []
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
        target = _lines(workdir) + moments.randint(2, 8)
        codes.append(_interrupt(command, environment, workdir, flags, number, target, moments.random() * 0.1))
    assert codes == [-9, 143, -9]
    last = run(workdir, *flags)
    assert last.returncode == 0, last.stderr[-2000:]
    assert "resumed at step" in last.stdout
    assert _digest(workdir) == _digest(tmp_path / "unbroken")
    assert "stopped by SIGTERM at step" in workdir.with_suffix(".log").read_text()
    steps = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in steps if "d/adversarial" in line] == list(range(1, 61))


def test_it_goes_on_with_another_number_of_devices(run, tmp_path):
    half = run(tmp_path, "--config.steps=6", devices=4)
    assert half.returncode == 0, half.stderr[-2000:]
    rest = run(tmp_path, devices=2)
    assert rest.returncode == 0, rest.stderr[-2000:]
    assert "resumed at step 6" in rest.stdout
    assert "mesh {'data': 2, 'fsdp': 1}" in rest.stdout


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--config.stpes=3"], "did you mean 'steps'?"),
        (["--config.steps=many"], "--config.steps=many"),
        (["--config.batch_size=9"], "a batch of 9 cannot be split evenly over 2 devices"),
        (["--mode=dream"], "--mode=dream"),
        (["--nmu=3"], "there is no flag --nmu (did you mean '--num'?)"),
    ],
)
def test_a_mistake_in_the_command_is_one_sentence(run, tmp_path, flags, says):
    done = run(tmp_path, *flags, devices=2)
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_samples(run, tmp_path):
    assert run(tmp_path / "run", "--config.steps=1").returncode == 0
    done = run(tmp_path / "run", "--mode=sample", "--num=4", "--seed=1", f"--out={tmp_path / 'grid.png'}")
    assert done.returncode == 0, done.stderr[-2000:]
    assert "wrote 4 samples of step 1" in done.stdout
    assert (tmp_path / "grid.png").exists()
